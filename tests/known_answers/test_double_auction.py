"""Two-sided markets against their known answers, played through the engine."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.mechanisms import mechanism
from econo_env.mechanisms.document import clear_document
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets
from econo_env.training.evaluation.play import play
from econo_env.valuations.places import places_of
from econo_env.valuations.priors import Uniform

MARKETS = 200_000
SEARCH = Budget(types=24, bids=96, selection=8192, evaluation=4096)
RULES = ["double_auction", "mcafee", "posted_price", "vcg_double_auction"]


def played(name, policy="truthful", markets=MARKETS, seed=0, **overrides):
    """Gains from trade, the largest possible ones and the market maker's revenue, each (markets,), and the engine."""
    scenario = econo_env.load(name, **overrides)
    market, engine = market_of(scenario), Engine(scenario, markets)
    engine.reset(seed)
    types = market.types.now(scenario, engine.state)
    actions = make_policy(policy, scenario).act(engine.buffers.observations, engine.buffers.action_mask)
    engine.step(actions)
    assert engine.buffers.invalid_actions.sum() == 0
    welfare = market.welfare(scenario, engine.state, types)
    books = welfare.created - welfare.revenue - engine.buffers.rewards.sum(axis=1)
    np.testing.assert_allclose(books, 0.0, atol=1e-9)
    return welfare.realised["value"], welfare.optimal["value"], welfare.revenue, types[..., 0], engine


def test_bilateral_equilibrium_of_the_half_auction(within_errors):
    """Chatterjee and Samuelson: B = 2v/3 + 1/12, S = 2c/3 + 1/4, trade iff v - c >= 1/4, gains 9/64 of 1/6."""
    gains, best, revenue, values, engine = played("double_auction", "equilibrium", num_agents=2)
    offers = engine.state.bids / 1e6
    # a bid of 2v, and an ask of 2c - 1, is the most eager that an action says; those who would offer more never trade
    bids, asks = 2 * values[:, 0] / 3 + 1 / 12, 2 * values[:, 1] / 3 + 1 / 4
    np.testing.assert_allclose(offers[:, 0], np.minimum(bids, 2 * values[:, 0]), atol=2e-6)
    np.testing.assert_allclose(offers[:, 1], np.maximum(asks, 2 * values[:, 1] - 1), atol=2e-6)
    trades, distance = engine.state.award.units[:, 0] > 0, values[:, 0] - values[:, 1] - 0.25
    np.testing.assert_array_equal(trades[abs(distance) > 1e-5], distance[abs(distance) > 1e-5] > 0)
    assert within_errors(gains, 9 / 64)
    assert within_errors(best, 1 / 6)
    assert not revenue.any()


@pytest.mark.parametrize("k", [0.0, 0.3, 0.5, 1.0])
def test_nobody_gains_by_leaving_the_linear_equilibrium(k):
    scenario = econo_env.load("double_auction_v1", num_agents=2, **{"mechanism.k": k})
    for found in regrets(scenario, make_policy("equilibrium", scenario), (0, 1), budget=SEARCH):
        assert found.method == "bid_grid"
        assert found.mean_gain.mean() < 4e-4
        assert found.mean_utility.mean() > 0.04


def test_the_linear_equilibrium_scales_with_the_prior():
    row = mechanism("double_auction")
    section = row.options()
    unit = row.equilibrium(places_of(Uniform()), 2, section)(np.array([0.2, 0.7]))
    wide = row.equilibrium(places_of(Uniform(low=3.0, high=5.0)), 2, section)(np.array([3.4, 4.4]))
    np.testing.assert_allclose(wide, 3.0 + 2.0 * unit)
    with pytest.raises(ValueError, match="one buyer and one seller"):
        row.equilibrium(places_of(Uniform()), 3, section)([0.5])


def test_truth_is_no_equilibrium_of_the_k_double_auction():
    scenario = econo_env.load("double_auction_v1", num_agents=2)
    for found in regrets(scenario, make_policy("truthful", scenario), (0,), budget=SEARCH):
        assert found.mean_gain[0] > 0.02


@pytest.mark.parametrize("overrides", [{}, {"num_agents": 7}, {"num_agents": 2}, {"num_agents": 5, "buyers": 1}])
@pytest.mark.parametrize("name", ["mcafee", "posted_price", "vcg_double_auction"])
def test_no_offer_beats_the_truth(name, overrides):
    scenario = econo_env.load(name, **overrides)
    for found in regrets(scenario, make_policy("truthful", scenario), (0,), budget=SEARCH):
        assert found.selected_gain.max() <= 1e-6, "a micro-credit: values between two of them are rounded"
        assert found.mean_gain[0] <= 1e-7


def test_posted_price(within_errors):
    gains, _, revenue, *_ = played("posted_price", num_agents=2)
    assert within_errors(gains, 1 / 8)
    assert not revenue.any()


def test_mcafee_two_by_two():
    """Of gains of 2/5, 7/120 are lost where q = 1 and 1/80 where q = 2: 79/96 are left."""
    gains, best, revenue, *_ = played("mcafee", markets=1_000_000)
    assert abs(gains.sum() / best.sum() - 79 / 96) < 0.0012
    assert revenue.min() >= 0.0
    assert revenue.mean() > 0.01


