"""What a tick leaves alone because nothing of it is wanted stands as if it had been written."""

import numpy as np
import pytest

from econo_env.economy.unbonding import PENDING
from econo_env.engine.engine import Engine
from econo_env.engine.state import arrays_of, columns
from tests.economy.staking.played import sale, tasks

MARKS = ("insurance.sought", "bonding.moved", "evidence.stirred", "enforcement.stirred", "credit.open")
"""By these a tick knows what it may leave alone."""
ONLY_FOR_THE_INSURED = "insurance.before"


def sparse_actions(scenario, generator, shape):
    """Random bids; in half of the ticks nobody does anything else, in the others few do."""
    actions = generator.uniform(-1.0, 1.0, shape).astype(np.float32)
    own = len(scenario.kind.actions(scenario))
    silent = generator.random(actions[..., own:].shape) < (1.0 if generator.random() < 0.5 else 0.8)
    actions[..., own:][silent] = 0.0
    return actions


def leave_nothing_alone(world):
    """Makes the coming tick write all that it would leave alone."""
    tick = world.market.tick
    world.insurance.sought[...], world.bonding.moved[...], world.evidence.stirred[...] = tick, tick, tick
    world.enforcement.stirred[...], world.credit.open[...] = tick, True


@pytest.mark.parametrize("market", [sale, tasks])
def test_what_is_left_alone_is_as_if_it_had_been_written(market):
    options = {"fees_rate": 0.1, "fees_flat": 0.01, "credit_pool": 3.0, "credit_advance": 2.5, "credit_term": 3}
    options |= {"downtime_window": 3, "downtime_slash": 0.05, "downtime_jail": 2, "downtime_served": 0.7}
    scenario = market(bonding_delay=65, **options)
    generator, engines = np.random.default_rng(0), [Engine(scenario, 32) for _ in range(2)]
    for engine in engines:
        engine.reset(0)
    lean, full = engines
    left, written = dict.fromkeys(MARKS, False), dict.fromkeys(MARKS, False)
    for _ in range(80):
        tick, world = lean.world.market.tick.copy(), lean.world
        leave_nothing_alone(full.world)
        actions = sparse_actions(scenario, generator, lean.buffers.actions.shape)
        for engine in engines:
            engine.step(actions)
        names = list(columns(type(world)))
        for name, ours, theirs in zip(names, arrays_of(world), arrays_of(full.world), strict=True):
            if name not in (*MARKS, ONLY_FOR_THE_INSURED):
                np.testing.assert_array_equal(ours, theirs, err_msg=name)
            elif name in MARKS:
                due = ours if name == "credit.open" else ours == tick
                left[name], written[name] = left[name] or not due.all(), written[name] or due.any()
        for ours, theirs in zip(lean.buffers, full.buffers, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        docket = world.enforcement.docket
        waiting = (docket.status == PENDING).sum(axis=1)
        np.testing.assert_array_equal(world.evidence.undecided, waiting)
        for i in range(scenario.num_agents):
            against = ((docket.status == PENDING) & (docket.accused == i)).sum(axis=1)
            np.testing.assert_array_equal(world.evidence.against[:, i], against)
        first = np.where(docket.status == PENDING, docket.submitted, tick.max() + 1).min(axis=1)
        first += scenario.economy["evidence"].dispute
        np.testing.assert_array_equal(world.evidence.due[waiting > 0], first[waiting > 0])
        ended = lean.buffers.ended.copy()
        for engine in engines:
            engine.reset_markets(ended)
    assert all(left.values())
    assert all(written.values())
