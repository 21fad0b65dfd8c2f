"""Task markets under contracts that last, and play in them."""

import numpy as np

import econo_env
from econo_env.economy.invariants import violations
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array

MICRO = 1_000_000
FLAGSHIP = econo_env.load("task_market_v0")
EVERYTHING = {"incentives": {}, "change_detection": {}, "audit": {}}
"""Parts around lasting contracts: with them tests share one compiled loop."""


def fixed(value):
    """A prior with all its mass at one value, but for what no test notices."""
    return {"name": "uniform", "low": value, "high": value + 1e-9}


def lasting(parts=None, contracts=None, **changes):
    """The flagship under lasting contracts, with other sections of the economy and other keys."""
    economy = FLAGSHIP.model_dump(mode="json")["economy"]
    own = economy.pop("contracts") | {"detection": 0.6} | (contracts or {})
    for name, section in (parts or {}).items():
        economy[name] = economy.get(name, {}) | section
    return econo_env.load("task_market_v0", economy=economy | {"lasting_contracts": own}, **changes)


def some_actions(rng, engine, forging=0.15):
    """Reports around the truth, every effort, some forgery, whatever parts add, some actions that are none."""
    actions = rng.uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32)
    actions[..., :2] *= 0.4
    actions[..., 3] = np.where(rng.random(actions.shape[:2]) < forging, 1.0, -1.0)
    if actions.shape[2] > 4:  # leaves a contract now and then
        actions[..., 5] = np.where(rng.random(actions.shape[:2]) < 0.1, 1.0, 0.5)
    actions[rng.random(actions.shape[:2]) < 0.03] = np.nan
    return actions


def watched(scenario, seed=0, markets=8, number=40, act=some_actions):
    """Plays, checks all invariants after each tick, and gives engine, the world before it and actions."""
    engine, rng = Engine(scenario, markets, autoreset=False), np.random.default_rng(seed)
    engine.reset(seed)
    assert not violations(scenario, engine.world)
    for _ in range(number):
        before = each_array(engine.world, np.copy)
        actions = act(rng, engine)
        engine.step(actions)
        assert not violations(scenario, engine.world, before)
        yield engine, before, actions
        engine.reset_markets(engine.buffers.ended.copy())
