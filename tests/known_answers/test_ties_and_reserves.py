"""What happens at the edges: ties, reserves, a single bid, no bid."""

import numpy as np
import pytest
from scipy.stats import chisquare

from econo_env.mechanisms import clear

BOTH = ("first_price", "second_price")


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("units", [1, 2])
def test_the_tie_lottery_is_uniform(auctions, name, units):
    """1e5 ties of five equal bids: every bidder wins equally often."""
    overrides = {"num_agents": 5, "markets": 100_000, "mechanism.units": units}
    played = auctions(name, bid_function=lambda values: np.full_like(values, 0.5), **overrides)
    wins = played.allocation.sum(axis=0)
    assert wins.sum() == units * 100_000
    if units == 1:
        assert chisquare(wins).pvalue > 1e-3
    np.testing.assert_allclose(wins / 100_000, units / 5, atol=0.006)


def test_ties_among_some_of_the_bids(auctions):
    """Bidders 1 and 3 tie above the others: only they win, evenly."""
    levels = np.array([0.2, 0.6, 0.5, 0.6])
    overrides = {"num_agents": 4, "markets": 50_000}
    played = auctions("second_price", bid_function=lambda values: np.broadcast_to(levels, values.shape), **overrides)
    wins = played.allocation.sum(axis=0)
    assert wins[0] == wins[2] == 0
    assert chisquare(wins[[1, 3]]).pvalue > 1e-3
    np.testing.assert_allclose(played.revenues, 0.6, atol=1e-6)


def test_the_lottery_is_drawn_anew_for_every_market_and_seed(auctions):
    overrides = {"num_agents": 2, "markets": 20_000}
    flat = [
        auctions("first_price", seed=seed, bid_function=lambda v: np.full_like(v, 0.5), **overrides).allocation[:, 0]
        for seed in (0, 1)
    ]
    assert abs(np.corrcoef(*flat)[0, 1]) < 0.03
    assert abs(np.corrcoef(flat[0][:-1], flat[0][1:])[0, 1]) < 0.03


@pytest.mark.parametrize("name", BOTH)
def test_a_bid_below_the_reserve_never_wins(name):
    outcome = clear(name, [0.3, 0.49], reserve=0.5)
    assert outcome.winners == []
    assert outcome.revenue == 0.0


@pytest.mark.parametrize("name", BOTH)
def test_a_bid_at_the_reserve_wins_at_the_reserve(name):
    outcome = clear(name, [0.5, 0.1], reserve=0.5)
    assert outcome.winners == [0]
    assert outcome.payments.tolist() == [0.5, 0.0]


@pytest.mark.parametrize(("bids", "reserve", "price"), [([0.8], 0.3, 0.3), ([0.8, 0.2], 0.3, 0.3), ([0.8], 0.0, 0.0)])
def test_a_single_bid_in_second_price_pays_the_reserve(bids, reserve, price):
    assert clear("second_price", bids, reserve=reserve).payments[0] == price


@pytest.mark.parametrize("name", BOTH)
def test_nan_is_no_bid(name):
    outcome = clear(name, [np.nan, 0.2, np.nan])
    assert outcome.winners == [1]
    assert clear(name, [np.nan, np.nan]).winners == []


@pytest.mark.parametrize("name", BOTH)
def test_a_bid_of_zero_is_a_bid(name):
    assert clear(name, [np.nan, 0.0]).winners == [1]
