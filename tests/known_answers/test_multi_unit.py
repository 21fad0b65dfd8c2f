"""Multi-unit rules in equilibrium, played through the engine: revenue, welfare, utility, and demand reduction."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.mechanisms.uniform_price import zero_revenue_holds
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets
from econo_env.valuations.priors import Power

NAMES = ("discriminatory", "uniform_price", "vickrey")
QUICK = Budget(types=12, actions=289, luck=512, finals=4)


class Play:
    """One round in each of many markets: everything in credits."""

    def __init__(self, name, act, markets=200_000, seed=0, **overrides):
        scenario = econo_env.load(name, **overrides)
        market = market_of(scenario)
        engine = Engine(scenario, markets)
        engine.reset(seed)
        self.values = engine.state.values / 1e6
        engine.step(act(market, scenario, engine.buffers.observations))
        self.state, self.utility = engine.state, engine.buffers.rewards
        self.welfare = market.welfare(scenario, engine.state, self.values)
        self.revenue = self.welfare.revenue


def truth(market, scenario, observations):
    return market.baselines.truthful(scenario, observations)


def equilibrium(market, scenario, observations):
    return market.baselines.equilibrium(scenario, observations)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("n", "units"), [(3, 2), (5, 2), (5, 4), (2, 2)])
def test_single_unit_demand(within_errors, name, n, units):
    """U[0,1], k units, one a bidder: R = k (n - k) / (n + 1) under every rule, and the k highest values win."""
    played = Play(name, equilibrium, num_agents=n, demand=1, **{"mechanism.units": units})
    assert within_errors(played.revenue, units * (n - units) / (n + 1))
    lost = played.welfare.optimal["value"] - played.welfare.realised["value"]
    assert np.all(np.abs(lost) < 1e-5), "but for values that float32 actions cannot tell apart"


def test_vickrey_with_two_decreasing_marginals(within_errors):
    """2 units, 2 bidders, two draws of U[0,1] each: R = 3/5, W = 7/5, u = 2/5."""
    played = Play("vickrey", equilibrium)
    assert within_errors(played.revenue, 3 / 5)
    assert within_errors(played.welfare.realised["value"], 7 / 5)
    assert within_errors(played.utility[:, 0], 2 / 5)
    assert within_errors(played.utility[:, 1], 2 / 5)
    np.testing.assert_allclose(played.welfare.realised["value"], played.welfare.optimal["value"], atol=1e-9)


@pytest.mark.parametrize(("name", "revenue"), [("uniform_price", 4 / 5), ("discriminatory", 7 / 5)])
def test_truthful_bids_of_two_decreasing_marginals(within_errors, name, revenue):
    """Truth in uniform price earns 2 E[third of four draws] = 2 * 2/5; pay as bid takes the whole 3/5 + 4/5."""
    assert within_errors(Play(name, truth).revenue, revenue)


def test_marginal_values_are_sorted_draws():
    """Of three draws of U[0,1] the highest has mean 3/4, the next 1/2, the last 1/4; squares 3/5, 3/10, 1/10."""
    values = Play("vickrey", truth, demand=3).values
    assert np.all(np.diff(values, axis=-1) <= 0)
    np.testing.assert_allclose(values.mean(axis=(0, 1)), [3 / 4, 1 / 2, 1 / 4], atol=2e-3)
    np.testing.assert_allclose((values**2).mean(axis=(0, 1)), [3 / 5, 3 / 10, 1 / 10], atol=2e-3)
    assert abs(np.corrcoef(values[:, 0, 0], values[:, 1, 0])[0, 1]) < 0.01


class SecondBidAt:
    """Bids the value of the first unit and a fixed share of the value of the second."""

    def __init__(self, share):
        self.name, self.share = f"second_at_{share}", share

    def reset(self, seed):
        """Nothing to restart."""

    def act(self, observations, mask):
        actions = np.zeros((*observations.shape[:-1], 2), dtype=np.float32)
        actions[..., 1] = self.share - 1.0
        return actions


def regret_of(name, policy):
    return regrets(econo_env.load(name), policy, (0, 1), budget=QUICK)[0]


def test_the_best_answer_to_truth_in_uniform_price_reduces_demand():
    """The search shades the second unit, not the first: an own losing bid sets the price of the unit won."""
    regret = regret_of("uniform_price", SecondBidAt(1.0))
    assert regret.mean_gain.mean() > 0.02
    better = regret.selected_gain > 1e-3
    assert better.mean() > 0.5
    bids = (1.0 + regret.best_reports) * regret.types
    lowered = np.minimum(bids[:, 1], bids[:, 0])
    assert np.all(lowered[better] < regret.types[better, 1])
    assert np.median(lowered[better] / regret.types[better, 1]) < 0.5


def test_bidding_nothing_for_the_second_unit_is_an_equilibrium_of_uniform_price():
    """(v1, 0) against itself: raising the second bid to b gains b (v2 - 1) <= 0; each wins a unit for nothing."""
    played = Play("uniform_price", lambda *given: SecondBidAt(0.0).act(given[2], None))
    assert not played.revenue.any()
    np.testing.assert_array_equal(played.state.award.units, 1)
    assert regret_of("uniform_price", SecondBidAt(0.0)).mean_gain.mean() < 2e-3


@pytest.mark.parametrize(("value", "bid"), [(0.8, 0.3), (0.5, 0.5), (0.9, 0.8)])
def test_what_a_second_bid_costs_in_uniform_price(within_errors, value, bid):
    """Against (v1, 0) of max of two uniforms: gain = F(b) v2 - 2 int_0^b y dF - b (1 - F(b)), with F = y^2."""
    scenario = econo_env.load("uniform_price_v0", bids="amount")
    engine = Engine(scenario, 100_000)
    engine.reset(3)
    market_of(scenario).types.put(scenario, engine, 0, np.tile([1.0, value], (100_000, 1)))
    rival = engine.state.values[:, 1, 0] / 1e6
    actions = np.full((100_000, 2, 2), -1.0, dtype=np.float32)
    actions[:, 0, 0] = 0.0
    actions[:, 0, 1] = bid - 1.0
    actions[:, 1, 0] = rival - 1.0
    engine.step(actions)
    exact = 1.0 + bid**2 * value - 4 / 3 * bid**3 - bid * (1.0 - bid**2)
    assert within_errors(engine.buffers.rewards[:, 0], exact)


def test_truth_in_vickrey_gains_nothing():
    regret = regret_of("vickrey", SecondBidAt(1.0))
    assert not regret.gain.any()
    assert regret.mean_utility.mean() == pytest.approx(2 / 5, abs=0.03)


def test_no_equilibrium_is_invented_for_several_units():
    steep = {"values": {"name": "power", "exponent": 0.3}}
    for name, fields in (("discriminatory", {"num_agents": 3}), ("uniform_price", steep)):
        scenario = econo_env.load(name, **fields)
        with pytest.raises(ValueError, match=f"no equilibrium of '{name}' is known"):
            market_of(scenario).baselines.equilibrium(scenario, np.zeros((1, 3)))


@pytest.mark.parametrize(("exponent", "holds"), [(0.3, False), (1.0, True), (2.0, True)])
def test_when_nobody_wants_a_second_unit_at_a_price(exponent, holds):
    """A second bid b of the highest type wins 1 - 2 w against first bids w below b, and pays b above."""
    prior = Power(exponent=exponent)
    first = np.random.default_rng(1).random((200_000, 2)).max(axis=1) ** (1.0 / exponent)
    gains = [np.where(first < bid, 1.0 - 2.0 * first, -bid).mean() for bid in (0.05, 0.3, 0.6, 0.9, 1.0)]
    assert (max(gains) <= 0.0) == holds
    assert zero_revenue_holds(prior, prior) == holds


def test_the_uniform_price_has_an_equilibrium_without_revenue():
    scenario = econo_env.load("uniform_price_v0")
    policy = make_policy("equilibrium", scenario)
    engine = Engine(scenario, 20_000)
    engine.reset(1)
    values = engine.state.values / 1e6
    engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
    assert not engine.state.award.pays.any()
    assert np.allclose(engine.buffers.rewards, values[..., 0], atol=1e-6)
    found = regrets(scenario, policy, (1,), budget=QUICK)[0]
    assert found.mean_gain.mean() <= 1e-3
