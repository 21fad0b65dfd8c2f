"""Random scenarios that the package accepts: rules, priors, reserves, numbers, utilities."""

import numpy as np

import econo_env

FAMILIES = ("first_price", "all_pay", "second_price_all_pay", "kth_price", "position_first_price",
            "discriminatory", "dutch", "english", "procurement_first_price", "procurement_kth_price",
            "procurement_discriminatory", "tullock")  # fmt: skip


def _capped(rng):
    table = np.sort(rng.random(int(rng.integers(4, 40))))
    return np.minimum(table, np.quantile(table, rng.uniform(0.4, 0.95)))


def _gap(rng):
    low = np.linspace(0.0, rng.uniform(0.2, 0.5), int(rng.integers(2, 20)))
    return np.concatenate([low, np.linspace(rng.uniform(0.6, 0.9), 1.0, int(rng.integers(2, 20)))])


def _atoms(rng):
    return np.sort(np.repeat(np.sort(rng.random(4)), rng.integers(1, 5, 4)))


def _bimodal(rng):
    grid = np.linspace(0.0, 1.0, 65)
    return grid + 0.9 * np.sin(4 * np.pi * grid) / (4 * np.pi)


def prior(rng):
    """A prior of one of many shapes, of a scale from a hundredth of a credit to a thousand."""
    scale = float(rng.choice([0.01, 1.0, 1.0, 30.0, 1000.0]))
    kind = rng.integers(12)
    low = float(rng.choice([0.0, 0.0, rng.uniform(0.0, 0.8)]))
    ends = {"low": low * scale, "high": scale}
    tables = {6: _capped, 7: _gap, 8: _atoms, 9: _bimodal}
    if kind in tables:
        table = scale * (low + (1.0 - low) * np.clip(tables[kind](rng), 0.0, 1.0))
        table[-1] = max(table[-1], 1e-3 * scale)
        return {"name": "empirical", "quantiles": np.maximum.accumulate(table).tolist()}
    return (
        {"name": "uniform", **ends},
        {"name": "power", "exponent": float(rng.choice([0.3, 0.5, 2.0, 5.0])), **ends},
        {"name": "beta", "alpha": 0.5, "beta": 0.5, **ends},
        {"name": "beta", "alpha": float(rng.uniform(0.8, 4)), "beta": float(rng.uniform(0.8, 4)), **ends},
        {"name": "normal", "location": 0.5 * scale, "scale": float(rng.uniform(0.05, 0.4)) * scale, **ends},
        {"name": "lognormal", "log_location": float(np.log(scale) - 5.0), "log_scale": float(rng.uniform(0.3, 1.5)),
         "low": 0.0, "high": scale},
        None, None, None, None,
        {"name": "exponential", "scale": float(rng.uniform(0.05, 0.5)) * scale, **ends},
        {"name": "empirical", "quantiles": (scale * np.sort(rng.random(int(rng.integers(2, 12))))).tolist()},
    )[kind]  # fmt: skip


def highest(law):
    """The largest value of a prior's section."""
    return law["quantiles"][-1] if "quantiles" in law else law["high"]


def draw(seed):
    """A random scenario, or None where the package does not accept what was drawn."""
    rng = np.random.default_rng(seed)
    family, law = FAMILIES[seed % len(FAMILIES)], prior(rng)
    fields = {"num_agents": int(rng.choice([2, 2, 3, 5, 8])), "values": law}
    top, sealed = highest(law), not family.startswith(("dutch", "english"))
    if rng.random() < 0.4 and not family.startswith("procurement"):
        fields["mechanism.reserve"] = round(float(rng.uniform(0.0, 0.8)) * top, 6)
    if sealed and rng.random() < 0.3 and family in ("first_price", "all_pay"):
        fields["mechanism.units"] = int(rng.integers(1, 4))
    if family.endswith("kth_price"):
        fields["mechanism.rank"] = int(rng.integers(2, 5))
    if "discriminatory" in family:
        fields |= {"demand": 1, "mechanism.units": int(rng.integers(1, 4))}
    if family == "position_first_price":
        fields["click_rates"] = tuple(np.sort(rng.uniform(0.1, 1.0, int(rng.integers(1, 4))))[::-1].tolist())
    if not sealed:
        step = float(rng.choice([0.005, 0.01, 0.05])) * top
        ticks = int(np.ceil(top / step)) + 3
        fields |= {"mechanism.increment": step, "max_cycles": ticks}
    elif family in ("kth_price", "second_price_all_pay", "first_price", "all_pay"):
        fields["largest_bid"] = float(rng.choice([1.0, 2.0, 8.0, 20.0]))
        fields["bids"] = str(rng.choice(["share_of_value", "amount"]))
    if family == "first_price" and rng.random() < 0.5:
        fields |= _beyond(rng, top, fields.get("mechanism.reserve", 0.0), int(rng.integers(6)))
    elif family in ("first_price", "all_pay", "position_first_price") and rng.random() < 0.15:
        other = prior(rng)
        fields["values"] = tuple([law] * (fields["num_agents"] - 1) + [other])
        fields["num_agents"] = min(3, fields["num_agents"])
        fields["values"] = fields["values"][-fields["num_agents"] :]
    try:
        return econo_env.load(family, **fields)
    except ValueError:
        return None


def _beyond(rng, top, reserve, kind):
    if kind == 0:
        return {"utility": {"name": "crra", "rho": float(rng.uniform(0.3, 1.0))}}
    if kind == 1:
        return {"utility": {"name": "cara", "a": float(rng.uniform(0.5, 5.0)) / top}}
    if kind == 2:
        return {"utility": {"name": "budget", "amount": float(rng.uniform(0.2, 1.2)) * top}}
    if kind == 3 and reserve > 0.0:
        return {"utility": {"name": "return_on_investment", "least_payment": 0.5 * reserve}}
    if kind == 4:
        return {"participation": {"probability": float(rng.uniform(0.3, 1.0))}}
    return {"participation": {"entry_cost": float(rng.uniform(0.0, 0.1)) * top}}
