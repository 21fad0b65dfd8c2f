"""The outcome of every profile of bids, as games of a few bidders are solved from it."""

import numpy as np
import pytest

import econo_env
from econo_env.equilibrium.games import settled


def test_profiles_of_a_two_sided_market():
    """Two buyers and a seller at k = 1/2: the higher bid trades with an ask below it, midway."""
    scenario = econo_env.load("double_auction_v1", num_agents=3)
    units, paid = settled(scenario, 0, [np.array([0.25, 0.75]), np.array([0.5, 0.95]), np.array([0.2, 0.9])])
    np.testing.assert_allclose(units, [[[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]], atol=1e-5)
    assert paid[1, 0, 0] == pytest.approx((0.75 + 0.2) / 2.0, abs=1e-5)


def test_a_bid_of_nothing_stays_below_a_reserve():
    scenario = econo_env.load("gsp_v0", num_agents=2, click_rates=(1.0,), **{"mechanism.reserve": 0.05})
    units, paid = settled(scenario, 0, [np.array([0.0, 0.6, 0.8])] * 2)
    assert np.all(units[0] == 0.0)
    assert np.all(paid[0] == 0.0)
    np.testing.assert_allclose(units[1], [1.0, 0.5, 0.0], atol=1e-5)
    np.testing.assert_allclose(paid[2], [0.05, 0.6, 0.4], atol=1e-5)
