"""The estimator of regret, calibrated on games whose answer is known."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.training.evaluation import Budget, regrets
from econo_env.training.evaluation.action_search import _Sample, deviations
from econo_env.training.evaluation.incentives import regret_metrics
from econo_env.training.evaluation.regret import plain_lists
from econo_env.training.evaluation.sampling import evaluation_seed, sampled_engine, selection_seed
from econo_env.training.evaluation.type_cells import type_cells

SEEDS = tuple(range(5))
METHODS = ("bid_grid", "action_grid")
QUICK = Budget(types=48, bids=384, actions=128, selection=8192, evaluation=4096, luck=512)


def regret_of(name, policy, budget=QUICK, method="auto", **overrides):
    return regrets(econo_env.load(name, **overrides), policy, SEEDS, budget=budget, method=method)[0]


@pytest.mark.parametrize("method", METHODS)
def test_truth_in_first_price_gains_one_twelfth(linear_bid, method):
    """Against a truthful rival on U[0,1] the best bid is v/2: it gains v^2/4, 1/12 on average, 1/4 at most."""
    regret = regret_of("first_price_v0", linear_bid(1.0), Budget(), method)
    assert regret.mean_gain.mean() >= 0.0825
    assert regret.mean_gain.mean() == pytest.approx(1 / 12, abs=2e-4 if method == "bid_grid" else 1e-3)
    values = regret.drawn_types[..., 0]
    np.testing.assert_allclose(regret.gain.mean(axis=0), (values**2 / 4).mean(axis=0), atol=4e-3)
    assert regret.worst_gain.mean() == pytest.approx(0.25, abs=8e-3)
    assert regret.mean_utility == pytest.approx(0.0, abs=1e-12)


def test_the_best_bid_against_truth_is_half_the_value(linear_bid):
    regret = regret_of("first_price_v0", linear_bid(1.0), Budget())
    np.testing.assert_allclose(regret.best_reports, regret.types / 2, atol=0.03)
    np.testing.assert_allclose(regret.win_probability, regret.types[:, 0], atol=2e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("num_agents", [2, 5])
def test_truth_in_second_price_gains_exactly_nothing(linear_bid, method, num_agents):
    regret = regret_of("second_price_v0", linear_bid(1.0), method=method, num_agents=num_agents)
    assert not regret.gain.any()
    assert regret.mean_utility.mean() == pytest.approx(1 / (num_agents * (num_agents + 1)), rel=0.01)


@pytest.mark.parametrize("num_agents", [2, 3, 5, 8])
def test_equilibrium_in_first_price_gains_next_to_nothing(linear_bid, num_agents):
    equilibrium = linear_bid((num_agents - 1) / num_agents)
    regret = regret_of("first_price_v0", equilibrium, Budget(), num_agents=num_agents)
    assert abs(regret.mean_gain.mean() / regret.mean_utility.mean()) <= 1e-3


def test_the_searches_agree_on_a_shading_strategy(linear_bid):
    """Against b = 0.7 v the best bid is min(v/2, 0.7): with v <= 1 the gain is v (v/2)/(2 * 0.7) - 0.3 v^2."""
    budget = Budget(actions=128, luck=2048)
    exact = (0.5 * 0.5 / 0.7 - 0.3) / 3
    for method in METHODS:
        found = regret_of("first_price_v0", linear_bid(0.7), budget, method).mean_gain.mean()
        assert found == pytest.approx(exact, rel=0.03)


def test_two_units_sold_to_two_of_three_bidders(linear_bid):
    """Truth against truth, first price: the gain is max over b of (v - b)(1 - (1 - b)^2)."""
    overrides = {"mechanism.units": 2, "num_agents": 3}
    regret = regret_of("first_price_v0", linear_bid(1.0), Budget(), **overrides)
    grid = np.linspace(0, 1, 2001)
    exact = [np.max((v - grid) * (1 - (1 - grid) ** 2)) for v in regret.types[:, 0]]
    assert regret.mean_gain.mean() == pytest.approx(regret.weights @ exact, rel=5e-3)


def test_a_market_of_atoms_is_won_just_above_them(linear_bid):
    """Against truth that is 0 three times in five, one micro-credit wins those."""
    values = {"name": "empirical", "quantiles": [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]}
    scenario = econo_env.load("first_price_v0", values=values)
    regret = regrets(scenario, linear_bid(1.0), SEEDS)[0]
    high = regret.types[:, 0] > 0.999
    assert high.any()
    assert np.all(regret.best_reports[high] < 1e-4)
    np.testing.assert_allclose(regret.gain.mean(axis=0)[high], 0.6, atol=1e-3)


def test_selection_and_evaluation_are_different_samples():
    drawn = {selection_seed((0, 1)), selection_seed((1, 2)), evaluation_seed(0), evaluation_seed(1)}
    assert len(drawn) == 4


def test_noise_does_not_look_like_gain(linear_bid):
    """The best of many deviations on 16 rival profiles looks far too good; what is reported does not."""
    scenario, equilibrium = econo_env.load("first_price_v0", num_agents=5), linear_bid(0.8)
    sample = _Sample(scenario, equilibrium, 0, type_cells(16, 1).middles, seed=1, luck=16)
    naive = np.max(
        [sample.gains(np.full((len(sample.types), 1), bid)).mean(axis=0) for bid in np.linspace(-1, 1, 65)], axis=0
    )
    assert naive.mean() > 0.05 * sample.own.mean()
    tiny = Budget(types=16, actions=64, luck=16, finals=2)
    regret = regrets(scenario, equilibrium, SEEDS, budget=tiny, method="action_grid")[0]
    assert regret.mean_gain.mean() < 0.01 * regret.mean_utility.mean()
    assert np.all(regret.noticeable_gain[-4:] > 0.0)


def test_a_random_strategy_is_judged_on_average():
    class Coin:
        """Bids 0 or the value, by the toss of a coin."""

        def reset(self, seed):
            self.rng = np.random.default_rng(seed)

        def act(self, observations, mask):
            return self.rng.integers(-1, 1, size=(*mask.shape, 1)).astype(np.float32)

    # the rival bids 0 half the time: utility v * (1/4 * 1/2) from 0 against 0, 0 from bidding the value
    for method in METHODS:
        regret = regret_of("first_price_v0", Coin(), method=method)
        assert regret.mean_utility.mean() == pytest.approx(0.5 / 8, rel=0.1)
        assert regret.gain[:, -1].mean() > 0.3  # v near 1: a bid just above 0 wins at least every second time


@pytest.mark.parametrize("components", [1, 2, 3, 4])
def test_deviations_cover_the_action_space(components):
    grid = deviations(components, 700)
    assert grid.shape[1] == components
    assert len(grid) <= 1000
    assert np.abs(grid).max() == 1.0
    assert np.any(np.all(grid == 0.0, axis=1))
    assert {-1.0, 1.0} <= set(grid[:, -1])


def test_sampled_types_follow_the_prior_and_reach_the_observations():
    scenario = econo_env.load("first_price_v0", values={"name": "power", "exponent": 2.0}, num_agents=3)
    engine = sampled_engine(scenario, 4096, seed=1)
    means = engine.state.values.mean(axis=0) / 1e6
    np.testing.assert_allclose(means, 2 / 3, atol=1e-3)
    np.testing.assert_array_equal(engine.buffers.observations[..., 0], np.float32(engine.state.values / 1e6))


def test_setting_types_writes_what_the_engine_would_have_written():
    scenario = econo_env.load("second_price_v0", num_agents=4, values={"name": "uniform", "low": 1.0, "high": 3.0})
    market = market_of(scenario)
    engine = Engine(scenario, 64)
    engine.reset(5)
    before = engine.snapshot()
    for agent in range(4):
        market.types.put(scenario, engine, agent, market.types.now(scenario, engine.state)[:, agent])
    engine.show()
    for then, now in zip((*before.state, *before.buffers), engine.arrays(), strict=True):
        np.testing.assert_array_equal(then, now)


def test_bid_curves_are_what_the_engine_pays(linear_bid):
    """The curve at one bid equals a played market in which the agent makes that bid."""
    scenario = econo_env.load("second_price_v0", num_agents=3, bids="amount")
    market = market_of(scenario)
    engine = Engine(scenario, 512)
    engine.reset(9)
    actions = np.random.default_rng(0).uniform(-1, 0, (512, 3, 1)).astype(np.float32)
    actions[:, 1] = np.float32(-0.4)
    engine.step(actions)
    bid = market.judging.bids.made(scenario, engine.state)[:1, 1]
    curves = market.judging.bids.curves(scenario, engine.state, 1, bid)
    assert curves.allocation[0] == engine.state.award.units[:, 1].mean()
    assert curves.payment[0] == pytest.approx(engine.state.award.pays[:, 1].mean() / 1e6)
    assert np.isnan(market.judging.bids.curves(scenario, engine.state, 1, np.array([np.nan])).bids[0])
    assert market.judging.bids.curves(scenario, engine.state, 1, np.array([np.nan])).allocation[0] == 0.0


def test_interim_losses_are_seen_and_noise_is_not_called_one(linear_bid):
    """Overbidding in first price loses at every type; truth earns 0 at each and loses at none."""
    for factor, share in ((1.1, 0.0), (1.0, 1.0), (0.5, 1.0)):
        found = regrets(econo_env.load("first_price_v0"), linear_bid(factor), tuple(range(10)), budget=QUICK)
        assert regret_metrics(found)["interim_rational_share"].mean == pytest.approx(share, abs=0.05)


def test_every_agent_or_one_of_each_role(linear_bid):
    scenario = econo_env.load("second_price_v0", num_agents=3, weights=[1.0, 2.0, 1.0])
    by_role = regrets(scenario, linear_bid(1.0), SEEDS, budget=QUICK)
    assert [regret.members for regret in by_role] == [(0, 2), (1,)]
    everybody = regrets(scenario, linear_bid(1.0), SEEDS, budget=QUICK, agents="all")
    assert [regret.members for regret in everybody] == [(0,), (1,), (2,)]


@pytest.mark.parametrize("choice", [{"method": "guess"}, {"agents": "some"}])
def test_unknown_choices_name_the_known(linear_bid, choice):
    with pytest.raises(ValueError, match="choose"):
        regrets(econo_env.load("first_price_v0"), linear_bid(1.0), SEEDS, **choice)


def test_regret_becomes_plain_json(linear_bid):
    import json

    document = json.loads(json.dumps(regret_of("first_price_v0", linear_bid(1.0)).to_json(), allow_nan=False))
    assert len(document["gain"]) == len(document["types"]) == QUICK.types
    assert len(document["mean_gain_by_seed"]) == len(SEEDS)
    assert plain_lists(np.array([[1.0, np.nan]])) == [[1.0, None]]
