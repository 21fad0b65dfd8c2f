"""The reserve of a coordination market as a lever, and under a pricing rule that follows what is sold of a request.

`test_coordination.py` runs these without compiling.
"""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.settings import SettingsError
from tests.markets.coordination_cases import OPEN

RESERVE = "auction.reserve"
PRICING = {"target": 1.0, "denominator": 4, "floor": 0.01, "ceiling": 0.6}


def priced(auction_type, supply=2, **changes):
    """A market whose reserve follows what is sold of its requests, two tasks each."""
    return econo_env.load(
        "coordination_market_v0",
        auction_type=auction_type,
        available_supply=supply,
        economy=OPEN | {"pricing": PRICING},
        **{"current_demand.arrivals": 0.6, "auction.reserve": 0.1, "auction.increment": 0.1} | changes,
    )


def next_level(level, used):
    """EIP-1559 in whole micro-credits, the target one task a request."""
    target, most = 1000, 1_000_000
    used = min(used * 1000, most)
    change = level * abs(used - target) // target // PRICING["denominator"]
    moved = level + max(1, change) if used > target else level - change
    return int(np.clip(moved, 10_000, 600_000))


@pytest.mark.parametrize("auction_type", ["vickrey", "english", "dutch", "combinatorial", "scoring"])
def test_the_reserve_follows_what_each_request_sold(auction_type):
    """Recomputed from the awards; a tick in which no request comes to an end moves nothing."""
    scenario = priced(auction_type)
    engine, rng = Engine(scenario, 16), np.random.default_rng(0)
    engine.reset(4)
    level = np.full(16, 100_000)
    so_far, seen, kept = np.zeros(16, dtype=int), {0: 0, 1: 0, 2: 0}, 0
    for _ in range(scenario.max_cycles - 1):
        state = engine.state
        offered, reserve, first = state.offered.copy(), state.reserve.copy(), state.sale_tick == 0
        np.testing.assert_array_equal(engine.world.levers.money[:, 0], level)
        np.testing.assert_array_equal(reserve[offered & first], level[offered & first])
        np.testing.assert_allclose(engine.levers[RESERVE][:], level / 1e6)
        engine.step(rng.uniform(-1.0, 0.3, engine.buffers.actions.shape))
        holds = state.award.units != 0
        assert (state.owes >= reserve[:, None] * -state.award.units)[holds].all()
        so_far += -state.award.units.sum(axis=1)
        ended = offered & state.over
        for k in np.flatnonzero(ended):
            seen[int(so_far[k])] += 1
            level[k], so_far[k] = next_level(int(level[k]), int(so_far[k])), 0
        kept += int((~ended).sum())
        engine.reset_markets(engine.buffers.ended.copy())
    assert min(seen.values()) > 2
    assert kept > 50


def test_a_moved_reserve_is_that_of_the_next_request_and_agents_see_it():
    scenario = econo_env.load("coordination_market_v0", levers={RESERVE: [0.0, 0.5]})
    engine = Engine(scenario, 6)
    engine.reset(1)
    assert list(econo_env.market.market_of(scenario).observations(scenario))[-1] == "auction_reserve"
    engine.levers[RESERVE][:] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert not engine.state.reserve.any()
    engine.step(np.zeros(engine.buffers.actions.shape, np.float32))
    np.testing.assert_array_equal(engine.state.reserve, [0, 100_000, 200_000, 300_000, 400_000, 500_000])
    np.testing.assert_allclose(engine.buffers.observations[:, 0, -1], np.arange(6) / 5, rtol=1e-6)
    assert engine.scenario_of(3).auction.reserve == 0.3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"levers": {"mechanism.reserve": [0.0, 1.0]}}, "auction.reserve"),
        ({"levers": {RESERVE: [0.1, 0.5]}}, "starts outside"),
        ({"economy.pricing": PRICING, "levers": {RESERVE: [0.0, 0.5]}}, "moves it in a range of its own"),
        ({"economy.pricing": PRICING | {"floor": 0.2}, "auction.reserve": 0.1}, "starts outside"),
    ],
)
def test_what_is_refused_says_what_is_allowed(changes, said):
    with pytest.raises(SettingsError, match=said):
        econo_env.load("coordination_market_v0", **{"auction.reserve": 0.0} | changes)
