"""The multi-unit market: bids, books, judging hooks, pictures, and the form of `clear`."""

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

NAMES = ("discriminatory", "uniform_price", "vickrey")
UNIFORM = {"name": "uniform_price"}


def engine_of(name="uniform_price", markets=4, **overrides):
    scenario = econo_env.load(name, **overrides)
    engine = Engine(scenario, markets)
    engine.reset(0)
    return scenario, engine


def test_a_bid_above_the_one_before_is_lowered():
    scenario, engine = engine_of(demand=3, bids="amount")
    engine.step(np.broadcast_to(np.float32([-0.5, -0.25, -0.75]), engine.buffers.actions.shape))
    np.testing.assert_array_equal(engine.state.bids[0, 0], [500_000, 500_000, 250_000])
    assert market_of(scenario).actions(scenario) == ("bid_1", "bid_2", "bid_3")


@pytest.mark.parametrize("bad", [np.nan, 1.5, -np.inf])
def test_one_bad_component_makes_no_bid_and_is_counted_once(bad):
    _, engine = engine_of()
    actions = np.zeros_like(engine.buffers.actions)
    actions[1, 0, 1] = bad
    engine.step(actions)
    np.testing.assert_array_equal(engine.state.bids[1, 0], [-1, -1])
    assert engine.buffers.invalid_actions.tolist() == [0, 1, 0, 0]
    assert engine.state.award.units[1].tolist() == [0, 2]


@pytest.mark.parametrize("name", NAMES)
def test_the_books_balance_in_repeated_play(name):
    overrides = {"max_cycles": 4, "num_agents": 4, "demand": 3, "feedback": "winning_bid", "mechanism.units": 5}
    scenario = econo_env.load(name, **overrides)
    record = play(scenario, make_policy("shading", scenario, factor=0.8), 0, 256)
    assert record.rounds == 4 * 256
    assert record.imbalance < 1e-9
    assert record.deficits == record.losses == record.invalid_actions == 0
    assert record.realised["value"] == pytest.approx(record.optimal["value"], rel=1e-6)


def test_what_bidders_see_of_the_last_round():
    scenario, engine = engine_of(max_cycles=2, feedback="winning_bid", markets=50)
    names = market_of(scenario).observations(scenario)
    engine.step(np.zeros_like(engine.buffers.actions))
    seen = {name: engine.buffers.observations[..., i] for i, name in enumerate(names)}
    state = engine.state
    np.testing.assert_allclose(seen["won"], state.award.units / 2)
    np.testing.assert_allclose(seen["paid"], state.award.pays / 4e6, atol=1e-6)
    best = np.where(state.award.units > 0, state.bids[..., 0], 0).max(axis=1)
    np.testing.assert_allclose(seen["winning_bid"], np.broadcast_to(best[:, None] / 2e6, (50, 2)), atol=1e-6)
    np.testing.assert_allclose(seen["value_2"], state.values[..., 1] / 1e6, atol=1e-6)


def test_bidders_with_other_priors_are_other_roles():
    low, high = {"name": "uniform"}, {"name": "uniform", "high": 2.0}
    scenario, engine = engine_of(num_agents=3, values=[low, high, low])
    market = market_of(scenario)
    assert market.roles(scenario) == ((0, 2), (1,))
    column = market.observations(scenario).index("prior")
    np.testing.assert_allclose(engine.buffers.observations[0, :, column], [0.5, 1.0, 0.5])


def test_types_are_set_and_shown():
    scenario, engine = engine_of()
    market = market_of(scenario)
    drawn = market.types.at(scenario, 0, np.array([[0.2, 0.9]]))
    assert drawn.tolist() == [[0.9, 0.2]]
    market.types.put(scenario, engine, 1, np.tile(drawn, (4, 1)))
    engine.show()
    np.testing.assert_allclose(market.types.now(scenario, engine.state)[:, 1], np.tile(drawn, (4, 1)))
    np.testing.assert_allclose(engine.buffers.observations[:, 1, :2], np.tile(drawn, (4, 1)), atol=1e-6)
    with pytest.raises(ValueError, match="must not increase"):
        market.types.put(scenario, engine, 1, np.tile([[0.1, 0.2]], (4, 1)))


