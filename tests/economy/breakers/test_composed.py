"""Breakers among all other parts: who may act is who every part lets act, and the journal has every transfer."""

import numpy as np
import pytest

import econo_env
from econo_env.economy.breakers.halts import ENDED, HALTED
from econo_env.economy.tick import operations
from econo_env.engine.engine import Engine

ECONOMY = {
    "audit": {},
    "ledger": {"endowment": 20.0},
    "staking": {"requirement": 0.2},
    "default": {"shock": 0.6},
    "reputation": {},
    "eligibility": {"threshold": 0.2, "open_share": 0.6},
    "incentives": {},
    "enforcement": {"pledge": 1.0, "jail": 4},
    "breakers": {
        "move": 0.3,
        "window": 4,
        "limit": 2,
        "halt": 3,
        "collar": 0.5,
        "charge": 0.02,
        "levels": [0.5, 0.7, 0.9],
        "systemic": {"failures": 0.6, "missed": 0.7, "reputation": 0.2, "volatility": 1.0},
        "calls": {"failures": 2, "open": 3, "successes": 2, "probes": 2},
    },
}
TICKS, MARKETS = 64, 32


@pytest.mark.slow
def test_who_may_act_is_who_every_part_lets_act_and_every_transfer_has_its_reason():
    scenario = econo_env.load("second_price_v0", num_agents=5, max_cycles=TICKS, economy=ECONOMY)
    engine, generator = Engine(scenario, MARKETS), np.random.default_rng(0)
    engine.reset(0)
    world, made = engine.world, operations(list(scenario.parts()))
    halted_ticks = jailed_agents = probing_ticks = charges = 0
    for tick in range(TICKS):
        breakers = world.breakers
        halted = np.isin(breakers.mode, (HALTED, ENDED))
        probing = (breakers.phase == 2)[:, None] & ~halted[:, None]
        free = tick >= world.enforcement.free_again
        let = world.eligibility.eligible & free & ~halted[:, None] & (breakers.admitted | ~probing)
        np.testing.assert_array_equal(engine.buffers.action_mask, let)
        halted_ticks, jailed_agents = halted_ticks + halted.sum(), jailed_agents + (~free).sum()
        probing_ticks += probing.sum()
        engine.step(generator.uniform(-0.7, 0.4, engine.buffers.actions.shape).astype(np.float32))
        units, journal = engine.state.award.units, world.ledger.journal
        assert not units[~let].any()
        assert not world.audit.unwritten.any()
        np.testing.assert_array_equal(world.ledger.balances.sum(axis=1), world.ledger.minted)
        assert not world.ledger.refused.any()
        for k in np.flatnonzero(breakers.voided):
            reasons = [made[reason] for reason in journal.reason[k, : journal.made[k]]]
            assert reasons.count("breakers.settle") == 1  # the winner's charge; nobody pays for the goods
            assert "ledger.post" not in reasons
            charges += 1
        for k in np.flatnonzero(halted):
            reasons = {made[reason] for reason in journal.reason[k, : journal.made[k]]}
            assert reasons <= {"enforcement.reputation"}
    assert min(halted_ticks, jailed_agents, probing_ticks, charges) > 20
