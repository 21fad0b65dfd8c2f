"""Utility models, information, participation, procurement and feedback: books, bits, and clear sentences."""

import hashlib
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.markets.private_value import now as types
from econo_env.markets.sealed_bid.analysis import welfare
from econo_env.markets.sealed_bid.docs import docs
from econo_env.markets.sealed_bid.strategies import equilibrium_actions
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets

FORMS = {
    "crra": {"utility": {"name": "crra", "rho": 0.5}},
    "cara": {"utility": {"name": "cara", "a": 2.0}},
    "budget": {"utility": {"name": "budget", "amount": 0.6}, "participation": {"entry_fee": 0.1}},
    "return": {"utility": {"name": "return_on_investment"}},
    "wallet": {"information": {"name": "wallet", "share": 0.7}},
    "common": {"information": {"name": "common"}, "feedback": "all_bids"},
    "affiliated": {"information": {"name": "affiliated"}},
    "mixture": {"information": {"name": "mixture"}, "values": {"name": "lognormal"}},
    "entry": {"participation": {"probability": 0.6, "entry_fee": 0.05, "entry_cost": 0.02}, "feedback": "all_bids"},
    "procurement": {"procurement": {"ceiling": 0.8}, "bids": "amount", "largest_bid": 1.0, "feedback": "winning_bid"},
    "default": {"default": {"shock": 0.3, "stake": 0.02}, "participation": {"entry_fee": 0.05}},
    "secret reserve": {"seller": {"secret_reserve": {"name": "power"}}, "feedback": "winning_bid"},
}
every_form = pytest.mark.parametrize("form", FORMS)


def make(form, markets, **options):
    return Engine(econo_env.load("first_price_v0", num_agents=3, max_cycles=4, **FORMS[form]), markets, **options)


def actions_for(engine, tick):
    return np.random.default_rng([7, tick]).uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32)


@every_form
def test_the_books_balance_and_observations_stay_in_their_box(form):
    engine = make(form, 300)
    engine.reset(1)
    scenario = engine.scenario
    for tick in range(4):
        known = types(scenario, engine.state)
        present = engine.buffers.action_mask.copy()
        engine.step(actions_for(engine, tick) * (1.0 if tick else 0.0))
        outcome = welfare(scenario, engine.state, known)
        np.testing.assert_allclose(outcome.created - outcome.revenue, engine.buffers.rewards.sum(axis=1), atol=1e-9)
        if scenario.default is None:  # with shocks it is the most that can be expected, not the most by hindsight
            assert np.all(outcome.realised["value"] <= outcome.optimal["value"] + 1e-9)
        assert engine.buffers.observations.min() >= 0.0
        assert engine.buffers.observations.max() <= 1.0
        assert np.all(engine.state.bids[~present] == -1)
        assert engine.buffers.invalid_actions.sum() == 0


def digest_of(form):
    engine = make(form, 3, autoreset=True)
    engine.reset(9)
    digest = hashlib.sha256()
    for tick in range(9):
        engine.step(actions_for(engine, tick))
        for array in engine.arrays():
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def test_uncompiled_python_gives_the_same_bits():
    program = f"from {__name__} import digest_of, FORMS; print([digest_of(form) for form in FORMS])"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    plain = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert plain.stdout.strip() == str([digest_of(form) for form in FORMS])


@every_form
def test_a_market_in_a_batch_is_the_market_alone(form):
    batch, alone = make(form, 8), make(form, 1)
    batch.reset(5)
    alone.reset(5, first_market=6)
    for tick in range(3):
        batch.step(actions_for(batch, tick))
        alone.step(actions_for(batch, tick)[[6]])
    for x, y in zip(batch.arrays(), alone.arrays(), strict=True):
        np.testing.assert_array_equal(x[[6]], y)


def test_absent_bidders_bid_nothing_whatever_they_do():
    engine = make("entry", 2000)
    engine.reset(0)
    there = engine.buffers.action_mask.copy()
    assert 0.55 < there.mean() < 0.65
    engine.step(np.ones_like(engine.buffers.actions))
    np.testing.assert_array_equal(engine.state.bids >= 0, there)
    np.testing.assert_array_equal(engine.state.present, there)
    assert not engine.buffers.rewards[~there].any()
    assert not np.array_equal(there, engine.buffers.action_mask)


def test_a_bid_of_zero_stays_out_where_entering_costs():
    engine = make("entry", 50)
    engine.reset(0)
    engine.step(-np.ones_like(engine.buffers.actions))
    assert np.all(engine.state.bids == -1)
    assert not engine.buffers.rewards.any()
    free = Engine(econo_env.load("first_price_v0"), 50)
    free.reset(0)
    free.step(-np.ones_like(free.buffers.actions))
    assert np.all(free.state.bids == 0)


def test_all_bids_are_shown_to_everybody():
    engine = make("common", 20)
    engine.reset(0)
    engine.step(actions_for(engine, 0))
    names = market_of(engine.scenario).observations(engine.scenario)
    assert names[0] == "signal"
    assert names[-3:] == ("bid_of_0", "bid_of_1", "bid_of_2")
    shown = engine.buffers.observations[..., -3:] * engine.scenario.largest_amount
    for viewer in range(3):
        np.testing.assert_allclose(shown[:, viewer], engine.state.bids / 1e6, atol=1e-6)


