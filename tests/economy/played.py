"""Markets of every kind with an economy, and random play in them."""

from pathlib import Path

import numpy as np

import econo_env
from econo_env.economy.ledger import AGENT_ACCOUNTS, balances_of
from econo_env.engine.engine import Engine

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "configs" / "scenarios").glob("*_economy.yaml"))
ECONOMY = {
    "ledger": {"endowment": 1.5},
    "staking": {"requirement": 0.75, "slashed_to": "burn"},
    "default": {"shock": 0.5},
    "reputation": {},
    "eligibility": {"threshold": 0.25, "open_share": 0.6},
    "incentives": {"performance_bonus_multiplier": 1.5, "bonus_base": 0.05},
}
WITH_BONDS = ECONOMY | {"staking": {"requirement": 1.0, "liability": 0.2, "slashed_to": "burn"}}
OTHERS = {
    "discriminatory_v0": {"economy": ECONOMY, "max_cycles": 12},
    "gsp_v0": {"economy": ECONOMY, "max_cycles": 12},
    "sequential_first_price_v0": {"economy": ECONOMY},
    "first_score_v1": {"economy": WITH_BONDS, "max_cycles": 12},
    "procurement_uniform_price_v1": {"economy": WITH_BONDS, "max_cycles": 12},
    "mcafee_v1": {"economy": {"ledger": {"endowment": 0.7}, "staking": {"requirement": 0.75}}, "max_cycles": 12},
}
GUARDED = sorted((ROOT / "configs" / "scenarios").glob("*_breakers.yaml"))
SCENARIOS = {path.stem: lambda path=path: econo_env.load(path) for path in FILES + GUARDED} | {
    name: lambda name=name: econo_env.load(name, **OTHERS[name]) for name in OTHERS
}
TICKS = 40


def with_part(part):
    """Names of the scenarios whose economy has a part."""
    return [name for name, load in SCENARIOS.items() if part in load().economy]


def wealth(world):
    """What everybody has, micro-credits, (markets, agents)."""
    return sum(balances_of(world.ledger.balances, kind) for kind in range(AGENT_ACCOUNTS))


def forfeited(world):
    """What everybody lost of its pledge in the last tick, micro-credits, (markets, agents)."""
    return world.enforcement.forfeited if "enforcement" in world._fields else np.zeros_like(world.ledger.wealth)


def ticks(scenario, seed=0, markets=48, number=TICKS):
    """Random actions, among them no bids: the engine, everybody's wealth, mask and actions before each tick."""
    engine, generator = Engine(scenario, markets), np.random.default_rng(seed)
    engine.reset(seed)
    for _ in range(number):
        before = wealth(engine.world)
        actions = generator.uniform(-1.0, 0.6, engine.buffers.actions.shape).astype(np.float32)
        actions[generator.random(actions.shape[:2]) < 0.1] = np.nan
        mask = engine.buffers.action_mask.copy()
        engine.step(actions)
        yield engine, before, mask, actions
        engine.reset_markets(engine.buffers.ended.copy())