def test_series_and_welfare_agree():
    scenario, engine = engine_of(num_agents=3, markets=64)
    market, values = market_of(scenario), engine.state.values / 1e6
    engine.step(np.random.default_rng(0).uniform(-1, 0, engine.buffers.actions.shape))
    shown, judged = market.view.series(scenario, engine.state), market.welfare(scenario, engine.state, values)
    np.testing.assert_allclose(shown["efficiency"], judged.realised["value"] / judged.optimal["value"])
    np.testing.assert_allclose(shown["revenue"], judged.revenue)
    np.testing.assert_allclose(judged.created - judged.revenue, engine.buffers.rewards.sum(axis=1), atol=1e-9)
    assert np.nanmax(shown["bid_value_ratio"]) <= 1.0 + 1e-6


def test_the_page_names_every_action_and_the_known_answer():
    text = page(econo_env.load("vickrey_v0", demand=3))
    assert "`bid_3`" in text
    assert "revenue 3/5" in text
    assert "Units a bidder has a use for" in text


def test_the_example_of_the_contract():
    cleared = clear_document({"mechanism": UNIFORM, "units": 2, "bids": [[0.9, 0.4], [0.8, 0.1]]})
    assert cleared.winners == [0, 1]
    assert cleared.allocation == [1, 1]
    assert cleared.payments == [0.4, 0.4]
    assert (cleared.welfare, cleared.optimal, cleared.gap) == (pytest.approx(1.7), pytest.approx(1.7), 0.0)
    assert cleared.explanation[1] == (
        "bidder_1 wins 1 unit: bids 0.8; pays 0.4, 0.4 a unit, the highest losing bid (bidder_0)"
    )


@pytest.mark.parametrize(
    ("document", "line", "gap"),
    [
        ({"mechanism": {"name": "vickrey"}, "units": 2, "bids": [[9, 8], [7, 6]]}, "displace: 7 + 6", 0.0),
        ({"mechanism": {"name": "vickrey", "reserve": 5}, "bids": [[9, 8], [4]]}, "displace: 5 + 5", 0.0),
        ({"mechanism": {"name": "discriminatory"}, "bids": [[9, 8], [7]]}, "pays 17, its own bids", 0.0),
        ({"mechanism": UNIFORM, "units": 3, "bids": [[9], [7, 6]]}, "0 a unit, the reserve", 0.0),
        ({"mechanism": UNIFORM, "bids": [[9, 8], [7]]}, "bidder_1 wins nothing: its bid 7, below the winning", 0.0),
        (
            {"mechanism": UNIFORM | {"reserve": 8.5}, "bids": [[9, 8], [7]]},
            "its bid 7, below the reserve 8.5",
            1 - 9 / 17,
        ),
        ({"mechanism": UNIFORM, "units": 1, "bids": [[7], [7]]}, "the lot fell to an equal bid", 0.0),
        ({"mechanism": UNIFORM, "units": 1, "bids": [[7], [None]]}, "bidder_1 made no bid", 0.0),
        ({"mechanism": UNIFORM, "units": 1, "bids": [[7], [6]], "values": [[4], [8]]}, "bidder_0 wins", 0.5),
    ],
)
def test_the_explanation_names_the_reason(document, line, gap):
    cleared = clear_document(document)
    assert any(line in said for said in cleared.explanation), cleared.explanation
    assert cleared.gap == pytest.approx(gap)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"mechanism": UNIFORM, "bids": []}, "give a row of at least one amount"),
        ({"mechanism": UNIFORM, "bids": [[-1]]}, "-1 among the bids"),
        ({"mechanism": UNIFORM, "bids": [1, 2]}, "bids.0 = 1"),
        ({"mechanism": UNIFORM | {"units": 3}, "units": 2, "bids": [[1]]}, "units = 2, but the mechanism says 3"),
        ({"mechanism": UNIFORM, "units": 0, "bids": [[1]]}, "units = 0"),
        ({"mechanism": UNIFORM | {"reserves": 1}, "bids": [[1]]}, "did you mean 'reserve'"),
        ({"mechanism": UNIFORM, "bids": [[1]], "values": [[1], [2]]}, "values lists 2 rows for 1 bidders"),
    ],
)
def test_mistakes_get_one_clear_sentence(document, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        clear_document(document)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"demand": 0}, "demand = 0"),
        ({"mechanism.units": 0}, "units = 0"),
        ({"weights": [1.0, 2.0]}, "weights"),
        ({"mechanism": {"name": "first_price"}}, "mechanisms of a multi_unit are"),
    ],
)
def test_a_scenario_says_what_is_wrong(changes, said):
    with pytest.raises(ValueError, match=said):
        econo_env.load("vickrey_v0", **changes)
