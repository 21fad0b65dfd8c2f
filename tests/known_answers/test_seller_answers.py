"""A seller that bids: secret reserves and shill bids, played by the engine in their known equilibria."""

import numpy as np
import pytest
from scipy.integrate import quad

import econo_env
from econo_env.clearing.sealed_bid.picture import picture
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from econo_env.markets.sealed_bid.equilibria import equilibrium_bids
from econo_env.markets.sealed_bid.state import info
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets
from tests.known_answers.one_round import Played, nobody_gains

SHILLS = {"shill_bids": "after_bids"}
VALUES = np.linspace(0.0, 1.0, 21)


@pytest.mark.parametrize(("n", "reserve"), [(2, 0.0), (3, 0.0), (3, 0.4)])
def test_second_price_with_shill_bids_is_the_first_price_auction(within_errors, n, reserve):
    played = Played("second_price", num_agents=n, seller=SHILLS, **{"mechanism.reserve": reserve})
    first = econo_env.load("first_price_v0", num_agents=n, **{"mechanism.reserve": reserve})
    np.testing.assert_array_equal(equilibrium_bids(played.scenario)(VALUES), equilibrium_bids(first)(VALUES))
    exact = (n - 1) / (n + 1) + reserve**n - 2 * n * reserve ** (n + 1) / (n + 1)
    assert within_errors(played.payments.sum(axis=1), exact)
    won = played.engine.state.award.units > 0
    np.testing.assert_allclose(played.payments[won], played.bids[won], atol=3e-6)
    assert nobody_gains(played)


def test_truth_earns_nothing_and_the_evaluation_says_so():
    scenario = econo_env.load("configs/scenarios/second_price_shill_bids.yaml")
    budget = Budget(luck=512, types=8, actions=48)
    (truth,) = regrets(scenario, make_policy("truthful", scenario), (0,), budget=budget)
    (stands,) = regrets(scenario, make_policy("equilibrium", scenario), (0,), budget=budget)
    assert truth.mean_utility.mean() < 1e-5
    assert truth.mean_gain.mean() > 0.01
    assert stands.mean_gain.mean() < 0.01 * stands.mean_utility.mean()


@pytest.mark.parametrize(
    ("name", "fields", "turned", "turned_fields"),
    [
        ("kth_price", {"mechanism.rank": 4, "num_agents": 4}, "kth_price", {"mechanism.rank": 3, "num_agents": 4}),
        ("kth_price", {"mechanism.rank": 3}, "second_price", {}),
        ("kth_price", {"mechanism.rank": 2}, "first_price", {}),
        ("second_price_all_pay", {}, "all_pay", {}),
        ("second_price", {"utility": {"name": "crra"}}, "first_price", {"utility": {"name": "crra"}}),
        ("second_price", {"information": {"name": "wallet"}}, "first_price", {"information": {"name": "wallet"}}),
        ("procurement_second_price", {}, "procurement_first_price", {}),
        *((name, {}, name, {}) for name in ("first_price", "all_pay")),
    ],
)
def test_equilibria_are_those_of_the_rule_that_shill_bids_make_of_it(name, fields, turned, turned_fields):
    common = {"num_agents": 3, "bids": "amount"}
    shilled = econo_env.load(name, **(common | {"seller": SHILLS} | fields))
    plain = econo_env.load(turned, **(common | turned_fields))
    np.testing.assert_allclose(equilibrium_bids(shilled)(VALUES), equilibrium_bids(plain)(VALUES), atol=1e-9)


@pytest.mark.parametrize(
    "fields", [{"mechanism.units": 2}, {"mechanism.payment": "naive"}, {"weights": [1.0, 2.0, 1.0]}]
)
def test_where_the_game_is_another_no_closed_form_is_claimed(fields):
    with pytest.raises(ValueError, match="with shill bids"):
        equilibrium_bids(econo_env.load("second_price_v0", num_agents=3, seller=SHILLS, **fields))


@pytest.mark.parametrize("reserve", [0.5, {"name": "uniform", "low": 0.2, "high": 0.8}])
def test_truth_stays_dominant_against_a_secret_reserve(within_errors, reserve):
    """It is one more bid: revenue is that of the announced reserve, in the mean over the draw."""
    n = 2
    played = Played("second_price", num_agents=n, seller={"secret_reserve": reserve})
    np.testing.assert_array_equal(played.bids, played.values)

    def revenue(r):
        return (n - 1) / (n + 1) + r**n - 2 * n * r ** (n + 1) / (n + 1)

    drawn = isinstance(reserve, dict)
    assert within_errors(played.payments.sum(axis=1), quad(revenue, 0.2, 0.8)[0] / 0.6 if drawn else revenue(0.5))
    unsold = ~played.engine.state.award.units.any(axis=1)
    assert within_errors(unsold, quad(lambda r: r**n, 0.2, 0.8)[0] / 0.6 if drawn else 0.5**n)
    assert not played.payments[unsold].any()
    shown = info(played.scenario, played.engine.state)["seller_bid"]
    assert (shown.std() > 0.1) == drawn
    assert within_errors(shown[:, 0], 0.5)
    assert nobody_gains(played)


def test_a_seller_who_cannot_gain_changes_nothing_and_one_who_wins_collects_nothing():
    """All-pay is shill-proof; with a secret reserve that beats everybody, nobody pays."""
    engines = []
    for seller in ({}, SHILLS, {"secret_reserve": 2.0}):
        engine = Engine(econo_env.load("all_pay_v0", num_agents=4, seller=seller), 500)
        engine.reset(2)
        engine.step(np.random.default_rng(1).uniform(-1, 0.5, engine.buffers.actions.shape).astype(np.float32))
        engines.append(engine)
    without, shilled, beaten = engines
    np.testing.assert_allclose(shilled.buffers.rewards, without.buffers.rewards, atol=1e-12)
    np.testing.assert_array_equal(shilled.buffers.observations, without.buffers.observations)
    assert np.all(shilled.state.seller_bid == -1)
    assert not beaten.buffers.rewards.any()
    assert not beaten.state.award.units.any()


def test_the_picture_shows_the_sellers_bid():
    scenario = econo_env.load("second_price_v0", num_agents=3, seller=SHILLS, bids="amount")
    engine = Engine(scenario, 1)
    engine.reset(0)
    before = each_array(engine.state, np.copy)
    engine.step(np.array([[[-0.5], [-0.2], [-0.4]]], dtype=np.float32))
    shown = picture(scenario, before, engine.state, 0)
    assert shown.levels["seller's bid"] == pytest.approx(0.8, abs=2e-6)
    assert shown.levels["price"] == pytest.approx(0.8, abs=2e-6)
