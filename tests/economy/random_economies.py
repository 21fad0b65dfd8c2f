"""Random economies around random auctions, and what is claimed of every tick of random play in them.

Mechanism, reserve, agents, weights, entry, stake, liability, default, reputation and bonus are drawn; a market with an
economy that joins the table is drawn too. Run as a program with a number of seeds, it plays them all: in plain Python
(`NUMBA_DISABLE_JIT=1`) thirty ticks of many scenarios take less time than compiling them.
"""

import sys

import numpy as np

import econo_env
from econo_env.economy.invariants import violations
from econo_env.economy.ledger import BONDED, balances_of
from econo_env.market import market_of
from tests.economy.played import ticks, wealth

MARKETS, TICKS = 32, 30
IDS = tuple(name for name in econo_env.scenarios() if market_of(econo_env.load(name)).carries_economy)
EVERYTHING = (
    *("ledger", "staking", "default", "reputation", "eligibility"),
    *("incentives", "change_detection", "enforcement"),
)


KNOWING = {
    "contracts": lambda rng: {
        "detection": round(float(rng.random()), 3),
        "stake_cap": [None, 0.0, 0.7][rng.integers(3)],
    },
    "reputation": lambda rng: {
        "forgetting": round(float(rng.uniform(0.8, 1.0)), 3),
        "epoch": [None, 1, 5][rng.integers(3)],
    },
    "eligibility": lambda rng: {
        "threshold": round(float(rng.uniform(0.0, 0.6)), 3),
        "open_share": round(float(rng.uniform(0.2, 1.0)), 3),
    },
    "change_detection": lambda rng: {"before": 0.9, "after": 0.4, "false_alarms": float(rng.choice([0.01, 0.3]))},
    "enforcement": lambda rng: {
        "grace": int(rng.integers(3)),
        "jail": int(rng.integers(6)),
        "correlation": int(rng.integers(2, 9)),
        "multiplier": int(rng.integers(4)),
        "window": int(rng.integers(1, 12)),
    },
}


def section(rng, part, supplies):
    """A part's section."""
    if part == "ledger":
        return {
            "endowment": round(float(rng.choice([rng.uniform(0.0, 1.0), 1.0, 2.0, 10.0, rng.uniform(1.0, 4.0)])), 6)
        }
    if part == "staking":
        stake = {"requirement": round(float(rng.choice([0.0, 1.0, 2.5, rng.random(), rng.random()])), 6),
                 "slashed_to": str(rng.choice(["house", "treasury", "burn"]))}  # fmt: skip
        return stake | ({"liability": round(float(rng.uniform(0.01, 0.5)), 6)} if supplies else {})
    if part == "default":
        return {"shock": round(float(rng.choice([0.0, rng.uniform(0.0, 1.5)])), 6)}
    if part in KNOWING:
        return KNOWING[part](rng)
    return {"performance_bonus_multiplier": 1.0 + round(float(rng.random()), 3), "bonus_base": 0.1}


def economy(rng, row, supplies, parts):
    """Sections of the first so many parts; nobody can walk away where agents trade with each other, or from a task."""
    kept = EVERYTHING[: min(parts, 2)] if row.two_sided else EVERYTHING[: min(parts, 7 if row.one_sale else 8)]
    if row.carries_contracts:
        kept = ["contracts" if part == "default" else part for part in EVERYTHING[: min(max(parts, 3), 7)]]
    drawn = {part: section(rng, part, supplies) for part in kept}
    if row.kernels.assign is not None and "eligibility" in drawn and rng.random() < 0.7:
        share = round(float(drawn["eligibility"]["open_share"] * rng.random()), 4)
        drawn["lottery"] = {"share": share, "owes": round(float(rng.choice([0.0, rng.random()])), 6)}
    if "enforcement" in drawn:
        drawn["enforcement"]["pledge"] = max(1e-6, round(0.3 * rng.random() * drawn["ledger"]["endowment"], 6))
        drawn["ledger"]["endowment"] = max(1e-6, drawn["ledger"]["endowment"])
    return drawn


