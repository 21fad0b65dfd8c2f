"""The position auction: books, judging hooks, the page, and the form of `clear`."""

import re

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.interfaces.page import page
from econo_env.market import market_of
from econo_env.mechanisms.document import clear_document
from econo_env.policies import make_policy
from econo_env.training.evaluation.play import play

NAMES = ("gsp", "position_first_price", "position_vcg")
GSP = {"mechanism": {"name": "gsp"}, "click_rates": [1.0, 0.5]}


@pytest.mark.parametrize("name", NAMES)
def test_the_books_balance_in_repeated_play(name):
    """Worth and payments are whole micro-credits: what is created is divided, and truth never loses."""
    overrides = {"max_cycles": 3, "num_agents": 5, "click_rates": (0.83, 0.31, 0.123456), "weights": (1, 2, 1, 0.5, 3)}
    scenario = econo_env.load(name, **overrides)
    record = play(scenario, make_policy("truthful", scenario), 0, 512)
    assert record.imbalance < 1e-9
    assert record.deficits == record.losses == 0
    assert record.realised["value"] < record.optimal["value"]  # weights seat bidders by score, not by value


def test_a_slot_is_worth_its_clicks():
    scenario = econo_env.load("gsp_v0", click_rates=(0.8, 0.25))
    engine = Engine(scenario, 100)
    engine.reset(0)
    engine.step(np.zeros_like(engine.buffers.actions))
    values, state = np.sort(engine.state.values / 1e6, axis=1)[:, ::-1], engine.state
    by_slot = np.argsort(np.where(state.slots > 0, state.slots, 9), axis=1)
    rewards = np.take_along_axis(engine.buffers.rewards, by_slot, axis=1)
    np.testing.assert_allclose(rewards[:, 0], 0.8 * (values[:, 0] - values[:, 1]), atol=2e-6)
    np.testing.assert_allclose(rewards[:, 1], 0.25 * (values[:, 1] - values[:, 2]), atol=2e-6)
    assert not rewards[:, 2].any()
    told = market_of(scenario).view.info(scenario, state)
    np.testing.assert_array_equal(told["slot"], state.slots)
    np.testing.assert_array_equal(told["won"], state.award.units > 0)


def test_series_and_welfare_agree():
    scenario = econo_env.load("position_vcg_v0", num_agents=5)
    engine = Engine(scenario, 64)
    engine.reset(0)
    market, values = market_of(scenario), engine.state.values / 1e6
    engine.step(np.random.default_rng(0).uniform(-1, 0, engine.buffers.actions.shape))
    shown = market.view.series(scenario, engine.state)
    judged = market.welfare(scenario, engine.state, values[..., None])
    np.testing.assert_allclose(shown["efficiency"], judged.realised["value"] / judged.optimal["value"])
    assert shown["efficiency"].min() < 0.9
    np.testing.assert_allclose(judged.created - judged.revenue, engine.buffers.rewards.sum(axis=1), atol=1e-9)
    np.testing.assert_array_equal(np.sort(shown["clicks"], axis=1)[:, -2:], np.tile([0.5, 1.0], (64, 1)))


@pytest.mark.parametrize("name", NAMES)
def test_curves_of_own_bids_are_those_of_the_rule(name):
    scenario = econo_env.load(name, bids="amount")
    market, engine = market_of(scenario), Engine(scenario, 300)
    engine.reset(1)
    actions = np.random.default_rng(0).uniform(-1, 0, engine.buffers.actions.shape).astype(np.float32)
    engine.step(actions)
    state = engine.state
    bids = np.array([0.0, 0.3, 0.9, np.nan])
    curves = market.judging.bids.curves(scenario, state, 1, bids)
    for place, bid in enumerate(bids):
        again = Engine(scenario, 300)
        again.reset(1)
        actions[:, 1, 0] = bid - 1.0
        again.step(actions)
        clicks = np.array([0.0, 1.0, 0.5])[again.state.slots[:, 1]]
        assert curves.allocation[place] == pytest.approx(clicks.mean())
        assert curves.payment[place] == pytest.approx(again.state.award.pays[:, 1].mean() / 1e6, abs=1e-6)


def test_the_page_tells_of_slots():
    text = page(econo_env.load("gsp_v0"))
    assert "2 advertising slots with 1, 0.5 expected clicks" in text
    assert "Expected clicks of each slot" in text


@pytest.mark.parametrize(
    ("document", "line", "payments"),
    [
        (GSP | {"bids": [10, 4, 2]}, "bidder_0 gets slot 1 with a bid of 10; pays 4 for 1 clicks, 4 each", [4, 1, 0]),
        (GSP | {"bids": [10, 4, 2], "mechanism": {"name": "position_vcg"}}, "pays 3 for 1 clicks", [3, 1, 0]),
        (GSP | {"bids": [4, 10, 2], "mechanism": {"name": "position_first_price"}}, "its own bid", [2, 10, 0]),
        (GSP | {"bids": [10, 4, 2]}, "bidder_2 gets no slot: 2 ranks below the last slot", [4, 1, 0]),
        (GSP | {"bids": [10, 4], "mechanism": {"name": "gsp", "reserve": 5}}, "4 is below the reserve 5", [5, 0]),
        (GSP | {"bids": [10, None]}, "bidder_1 made no bid", [0, 0]),
        (GSP | {"bids": [10, 8], "weights": [1, 2]}, "bidder_1 gets slot 1", [0, 5]),
    ],
)
def test_the_form_is_cleared_and_explained(document, line, payments):
    cleared = clear_document(document)
    assert any(line in said for said in cleared.explanation), cleared.explanation
    assert cleared.payments == payments
    slots = [cleared.allocation[winner] for winner in cleared.winners]
    assert slots == list(range(1, len(slots) + 1))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (GSP | {"bids": [1], "click_rates": [0.5, 0.6]}, "click rate 0.6 after 0.5"),
        (GSP | {"bids": [1], "click_rates": [1.5]}, "a click rate of 1.5"),
        (GSP | {"bids": [-1]}, "-1 among the bids"),
        (GSP | {"bids": []}, "bids"),
        (GSP | {"bids": [1], "weights": [0]}, "a weight of 0 "),
        (GSP | {"bids": [1], "slots": 3}, "unknown key 'slots'"),
        (GSP | {"bids": [1, 2], "values": [1]}, "values lists 1 entries for 2 bids"),
        ({"mechanism": {"name": "gsp"}, "bids": [1]}, "click_rates"),
    ],
)
def test_mistakes_get_one_clear_sentence(document, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        clear_document(document)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"click_rates": []}, "click_rates"), ({"click_rates": [0.2, 0.4]}, "from the best one down")],
)
def test_a_scenario_says_what_is_wrong(changes, said):
    with pytest.raises(ValueError, match=said):
        econo_env.load("gsp_v0", **changes)
