"""Random scenarios of the kinds of market whose rules do not rank one bid a round by itself.

Scores, sales one after another, positions, two-sided markets, bundles and tasks: wherever a market offers equilibria.
"""

import numpy as np

import econo_env
from tests.equilibrium.random_scenarios import highest, prior

KINDS = ("first_score", "sequential_first_price", "gsp", "double_auction", "combinatorial", "task_market",
         "second_score", "sequential_second_price", "position_vcg", "mcafee", "posted_price",
         "vcg_double_auction")  # fmt: skip
PAYMENTS = ("vcg", "nearest_vcg", "nearest_zero", "nearest_bid", "first_price", "grand_bundle", "proxy")


def draw(seed):
    """A random scenario, or None where the package does not accept what was drawn."""
    rng = np.random.default_rng([7, seed])
    kind = KINDS[seed % len(KINDS)]
    try:
        return econo_env.load(kind, **FIELDS[kind](rng))
    except ValueError:
        return None


def _scoring(rng):
    law = prior(rng)
    agents, worth = int(rng.choice([2, 2, 3, 5, 8])), float(rng.choice([0.5, 1.0, 4.0])) * highest(law)
    return {
        "num_agents": agents,
        "costs": _alike_mostly(rng, law, agents),
        "cost_exponent": float(rng.choice([1.0, 1.0, 1.5, 2.0, 4.0])),
        "buyer": {"worth": worth, "exponent": float(rng.choice([0.2, 0.5, 0.8, 1.0])),
                  "highest_quality": float(rng.choice([1.0, 4.0, 50.0]))},
        "scoring.scale": float(rng.choice([1.0, 1.0, 0.5, 1.5])),
        "mechanism.reserve": round(float(rng.choice([0.0, 0.0, 0.3])) * worth, 6),
    }  # fmt: skip


def _alike_mostly(rng, law, agents):
    return law if rng.random() < 0.85 else (*[law] * (agents - 1), prior(rng))


def _sequential(rng):
    law, agents = prior(rng), int(rng.choice([2, 3, 3, 5]))
    return {
        "num_agents": agents,
        "max_cycles": int(rng.integers(1, 4)),
        "values": _alike_mostly(rng, law, agents),
        "bids": str(rng.choice(["share_of_value", "amount"])),
        "feedback": str(rng.choice(["nothing", "price"])),
        "mechanism.reserve": round(float(rng.choice([0.0, rng.uniform(0.0, 0.7)])) * highest(law), 6),
    }


def _position(rng):
    law, agents = prior(rng), int(rng.choice([2, 3, 3, 5]))
    rates = np.sort(rng.uniform(0.1, 1.0, int(rng.integers(1, 4))))[::-1].round(3)
    fields = {
        "num_agents": agents,
        "click_rates": tuple(rates.tolist()),
        "values": _alike_mostly(rng, law, agents),
        "bids": str(rng.choice(["share_of_value", "amount"])),
        "mechanism.reserve": round(float(rng.choice([0.0, rng.uniform(0.0, 0.6)])) * highest(law), 6),
    }
    return fields | ({"weights": tuple(rng.uniform(0.5, 2.0, agents).round(3))} if rng.random() < 0.2 else {})


def _two_sided(rng):
    law = prior(rng)
    agents = int(rng.choice([2, 2, 3, 4]))
    fields = {
        "num_agents": agents,
        "values": law,
        "costs": law if rng.random() < 0.6 else prior(rng),
        "bids": str(rng.choice(["share_of_value", "amount"])),
    }
    return fields | ({"buyers": int(rng.integers(1, agents))} if rng.random() < 0.3 else {})


def _k_double(rng):
    more = {"mechanism.k": float(rng.choice([0.0, 0.3, 0.5, 1.0]))}
    return _two_sided(rng) | more | {"mechanism.between": str(rng.choice(["marginal_pair", "clearing_prices"]))}


def _posted(rng):
    fields = _two_sided(rng)
    return fields | {"mechanism.price": round(float(rng.uniform(0.1, 0.9)) * highest(fields["values"]), 6)}


def _local_global(rng):
    game = "LLG" if rng.random() < 0.9 else "LLLLGG"
    correlation = float(rng.choice([0.0, 0.0, rng.random(), 1.0]))
    return {
        "num_agents": int(rng.choice([2, 3, 3, 3, 4])) if game == "LLG" else 6,
        "bundle_values": {"name": "local_global", "game": game, "correlation": correlation},
        "bids": str(rng.choice(["share_of_value", "amount"])),
        "mechanism.payment": str(rng.choice(PAYMENTS)),
    }


def _tasks(rng):
    scale = float(rng.choice([0.1, 1.0, 100.0]))
    low = float(rng.uniform(0.0, 0.8))
    return {
        "num_agents": int(rng.choice([2, 3, 5])),
        "max_cycles": 4,
        "tasks": {"value": {"name": "uniform", "low": 0.5 * scale, "high": 1.5 * scale}, "open_share": 1.0},
        "agents.cost": {"name": "uniform", "low": 0.0, "high": float(rng.choice([0.2, 0.5, 1.5]))},
        "agents.reliability": {"name": "uniform", "low": low, "high": float(rng.uniform(low + 0.05, 1.0))},
        "economy.ledger.endowment": 100.0 * scale,
        "economy.contracts.excellent": float(rng.choice([1.0, 1.25, 3.0])),
        "economy.contracts.byzantine": float(rng.choice([-0.5, -1.0, -10.0])),
        "economy.contracts.poor": float(rng.choice([0.0, -0.25, -0.5])),
        "economy.contracts.detection": float(rng.choice([0.0, 0.3, 0.5, 0.9, 1.0])),
        "economy.contracts.stake_cap": None if rng.random() < 0.8 else float(rng.uniform(0.0, 3.0)),
        "mechanism.reserve": float(rng.choice([0.0, 0.0, 0.3])) * scale,
    }


FIELDS = {"first_score": _scoring, "second_score": _scoring, "sequential_first_price": _sequential,
          "sequential_second_price": _sequential, "gsp": _position, "position_vcg": _position,
          "double_auction": _k_double, "mcafee": _two_sided, "vcg_double_auction": _two_sided, "posted_price": _posted,
          "combinatorial": _local_global, "task_market": _tasks}  # fmt: skip