@every_form
def test_the_page_describes_every_feature(form):
    scenario = econo_env.load("first_price_v0", num_agents=3, max_cycles=4, **FORMS[form])
    page = docs(scenario)
    texts = (page.description, page.rewards, *page.actions.values())
    texts += tuple(feature.meaning for feature in market_of(scenario).seen(scenario))
    assert all(texts)
    assert not any("{" in text for text in texts)


def test_the_search_sees_utility_and_interdependence():
    """The equilibrium stands; the risk-neutral bid and the truthful signal are found to lose."""
    budget = Budget(luck=2048, types=8, actions=64)
    averse = econo_env.load("first_price_v0", bids="share_of_value", utility={"name": "crra", "rho": 0.4})
    wallet = econo_env.load("second_price_v0", information={"name": "wallet"})
    for scenario, worse, options in ((averse, "shading", {"factor": 0.5}), (wallet, "truthful", {})):
        (stands,) = regrets(scenario, make_policy("equilibrium", scenario), (0, 1), budget=budget)
        (falls,) = regrets(scenario, make_policy(worse, scenario, **options), (0, 1), budget=budget)
        assert stands.method == "action_grid"
        assert stands.mean_gain.mean() < 0.01 * stands.mean_utility.mean()
        assert falls.mean_gain.mean() > 0.02 * falls.mean_utility.mean()


def test_the_bid_grid_is_refused_where_it_would_be_wrong():
    scenario = econo_env.load("second_price_v0", **FORMS["crra"])
    with pytest.raises(ValueError, match="use method='action_grid'"):
        regrets(scenario, make_policy("truthful", scenario), (0,), method="bid_grid")


def test_procurement_actions_place_equilibrium_bids():
    scenario = econo_env.load("procurement_first_price_v1", num_agents=4)
    engine = Engine(scenario, 100)
    engine.reset(0)
    costs = engine.state.values / 1e6
    engine.step(equilibrium_actions(scenario, engine.buffers.observations))
    np.testing.assert_allclose(engine.state.bids / 1e6, costs + (1 - costs) / 4, atol=1e-6)
    won = engine.state.award.units > 0
    np.testing.assert_array_equal(engine.state.award.pays[won], -engine.state.bids[won])
    assert market_of(engine.scenario).view.info(scenario, engine.state)["paid"].min() < 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"utility": {"name": "prospect"}}, "utility"),
        ({"utility": {"name": "crra", "rho": 0.0}}, "greater than 0"),
        ({"utility": {"name": "crra", "rho": 1.5}}, "less than or equal to 1"),
        ({"utility": {"name": "cara", "a": 50.0}, "values": {"name": "uniform", "high": 100.0}}, "choose a smaller a"),
        ({"utility": {"name": "crra", "gamma": 0.5}}, "unknown key"),
        ({"utility": {"name": "budget"}}, "the key 'utility.amount' is missing"),
        ({"information": {"name": "mixture", "gamma": 1.2}}, "less than or equal to 1"),
        ({"information": {"name": "secret"}}, "private"),
        ({"information": {"name": "common"}, "values": [{"name": "uniform"}, {"name": "power"}]}, "one prior"),
        ({"participation": {"probability": 0.0}}, "greater than 0"),
        ({"participation": {"entry_fee": -1}}, "greater than or equal to 0"),
        ({"participation": {"fee": 1}}, "unknown key 'participation.fee'"),
        ({"feedback": "everything"}, "all_bids"),
        ({"feedback": "all_bids", "num_agents": 2000}, "at most 1000"),
        ({"largest_bid": 0.0}, "greater than 0"),
        ({"largest_bid": 1000.0, "values": {"name": "uniform", "high": 1e8}}, "leave the range of money"),
        ({"procurement": {}}, "set bids: amount"),
        ({"seller": {"shill_bids": "always"}}, "choose one of never, after_bids"),
        ({"seller": {"secret_reserve": -0.1}}, "0 to 1e+09 credits"),
        ({"seller": {"secret_reserve": 0.1, "shill_bids": "after_bids"}}, "the seller has one bid"),
        ({"seller": {"reserve": 0.1}}, "unknown key 'seller.reserve'"),
        ({"procurement": {"floor": 1.0}}, "unknown key 'procurement.floor'"),
        ({"procurement": {}, "bids": "amount", "weights": [1.0, 2.0]}, "without weights"),
        ({"procurement": {}, "bids": "amount", "utility": {"name": "budget", "amount": 1.0}}, "budget"),
        (
            {"procurement": {}, "bids": "amount", "largest_bid": 1.0, "participation": {"entry_fee": 0.1}},
            "larger largest_bid",
        ),
        ({"procurement": {}, "bids": "amount", "mechanism": {"name": "all_pay"}}, "losers pay"),
    ],
)
def test_mistakes_get_one_clear_sentence(fields, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        econo_env.load("first_price_v0", **fields)
