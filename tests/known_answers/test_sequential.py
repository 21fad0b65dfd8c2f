"""Sequential sales: bids round by round, prices as a martingale, revenue, and deviations played to the end."""

from itertools import pairwise

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.mechanisms.unit_rounds import expected_last_price
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets
from econo_env.valuations.places import places_of
from econo_env.valuations.priors import Power, Uniform

NAMES = ("sequential_first_price", "sequential_second_price")
SIZES = [(3, 2), pytest.param(5, 3, marks=pytest.mark.slow), (6, 1), pytest.param(4, 4, marks=pytest.mark.slow)]


def play(name, n, units, markets=100_000, seed=0, **overrides):
    """Values, bids by round (NaN for who has left), prices by round, utilities; all in credits."""
    scenario = econo_env.load(name, num_agents=n, max_cycles=units, **overrides)
    market, engine = market_of(scenario), Engine(scenario, markets)
    engine.reset(seed)
    values, bids, prices, utility = engine.state.values / 1e6, [], [], np.zeros((markets, n))
    for _ in range(units):
        engine.step(market.baselines.equilibrium(scenario, engine.buffers.observations))
        bids.append(np.where(engine.state.bids >= 0, engine.state.bids / 1e6, np.nan))
        prices.append(engine.state.award.pays.sum(axis=1) / 1e6)
        utility += engine.buffers.rewards
    assert engine.buffers.ended.all()
    return values, bids, prices, utility


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_bids_of_each_round(name, n, k):
    """U[0,1]: round l bids (n - k) v / (n - l + 1) in first price; (n - k) v / (n - l), in the end v, in second."""
    values, bids, _, _ = play(name, n, k, markets=500)
    for round_, made in enumerate(bids, start=1):
        if name == "sequential_first_price":
            share = (n - k) / (n - round_ + 1)
        else:
            share = (n - k) / (n - round_) if round_ < k else 1.0
        there = ~np.isnan(made)
        assert there.sum() == 500 * (n - round_ + 1), "winners have left"
        np.testing.assert_allclose(made[there], share * values[there], atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_revenue_and_efficiency(within_errors, name, n, k):
    """R = k (n - k) / (n + 1), each round the same on average; the k highest values are served."""
    values, _, prices, utility = play(name, n, k)
    for price in prices:
        assert within_errors(price, (n - k) / (n + 1))
    assert within_errors(np.sum(prices, axis=0), k * (n - k) / (n + 1))
    served = utility.sum(axis=1) + np.sum(prices, axis=0)
    np.testing.assert_allclose(served, np.sort(values, axis=1)[:, -k:].sum(axis=1), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_prices_are_a_martingale(name):
    """E[next price | this price] is this price: within every band of prices the mean change is noise."""
    _, _, prices, _ = play(name, 5, 3)
    for now, after in pairwise(prices):
        for band in np.array_split(np.argsort(now), 8):
            change = after[band] - now[band]
            assert abs(change.mean()) <= 4 * change.std() / np.sqrt(len(band))
        assert np.std(after - now) > 0.02


def test_both_sales_earn_the_same_with_a_reserve_and_another_prior():
    overrides = {"values": {"name": "power", "exponent": 2.0}, "mechanism.reserve": 0.4}
    sums = [np.sum(play(name, 4, 2, seed=seed, **overrides)[2], axis=0) for seed, name in enumerate(NAMES)]
    error = np.hypot(*(revenue.std() for revenue in sums)) / np.sqrt(len(sums[0]))
    assert abs(sums[0].mean() - sums[1].mean()) <= 4 * error


@pytest.mark.parametrize(("prior", "reserve"), [(Uniform(), 0.0), (Power(exponent=2.0), 0.0), (Uniform(), 0.35)])
def test_the_expected_last_price_by_simulation(prior, reserve):
    """E[max(r, k-th highest of m - 1 rivals) | all below v], by drawing rivals below v."""
    draws = np.random.default_rng(0).random((200_000, 4))
    for value in (0.5, 0.9):
        rivals = np.sort(prior.quantile(draws * float(prior.cdf(value))), axis=1)
        for units in (1, 2, 4):
            exact = expected_last_price(places_of(prior), 5, units, reserve)(value)
            assert exact == pytest.approx(np.maximum(reserve, rivals[:, -units]).mean(), abs=2e-3)


BUDGET = Budget(types=12, actions=101, luck=2048, finals=4)


@pytest.mark.parametrize("name", NAMES)
def test_no_first_bid_gains_in_equilibrium(name):
    """Deviations of the first round, followed to the end of the sale."""
    scenario = econo_env.load(name)
    regret = regrets(scenario, make_policy("equilibrium", scenario), (0, 1), budget=BUDGET)[0]
    assert regret.mean_gain.mean() <= 0.01 * regret.mean_utility.mean()
    assert regret.mean_utility.mean() == pytest.approx(1 / 4, abs=0.02)


def test_truth_in_the_first_round_of_a_second_price_sale_is_worth_shading():
    """Who wins round 1 by truth may pay more than the next unit costs: waiting gains."""
    scenario = econo_env.load("sequential_second_price_v0")
    regret = regrets(scenario, make_policy("truthful", scenario), (0, 1), budget=BUDGET)[0]
    assert regret.mean_gain.mean() > 0.01
