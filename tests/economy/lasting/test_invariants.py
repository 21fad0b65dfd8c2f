"""The invariants after every tick of random play in random economies, and a checker that notices what is wrong."""

import numpy as np
import pytest

from econo_env.economy.invariants import ViolationError, step_checked, violations
from econo_env.economy.lasting.running import RUNNING
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from tests.economy.lasting.played import lasting, some_actions, watched

V = {1: 1.25, 2: 1.0, 3: -0.5, 4: -1.0}


def random_contracts(rng):
    """Any kind of contract."""
    duration = int(rng.integers(1, 5))
    return {
        "capacity": int(rng.integers(1, 5)),
        "duration": duration,
        "longest_duration": [None, duration + int(rng.integers(0, 4))][rng.integers(2)],
        "least_progress": float(rng.choice([0.0, 0.3, 0.7])),
        "grace": int(rng.integers(0, 4)),
        "forfeit": float(rng.choice([0.0, 0.5, 1.0])),
        "noise": float(rng.choice([0.05, 0.3])),
        "boundaries": str(rng.choice(["fixed", "randomised"])),
        "detection": float(rng.choice([0.0, 0.6, 1.0])),
        "stake_cap": [None, 0.0, 0.7][rng.integers(3)],
    }


def random_parts(rng):
    """Stake, endowments that run short, closed ticks, bonuses, and a journal of all transfers."""
    return {
        "ledger": {"endowment": float(rng.choice([2.0, 4.0, 10.0]))},
        "staking": {"requirement": float(rng.choice([1.0, 1.0, 0.5, 1.7])), "liability": 0.0},
        "eligibility": {"threshold": 0.15, "open_share": float(rng.choice([0.4, 1.0]))},
        "incentives": {"performance_bonus_multiplier": 1.5, "bonus_base": 0.05},
        "change_detection": {},
        "appeals": {"window": int(rng.integers(1, 4)), "fee": 0.01},
        "audit": {},
    }


def random_scenario(seed):
    rng = np.random.default_rng(seed)
    return lasting(random_parts(rng), random_contracts(rng), max_cycles=int(rng.integers(8, 20)), num_agents=4)


@pytest.mark.parametrize("first", [0, pytest.param(14, marks=pytest.mark.slow)])
def test_random_play_in_random_economies_breaks_no_invariant(first):
    seen, settled, collided = set(), 0, 0
    for seed in range(first, first + (14 if first == 0 else 400)):
        scenario = random_scenario(seed)
        for engine, _, _ in watched(scenario, seed, markets=4, number=30):
            running = engine.world.lasting_contracts.running
            ended = running.status > RUNNING
            seen |= set(running.delivery[ended].tolist())
            settled += int(ended.sum())
            collided += int((ended.sum(axis=-1) > 1).sum())
            assert (running.status == RUNNING).sum(axis=-1).max() <= running.status.shape[-1]
            assert not (running.status[engine.buffers.ended] == RUNNING).any(), "nothing outlasts an episode"
    assert seen >= {1, 2, 3, 4}
    assert settled > 800
    assert collided > 20


TAMPERED = {
    "I1": lambda world: world.ledger.balances[1].__setitem__(0, world.ledger.balances[1, 0] + 1),
    "I2": lambda world: world.ledger.refused.__setitem__(1, 1),
    "I3": lambda world: world.staking.held[1].__setitem__(0, world.staking.held[1, 0] + 5),
    "I4": lambda world: world.lasting_contracts.opened.__setitem__(1, world.lasting_contracts.opened[1] - 1),
    "I5": lambda world: world.lasting_contracts.running.posted[1].__iadd__(10**9),
    "I6": lambda world: world.conduct.banned[1].__setitem__(slice(None), True),
    "I7": lambda world: world.lasting_contracts.running.lock[1].__isub__(world.lasting_contracts.running.lock[1] // 2),
    "I8": lambda world: world.ledger.balances[1].__setitem__(4 + 4, 3),
    "I9": lambda world: world.ledger.journal.reason[1].__setitem__(0, 999),
    "I10": lambda world: world.ledger.balances[1].__setitem__(slice(4, 6), world.ledger.balances[1, 4:6] + [-1, 1]),
    "I11": lambda world: world.ledger.minted.__setitem__(1, world.ledger.minted[1] + 1),
    "I12": lambda world: world.lasting_contracts.running.status[1].__setitem__(slice(None), 0),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_the_checker_names_what_was_tampered_with(name):
    parts = random_parts(np.random.default_rng(0)) | {"ledger": {"endowment": 10.0}, "eligibility": {"open_share": 1.0}}
    scenario = lasting(parts, {"capacity": 2, "duration": 6, "noise": 0.05}, num_agents=4)
    engine, rng = Engine(scenario, 3), np.random.default_rng(1)
    engine.reset(1)
    for _ in range(6):
        before = each_array(engine.world, np.copy)
        engine.step(some_actions(rng, engine, 0.0))
    assert not violations(scenario, engine.world, before)
    engine.world.ledger.minted[0] += 1
    with pytest.raises(ViolationError, match="I1, market 0: "):
        step_checked(engine, some_actions(rng, engine, 0.0))
    engine.world.ledger.minted[0] -= 1
    before = each_array(engine.world, np.copy)
    step_checked(engine, some_actions(rng, engine, 0.0))
    TAMPERED[name](engine.world)
    found = violations(scenario, engine.world, before)
    assert any(one.startswith(f"{name}, market 1: ") for one in found), found
    assert all(", market 1: " in one for one in found)