def coordination(rng):
    """Keys of a coordination market of any auction type."""
    sealed = ("sealed_bid", "vickrey", "scoring")
    auction_type = str(rng.choice([*sealed, "english", "dutch", "combinatorial"]))
    naive = [one for one in ("performance_bonus", "staking_requirement", "reputation_weight") if rng.random() < 0.3]
    return {
        "auction_type": auction_type,
        "available_supply": int(rng.integers(1, 4)),
        "current_demand": {"waiting": int(rng.integers(3)), "arrivals": round(float(rng.random()), 3), "most": 3},
        "market_price": {"start": round(float(rng.random()), 3), "reserve_share": round(float(rng.random()), 3)},
        "economic_incentives": {"naive": naive if auction_type in sealed else []},
        "auction": {"reserve": round(float(rng.choice([0.0, rng.random()])), 6), "increment": 0.1},
        "agents": {"synergy": round(float(rng.uniform(-1.0, 0.9)), 3)},
        "bids": str(rng.choice(["amount", "share_of_value"])),
    }


def draw(name, rng, parts):
    """A scenario of a rule, with an economy of its first so many parts."""
    built_in = econo_env.load(name)
    row, market = market_of(built_in), built_in.market
    fields = {"num_agents": int(rng.integers(2, 7))}
    if not row.one_sale:
        fields["max_cycles"] = int(rng.integers(1, 12))
    if market == "coordination":
        return econo_env.load(name, **fields, **coordination(rng), economy=economy(rng, row, False, parts))
    if "reserve" in type(built_in.mechanism).model_fields:
        fields["mechanism.reserve"] = round(float(rng.choice([0.0, rng.uniform(0.0, 0.6)])), 6)
    if market == "sequential":
        fields["max_cycles"] = int(rng.integers(1, 4))
    if market == "clock":
        fields["mechanism.increment"] = float(rng.choice([0.02, 0.05, 0.1]))
    if name.startswith("english_open"):
        fields |= {"mechanism.closing": int(rng.integers(1, 5)), "mechanism.extension": int(rng.integers(0, 3))}
    if market == "combinatorial":
        values = str(rng.choice(["local_global", "single_minded", "additive"]))
        fields |= {"num_agents": 3, "bundle_values": {"name": values}}
        fields["mechanism.payment"] = str(rng.choice(["vcg", "nearest_vcg", "first_price"]))
    if market in ("position", "sealed_bid") and "procurement" not in name and rng.random() < 0.4:
        fields["weights"] = tuple(rng.uniform(0.5, 2.0, fields["num_agents"]).round(3).tolist())
    if market == "sealed_bid" and rng.random() < 0.5:
        fields["participation"] = {"probability": round(float(rng.uniform(0.5, 1.0)), 3), "entry_fee": 0.013,
                                   "entry_cost": 0.02}  # fmt: skip
        if "procurement" in name:
            fields["largest_bid"] = 1.5
    if market == "order_book":
        fields |= {"units": int(rng.integers(1, 4)), "bids": str(rng.choice(["amount", "share_of_value"]))}
    supplies = "procurement" in name or market == "scoring"
    return econo_env.load(name, **fields, economy=economy(rng, row, supplies, parts))


def hold(scenario, seed):
    """Plays at random and checks all that is claimed of every tick; returns how often anything was handed over."""
    row, happened = market_of(scenario), 0
    for engine, before, _, _ in ticks(scenario, seed, MARKETS, TICKS):
        world, award = engine.world, engine.state.award
        ledger = world.ledger
        assert not violations(scenario, world)
        assert (award.pays <= award.exposure).all()
        assert not balances_of(ledger.balances, BONDED).any()
        gained = wealth(world) - before
        np.testing.assert_allclose(engine.buffers.rewards, (award.worth + gained) / 1e6, atol=1e-9, rtol=0)
        if row.two_sided:
            assert not award.units.sum(axis=1).any()
        quoted = award.price > 0
        assert award.units.any(axis=1)[quoted].all()
        happened += int(quoted.sum())
    return happened


def main(seeds):
    """Plays so many random economies of every rule, of one, three or all parts; prints what broke, or how many held."""
    held, idle = 0, []
    for name in IDS:
        happened = 0
        for seed in range(seeds):
            parts = (len(EVERYTHING), 3, 1)[seed % 3]
            scenario = draw(name, np.random.default_rng([seed, *name.encode()]), parts)
            try:
                happened += hold(scenario, seed)
            except AssertionError:
                print(scenario.to_yaml())
                raise
            held += 1
        if not happened:
            idle.append(name)
    assert len(idle) <= len(IDS) // (4 * seeds), f"nothing was ever sold: {idle}"
    print(f"{held} random economies hold")


if __name__ == "__main__":
    main(int(sys.argv[1]))
