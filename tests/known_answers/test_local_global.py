"""The local-global auction at any correlation: closed forms, best answers and payoffs by quadrature, and the engine."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.mechanisms.combinatorial.local_bids import local_bids
from econo_env.mechanisms.combinatorial.rule import Payment
from tests.known_answers.local_global import RULES, bids_of, expectations, interim_utility, local_payment

MARKETS = 100_000
GAMMAS = (0.0, 0.3, 0.5, 0.9, 1.0)
# utility of a local and of the global, revenue, welfare over the best
KNOWN = {
    ("vcg", 0.0): (5 / 24, 7 / 24, 7 / 12, 1.0),
    ("nearest_vcg", 0.0): (0.133165, 0.467340, 0.532660, 0.980384),
    ("nearest_zero", 0.0): (0.133993, 0.464029, 0.535971, 0.981666),
    ("nearest_bid", 0.0): (1 / 8, 1 / 2, 1 / 2, 30 / 31),
    ("vcg", 0.5): (11 / 48, 5 / 16, 13 / 24, 1.0),
    ("nearest_vcg", 0.5): (0.141256, 0.479813, 0.520187, 0.977152),
    ("nearest_zero", 0.5): (0.151979, 0.414782, 0.585218, 0.993492),
    ("nearest_bid", 0.5): (1 / 8, 0.547815, 0.452185, 20 / 21),
    ("vcg", 1.0): (1 / 4, 1 / 3, 1 / 2, 1.0),
    ("nearest_vcg", 1.0): (4 / 27, 13 / 27, 14 / 27, 35 / 36),
    ("nearest_zero", 1.0): (1 / 6, 1 / 3, 2 / 3, 1.0),
    ("nearest_bid", 1.0): (1 / 8, 7 / 12, 5 / 12, 15 / 16),
}


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("rule", [*RULES, "proxy"])
def test_the_bids_are_those_of_the_page(rule, gamma):
    """nearest-zero and the proxy auction are the same game."""
    v = np.linspace(0.0, 1.0, 101)
    exact = bids_of("nearest_zero" if rule == "proxy" else rule, np.maximum(v, 1e-12), gamma)
    np.testing.assert_allclose(local_bids(Payment[rule], v, gamma), exact, atol=1e-9)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("rule", RULES)
def test_no_bid_is_better_for_any_value(rule, gamma):
    """Expected utility by quadrature, so that a loss of 1e-9 would show; a bid far off is clearly worse."""
    for value in (0.05, 0.25, 0.6, 1.0):
        bid = float(bids_of(rule, np.array([value]), gamma)[0])
        own = interim_utility(rule, gamma, value, bid)
        others = [interim_utility(rule, gamma, value, other) for other in np.linspace(0.0, 1.25, 126)]
        assert max(others) <= own + 1e-9
        assert interim_utility(rule, gamma, value, bid + 0.3) < own - 1e-3


@pytest.mark.parametrize(("rule", "gamma"), KNOWN)
def test_known_payoffs(rule, gamma):
    local, whole, revenue, _, made, best = expectations(rule, gamma)
    assert (local, whole, revenue, made / best) == pytest.approx(KNOWN[rule, gamma], abs=1e-6)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("rule", RULES)
def test_what_all_have_adds_up(rule, gamma):
    """2 u_local + u_global + R = W; the best is 1 + E[(v1 + v2)^2] / 4 = 1 + (7 + gamma) / 24."""
    local, whole, revenue, _, made, best = expectations(rule, gamma)
    assert 2.0 * local + whole + revenue == pytest.approx(made, abs=1e-12)
    assert best == pytest.approx(1.0 + (7.0 + gamma) / 24.0, abs=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("rule", [*RULES, "proxy"])
def test_the_engine_pays_that(rule, gamma):
    """Means within 4 standard errors, the variance of revenue too; market by market what is made is shared."""
    markets = MARKETS // 10 if rule == "proxy" else MARKETS
    scenario = econo_env.load("combinatorial_v1", **{"bundle_values.correlation": gamma, "mechanism.payment": rule})
    engine, market = Engine(scenario, markets), market_of(scenario)
    engine.reset(11)
    types = market.types.now(scenario, engine.state)
    engine.step(market.baselines.equilibrium(scenario, engine.buffers.observations))
    welfare, rewards = market.welfare(scenario, engine.state, types), engine.buffers.rewards
    np.testing.assert_allclose(rewards.sum(axis=1) + welfare.revenue, welfare.realised["value"], atol=1e-9)

    local, whole, revenue, square, made, best = expectations("nearest_zero" if rule == "proxy" else rule, gamma)
    step = 2.0 / 4096 if rule == "proxy" else 0.0  # the proxies bid in steps of 1 / 4096 of the highest bid
    for samples, exact in (
        (rewards[:, :2].mean(axis=1), local),
        (rewards[:, 2], whole),
        (welfare.revenue, revenue),
        (welfare.realised["value"], made),
        (welfare.optimal["value"], best),
    ):
        error = 4.0 * samples.std() / np.sqrt(markets)
        assert abs(samples.mean() - exact) <= error + step + 1e-6
    squares = (welfare.revenue - welfare.revenue.mean()) ** 2
    error = 4.0 * squares.std() / np.sqrt(markets)
    assert abs(squares.mean() - (square - revenue**2)) <= error + 4.0 * step + 1e-6


@pytest.mark.parametrize("rule", RULES)
def test_each_local_pays_what_the_definition_says(rule):
    """Random bids, market by market: sums over the locals would not tell one core rule from another."""
    scenario = econo_env.load("combinatorial_v1", bids="amount", **{"mechanism.payment": rule})
    engine = Engine(scenario, 20_000)
    engine.reset(4)
    engine.step(np.random.default_rng(2).uniform(-1.0, 0.0, engine.buffers.actions.shape).astype(np.float32))
    one, other, whole = (engine.state.bids.reshape(20_000, -1) / 1e6).T
    paid, won = engine.state.award.pays / 1e6, one + other > whole
    assert 0.3 < won.mean() < 0.9
    np.testing.assert_array_equal(engine.state.won[:, 0] >= 0, won)
    for i, (own, rival) in enumerate(((one, other), (other, one))):
        exact = local_payment(rule, own, rival, whole)
        np.testing.assert_allclose(paid[won, i], exact[won], atol=2e-6)
    np.testing.assert_allclose(paid[~won, 2], (one + other)[~won], atol=2e-6)
