"""Who comes in pays its dues, who has too little to go on is out, and nobody leaves with something at stake."""

import numpy as np
import pytest

import econo_env
from econo_env.economy.ledger import AGENT_ACCOUNTS, BONDED, ESCROW, FREE, TREASURY, balances_of
from econo_env.economy.stake_invariants import stake_violations
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from tests.economy.staking.played import SALE, tasks, ticks

DUES, LEAST = 0.3, 2.2


def market(**options):
    own = tasks(
        {"num_agents": 5, "max_cycles": 40}, {"poor": -1.0, "byzantine": -2.0}, 3.0,
        enforcement_pledge=0.5, enforcement_grace=0, enforcement_correlation=2, bonding_delay=7, evidence_seen=1.0,
        evidence_age=4, evidence_dispute=1,
    )  # fmt: skip
    return own.replace(economy={**own.economy, "identities": {"dues": DUES, "least": LEAST} | options})


def played(scenario, number):
    """Random play in which two of the agents take their stake back as soon as they can."""
    engine, generator, names = Engine(scenario, 48), np.random.default_rng(1), scenario.kind.action_names(scenario)
    engine.reset(1)
    for _ in range(number):
        actions = generator.uniform(-1.0, 1.0, engine.buffers.actions.shape).astype(np.float32)
        for name in ("insure", "collateral", "bond"):
            actions[..., names.index(name)] = 0.0
        actions[:, :2, names.index("bond")] = -1.0
        before = each_array(engine.world, np.copy)
        engine.step(actions)
        yield engine, before, actions
        engine.reset_markets(engine.buffers.ended.copy())


def test_dues_bankruptcy_and_leaving_are_as_they_are_said_to_be():
    scenario, seen = market(), {"bankrupt": 0, "left": 0, "held back": 0}
    paid = round(DUES * 1e6) * scenario.num_agents
    for engine, before, actions in played(scenario, 80):
        world, names = engine.world, scenario.kind.action_names(scenario)
        assert stake_violations(scenario, world, before) == []
        started = before.market.tick == 0
        fees = before.ledger.balances[:, TREASURY]
        assert (fees[started] == paid + round(scenario.economy["credit"].pool * 1e6)).all()
        kinds = [balances_of(world.ledger.balances, kind) for kind in range(AGENT_ACCOUNTS)]
        there = ~before.conduct.banned & (
            (world.conduct.banned == before.conduct.banned) | (world.identities.status != before.identities.status)
        )
        asks = (actions[..., names.index("leave")] > 0.5) & world.identities.asks
        free_to_go = sum(kinds) == kinds[FREE]
        broke = (sum(kinds) < LEAST * 1e6) & (kinds[ESCROW] + kinds[BONDED] == 0)
        status = np.where(there & asks & free_to_go, 2, np.where(there & broke, 1, before.identities.status))
        np.testing.assert_array_equal(world.identities.status, status)
        out = (world.identities.status > 0) & (before.identities.status == 0)
        assert world.conduct.banned[out].all()
        assert not engine.state.active[out].any()
        horizon = engine.state.tick >= scenario.max_cycles
        assert engine.buffers.terminated[out & ~horizon[:, None]].all()
        seen["bankrupt"] += int((out & (status == 1)).sum())
        seen["left"] += int((out & (status == 2)).sum())
        seen["held back"] += int((there & asks & ~free_to_go).sum())
    assert min(seen.values()) > 0, seen


def test_dues_come_out_of_the_first_reward():
    both = [next(ticks(market(dues=dues), 1, 16, 1, still=("insure", "collateral", "leave", "bond", "report")))[0]
              for dues in (0.0, 0.5)]  # fmt: skip
    np.testing.assert_allclose(both[0].buffers.rewards - both[1].buffers.rewards, 0.5, atol=1e-9)


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"dues": 2.5}, "an endowment of 3 credits does not pay dues of 2.5"), ({"least": 4.0}, "does not pay dues")],
)
def test_what_nobody_could_pay_is_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        market(**fields)


def test_where_nobody_can_leave_it_is_refused():
    with pytest.raises(ValueError, match="nobody can leave a sealed_bid market"):
        econo_env.load("second_price_v0", max_cycles=9, economy=SALE | {"identities": {}})