@pytest.mark.parametrize("num_agents", [4, 9, 20])
def test_mcafee_loses_at_most_one_of_q_trades(num_agents):
    gains, best, _, values, _ = played("mcafee", markets=20_000, num_agents=num_agents)
    buyers = (num_agents + 1) // 2
    demand, supply = -np.sort(-values[:, :buyers], axis=1), np.sort(values[:, buyers:], axis=1)
    efficient = (demand[:, : supply.shape[1]] >= supply).sum(axis=1)
    trading = efficient > 0
    assert np.all(gains[trading] >= (1 - 1 / efficient[trading]) * best[trading] - 1e-9)


def test_vcg_is_efficient_and_runs_the_deficit_of_the_whole_gain_in_bilateral_trade(within_errors):
    gains, best, revenue, *_ = played("vcg_double_auction", num_agents=2)
    np.testing.assert_allclose(gains, best)
    np.testing.assert_allclose(revenue, -best, atol=1e-9)
    assert within_errors(-revenue, 1 / 6)


@pytest.mark.parametrize("num_agents", [3, 4, 9])
def test_vcg_payments_are_what_a_trader_costs_the_others(num_agents):
    """Clarke's formula by solving the market again without each trader."""
    gains, _, _, values, engine = played("vcg_double_auction", markets=300, num_agents=num_agents)
    buyers = (num_agents + 1) // 2
    payments, allocation = engine.state.award.pays / 1e6, engine.state.award.units

    def best_without(market, trader):
        demand = sorted((v for i, v in enumerate(market[:buyers]) if i != trader), reverse=True)
        supply = sorted(c for j, c in enumerate(market[buyers:], start=buyers) if j != trader)
        return sum(max(v - c, 0.0) for v, c in zip(demand, supply, strict=False))

    for k in range(300):
        for trader in range(num_agents):
            others = gains[k] - allocation[k, trader] * values[k, trader]
            assert payments[k, trader] == pytest.approx(best_without(values[k], trader) - others, abs=1e-9)


@pytest.mark.parametrize("name", RULES)
def test_myerson_and_satterthwaite(name):
    """Without a deficit no rule reaches more than 9/64 in bilateral trade; the efficient one runs a deficit."""
    policy = "equilibrium"
    gains, best, revenue, *_ = played(name, policy, num_agents=2)
    if revenue.mean() >= 0.0:
        assert gains.mean() <= 9 / 64 + 0.001
        assert gains.mean() < 0.9 * best.mean()
    else:
        np.testing.assert_allclose(gains, best)


@pytest.mark.parametrize(("agents", "low", "high"), [(40, 0.945, 0.97), (100, 0.955, 0.98)])
def test_zero_intelligence_traders_in_the_continuous_double_auction(agents, low, high):
    """Gode and Sunder: traders with a budget and no intelligence reach about 95.5 % (20 x 20), 96.4 % (50 x 50)."""
    scenario = econo_env.load("continuous_double_auction_v1", num_agents=agents, units=1)
    record = play(scenario, make_policy("zero_intelligence", scenario), 0, 400)
    assert low < record.realised["value"] / record.optimal["value"] < high
    assert record.losses == 0
    unbound = play(scenario, make_policy("random", scenario), 0, 400)
    assert unbound.realised["value"] / unbound.optimal["value"] < 0.7, "without the budget the market is no better"


@pytest.mark.parametrize(
    ("mechanism_section", "payments", "welfare"),
    [
        ({"name": "mcafee"}, [7, 7, 0, -4, -4, 0], 12),
        ({"name": "mcafee", "highest_ask": 12}, [6, 6, 6, -6, -6, -6], 15),
        ({"name": "double_auction"}, [5.5, 5.5, 5.5, -5.5, -5.5, -5.5], 15),
        ({"name": "double_auction", "k": 1.0}, [4, 4, 4, -4, -4, -4], 15),
        ({"name": "double_auction", "k": 0.0}, [7, 7, 7, -7, -7, -7], 15),
        ({"name": "vcg_double_auction"}, [4, 4, 4, -7, -7, -7], 15),
        ({"name": "posted_price", "price": 5}, [5, 5, 5, -5, -5, -5], 15),
    ],
)
def test_the_example_of_the_contract(mechanism_section, payments, welfare):
    cleared = clear_document({"mechanism": mechanism_section, "buyers": [9, 8, 7], "sellers": [2, 3, 4]})
    assert cleared.payments == payments
    assert cleared.welfare == pytest.approx(welfare)
    assert cleared.optimal == pytest.approx(15)


def test_mcafee_at_the_losers_midpoint():
    cleared = clear_document({"mechanism": {"name": "mcafee"}, "buyers": [9, 8, 4], "sellers": [2, 3, 7]})
    assert cleared.payments == [5.5, 5.5, 0, -5.5, -5.5, 0]
    assert cleared.gap == 0.0


def test_the_clearing_price_leaves_no_envy_where_the_marginal_pair_does():
    offers = {"buyers": [9, 8], "sellers": [2]}
    for between, price in (("marginal_pair", 5.5), ("clearing_prices", 8.5)):
        cleared = clear_document({"mechanism": {"name": "double_auction", "between": between}, **offers})
        assert cleared.payments == [price, 0, -price]
