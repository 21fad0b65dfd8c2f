"""The logarithmic market maker: known trades, and no way to take more from it than it says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econo_env.economy.market_maker import most_lost, prices_of, shares_to_move, total_cost, trade_cost

depths = st.floats(0.1, 1000.0)
positions = st.lists(st.floats(-500.0, 500.0), min_size=2, max_size=6)


def test_known_trades_in_sequence():
    """From no shares at b = 100, and of three outcomes at b = 50."""
    shares = np.zeros(2)
    known = [((10, 0), 5.124948, 0.524979), ((0, 25), 12.656039, 0.462570), ((50, 0), 26.242511, 0.586618)]
    for trade, cost, price in [*known, ((-20, 0), -11.242511, 0.537430)]:
        assert trade_cost(shares, trade, 100.0) == pytest.approx(cost, abs=5e-7)
        shares += trade
        assert prices_of(shares, 100.0)[0] == pytest.approx(price, abs=5e-7)
    assert trade_cost(np.zeros(3), (30, -10, 5), 50.0) == pytest.approx(11.104089, abs=5e-7)
    assert prices_of((30, -10, 5), 50.0)[:2] == pytest.approx([0.486415, 0.218560], abs=5e-7)


def test_a_move_of_the_price_and_the_largest_loss():
    shares = shares_to_move(0.5, 0.9, 100.0)
    assert shares == pytest.approx(219.722458, abs=5e-7)
    assert trade_cost((0, 0), (shares, 0), 100.0) == pytest.approx(160.943791, abs=5e-7)
    assert trade_cost((0, 0), (shares, 0), 100.0) == pytest.approx(100 * math.log(5))
    assert prices_of((shares, 0), 100.0)[0] == pytest.approx(0.9)
    assert most_lost(2, 100.0) == pytest.approx(69.314718, abs=5e-7)
    assert most_lost(3, 50.0) == pytest.approx(54.930614, abs=5e-7)
    assert total_cost((1e6, 0), 100.0) == 1_000_000.0, "no overflow"


@given(positions, depths)
def test_prices_are_chances_and_the_slopes_of_the_cost(shares, depth):
    prices = prices_of(shares, depth)
    assert prices.sum() == pytest.approx(1.0)
    assert (prices >= 0).all()
    for outcome in range(len(shares)):
        step = np.zeros(len(shares))
        step[outcome] = 1e-4 * depth
        slope = (trade_cost(shares, step, depth) - trade_cost(shares, -step, depth)) / (2e-4 * depth)
        assert slope == pytest.approx(prices[outcome], abs=1e-6 + 1e-9 * abs(total_cost(shares, depth)))


@given(st.integers(2, 6), depths, st.integers(0, 2**32 - 1))
def test_no_course_of_trades_takes_more_than_the_largest_loss(outcomes, depth, seed):
    """Whatever traders do and whatever comes true; coming back to where they began costs nothing."""
    rng = np.random.default_rng(seed)
    shares, paid = np.zeros(outcomes), 0.0
    for _ in range(30):
        trade = rng.normal(0.0, depth * rng.choice([0.1, 3.0, 30.0]), outcomes)
        paid += trade_cost(shares, trade, depth)
        shares += trade
        assert shares.max() - paid <= most_lost(outcomes, depth) * (1 + 1e-9)
    paid += trade_cost(shares, -shares, depth)
    assert paid == pytest.approx(0.0, abs=1e-9 * depth)


@given(st.integers(2, 6), st.floats(1.0, 100.0))
def test_who_knows_the_outcome_takes_nearly_all_of_it(outcomes, depth):
    """The bound is the least: one who buys the outcome that comes true without end gets as close to it as wanted."""
    many = np.zeros(outcomes)
    many[0] = 40.0 * depth
    assert many[0] - trade_cost(np.zeros(outcomes), many, depth) == pytest.approx(most_lost(outcomes, depth), rel=1e-9)


@pytest.mark.parametrize("depth", [0.0, -1.0, math.nan, math.inf])
def test_what_bounds_nothing_is_refused(depth):
    for refused in (lambda: prices_of((0, 0), depth), lambda: most_lost(2, depth), lambda: total_cost((0, 0), depth)):
        with pytest.raises(ValueError, match="depth="):
            refused()
    with pytest.raises(ValueError, match="a price of 1 is never reached"):
        shares_to_move(0.5, 1.0, 10.0)
