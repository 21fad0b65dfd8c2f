"""Holders of several contracts whose money is short: what else they owe never comes out of bonds behind contracts."""

import numpy as np
import pytest

from econo_env.economy.invariants import violations
from econo_env.economy.ledger import TREASURY
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from tests.economy.lasting.played import fixed, lasting

CONTRACTS = {"capacity": 4, "duration": 4, "grace": 0, "forfeit": 1.0, "least_progress": 0.9, "noise": 0.2}
FEES = {"fees": {"rate": 0.5, "flat": 0.5}}
BREAKERS = {"breakers": {"move": 0.02, "window": 4, "limit": 10, "halt": 1, "charge": 4.0}}


@pytest.mark.parametrize(("parts", "reserve", "low"), [(FEES, 0.8, 1.0), (BREAKERS, 0.0, -1.0)])
def test_fees_and_charges_leave_the_bonds_of_other_contracts_alone(parts, reserve, low):
    """Everybody promises the best, wins at a high score, and does no work: each invariant holds at any endowment."""
    rng, paid, tight = np.random.default_rng(0), 0, 0
    for endowment in np.linspace(4.0, 10.0, 24):
        own = {"ledger": {"endowment": float(endowment)}, "eligibility": {"threshold": 0.0, "open_share": 1.0}}
        scenario = lasting(
            own | parts | {"audit": {}}, CONTRACTS, num_agents=2, max_cycles=10,
            **{"mechanism.reserve": reserve, "tasks.value": fixed(1.0)},
        )  # fmt: skip
        engine = Engine(scenario, 3, autoreset=False)
        engine.reset(0)
        for _ in range(10):
            actions = np.full(engine.buffers.actions.shape, 0.0, dtype=np.float32)
            actions[..., 0], actions[..., 2], actions[..., 3] = -1.0, -1.0, -1.0
            actions[..., 1] = rng.uniform(low, 1.0, actions.shape[:2])
            before = each_array(engine.world, np.copy)
            engine.step(actions)
            assert violations(scenario, engine.world, before) == []
            taken = engine.world.ledger.balances[:, TREASURY] - before.ledger.balances[:, TREASURY]
            paid += int((taken > 0).sum())
            tight += int(((taken > 0) & (engine.world.staking.held.sum(axis=1) > 0)).sum())
    assert paid > 50
    assert tight > 20, "something was owed while other contracts ran"
