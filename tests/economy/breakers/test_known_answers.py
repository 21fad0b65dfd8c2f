"""Known answers: halts of published price series, market-wide levels, bands of the real plan, call auctions."""

import numpy as np
import pytest

from econo_env.economy.breakers.bands import TIER_1, TIER_2, tier_band
from econo_env.economy.breakers.call_auction import call_price
from econo_env.economy.breakers.halts import FOLLOW, WIDEN
from econo_env.economy.breakers.levels import Levels, halt_for, level_of
from tests.economy.breakers.replayed import PUBLISHED, run

CRASH = [100, 101, 100, 102, 101, 100, 90, 89, 88, 87, 86, 85, 84, 83, 84, 85, 86, 85]
US = Levels(70_000, 130_000, 200_000, 15, 355)


def micro(*credits_):
    return [round(amount * 1_000_000) for amount in credits_]


def test_the_published_rule_halts_twice_after_a_fall_because_it_reopens_at_a_stale_price():
    """Row 6.60, with nothing attempted after its end."""
    told = run(PUBLISHED, 5, micro(*CRASH) + [0] * 6)
    assert told.executed == dict(enumerate(micro(*CRASH[:6]))) | {14: 90_720_000}
    assert told.rejected == [6, 7, 8, 15, 16, 17]
    assert told.halted == [*range(9, 14), *range(18, 23)]


def test_a_steady_rise_halts_and_reopens_at_the_end_of_the_collar():
    """Row 6.61; after it the price rises no more, and the published rule halts again for having reopened too low."""
    told = run(PUBLISHED, 5, micro(*range(100, 144, 4)))
    assert told.executed == dict(zip((0, 1, 10), micro(100, 104, 112.2), strict=True))
    assert told.rejected == [2, 3, 4]
    assert told.halted == [*range(5, 10)]


@pytest.mark.parametrize(("reopening", "opens_at"), [(WIDEN, 15), (FOLLOW, 15)])
def test_a_collar_that_widens_and_a_reference_that_follows_halt_once_after_the_same_fall(reopening, opens_at):
    told = run(PUBLISHED._replace(reopening=reopening), 5, micro(*CRASH, 85, 86, 85))
    assert told.halted == [*range(9, 14)]
    assert told.rejected == [6, 7, 8, 14]
    assert min(tick for tick in told.executed if tick > 5) == opens_at
    assert told.executed[opens_at] == 85_000_000  # at what was bid, not at a clipped price


def test_market_wide_levels_include_their_thresholds():
    assert [level_of(1_000_000_000, index * 1_000_000, US) for index in (935, 930, 869, 870, 800)] == [0, 1, 2, 2, 3]
    assert 1000 * (1 - 0.07) < 930  # what floats would say


@pytest.mark.parametrize(
    ("level", "reached", "tick", "expected"),
    [
        (1, 0, 0, 15),
        (1, 1, 0, 0),
        (2, 1, 354, 15),
        (2, 1, 355, 0),
        (1, 0, 400, 0),
        (3, 0, 0, -1),
        (3, 2, 389, -1),
        (0, 0, 5, 0),
    ],
)
def test_each_level_halts_once_and_only_the_third_near_the_close(level, reached, tick, expected):
    assert halt_for(level, reached, tick, US) == expected


@pytest.mark.parametrize(
    ("price", "tier", "wide", "low", "high"),
    [
        (10.0, TIER_1, False, 9.5, 10.5),
        (10.0, TIER_2, False, 9.0, 11.0),
        (10.0, TIER_1, True, 9.0, 11.0),
        (3.000001, TIER_1, False, 2.850001, 3.150001),
        (3.0, TIER_1, False, 2.4, 3.6),
        (3.0, TIER_2, False, 2.4, 3.6),
        (0.75, TIER_2, False, 0.6, 0.9),
        (0.749999, TIER_1, False, 0.599999, 0.899999),
        (0.5, TIER_1, False, 0.35, 0.65),
        (0.2, TIER_1, False, 0.05, 0.35),
        (0.1, TIER_1, False, 0.025, 0.175),
        (0.1, TIER_1, True, 0.0, 0.25),
    ],
)
def test_bands_of_the_limit_up_limit_down_plan(price, tier, wide, low, high):
    found = tier_band(round(price * 5_000_000), 5, tier, wide)
    assert found == (round(low * 1_000_000), round(high * 1_000_000))


@pytest.mark.parametrize(
    ("buys", "sells", "reference", "expected"),
    [
        ([(103, 10), (101, 20), (100, 15), (98, 30)], [(97, 10), (99, 15), (100, 20), (102, 25)], 0, (100, 45, 0)),
        ([(105, 50), (104, 10)], [(100, 30), (101, 10)], 0, (105, 40, 10)),
        ([(105, 40)], [(100, 40)], 103, (105, 40, 0)),
        ([(102, 10), (101, 10)], [(99, 10), (100, 10)], 100, (100, 20, 0)),
        ([(105, 50)], [(100, 30), (101, 10)], 100, (105, 40, 10)),  # all surplus is demand: the highest
        ([(105, 30), (104, 10)], [(100, 50)], 105, (100, 40, -10)),  # all is supply: the lowest
        ([(105, 40)], [(101, 40)], 103, (101, 40, 0)),  # as near: the lower one
        ([(99, 40)], [(100, 40)], 103, (0, 0, 0)),
        ([], [(100, 40)], 103, (0, 0, 0)),
    ],
)
def test_the_price_of_a_call(buys, sells, reference, expected):
    orders = np.array([*buys, *sells], dtype=np.int64).reshape(-1, 2)
    assert call_price(orders[:, 0].copy(), orders[:, 1].copy(), len(buys), reference) == expected
