"""The scoring auction as a market: what suppliers see and do, files to clear, and mistakes."""

import re

import numpy as np
import pytest

import econo_env
from econo_env.clearing.base import picture_of
from econo_env.clearing.scoring.document import clear_document
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from econo_env.market import market_of
from econo_env.markets.scoring.kernels import best_quality
from econo_env.markets.scoring.menu import best_score, menu
from econo_env.markets.scoring.scenario import QUALITY_STEPS
from econo_env.markets.scoring.strategies import score_actions
from econo_env.mechanisms import clear

OFFERS = [{"price": 2.0, "quality": 4.0}, {"price": 1.25, "quality": 1.5625}, None, {"price": 1.5, "quality": 0.25}]


def started(name="first_score_v1", markets=16, **fields):
    scenario = econo_env.load(name, **fields)
    engine = Engine(scenario, markets)
    engine.reset(3)
    return scenario, engine, market_of(scenario)


@pytest.mark.parametrize(("name", "paid"), [("first_score", 2.0), ("second_score", 2.75)])
def test_a_file_is_cleared_and_explained(name, paid):
    cleared = clear_document({"mechanism": {"name": name}, "bids": OFFERS})
    assert (cleared.winners, cleared.payments) == ([0], [paid, 0.0, 0.0, 0.0])
    assert (cleared.welfare, cleared.optimal, cleared.gap) == (2.0, 2.0, 0.0)
    won, lost, none, too_low = cleared.explanation
    assert "a score of 4 - 2 = 2, the highest; delivers 4 and is paid" in won
    assert ("bidder_1's 1.25" in won) == (name == "second_score")
    assert "2.5 - 1.25 = 1.25, below bidder_0's 2" in lost
    assert none == "bidder_2 made no offer"
    assert "below the reserve score 0" in too_low


def test_a_reserve_score_is_what_a_lonely_winner_is_paid_down_to():
    cleared = clear_document({"mechanism": {"name": "second_score", "reserve": 1.5}, "bids": OFFERS})
    assert cleared.payments[0] == 2.5
    assert "falls to the reserve, 1.5: no rival is accepted" in cleared.explanation[0]


def test_a_tie_is_explained():
    cleared = clear_document({"mechanism": {"name": "first_score"}, "bids": [OFFERS[0], OFFERS[0]]}, seed=5)
    (winner,) = cleared.winners
    assert "drawn by lot among equals" in cleared.explanation[winner]
    assert "on whom the lot fell" in cleared.explanation[1 - winner]


def test_with_costs_welfare_is_counted_on_them():
    form = {"mechanism": {"name": "first_score"}, "bids": OFFERS, "costs": [0.7, 0.8, 0.5, 1.0]}
    cleared = clear_document(form)
    assert cleared.welfare == pytest.approx(4.0 - 0.7 * 4.0)
    assert cleared.optimal == pytest.approx(2.0), "supplier 2, at theta 1/2, would deliver 4 for 2"
    assert cleared.gap == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bids": [{"price": 1.0, "quality": 5.0}]}, "highest_quality is 4"),
        ({"bids": [{"price": -1.0, "quality": 1.0}]}, "bids.0.price = -1.0"),
        ({"bids": [{"price": 1.0}]}, "'bids.0.quality' is missing"),
        ({"bids": []}, "bids = []"),
        ({"scoring": {"scale": 0.0}}, "scoring.scale = 0.0"),
        ({"scorring": {}}, "did you mean 'scoring'"),
        ({"costs": [1.0]}, "1 entries for 4 bids"),
        ({"costs": [1.0, 1.0, 1.0, -1.0]}, "a cost of -1.0"),
        ({"cost_exponent": 0.5}, "cost_exponent = 0.5"),
        ({"buyer": {"exponent": 1.0}}, "the first must be larger by 0.1"),
        ({"mechanism": {"name": "first_score", "reserve": -1.0}}, "reserve"),
    ],
)
def test_mistakes_in_a_file_are_named(changes, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        clear_document({"mechanism": {"name": "first_score"}, "bids": OFFERS} | changes)
    assert "\n" not in str(caught.value)


def test_one_clearing_from_python():
    outcome = clear("second_score", [[2.0, 4.0], [1.25, 1.5625], [np.nan, 1.0]])
    assert (outcome.winners, outcome.payments.tolist(), outcome.welfare) == ([0], [2.75, 0.0, 0.0], 2.0)


@pytest.mark.parametrize(
    ("offers", "options", "said"),
    [
        ([1.0, 2.0], {}, "an offer of 1.0: give {price: ..., quality: ...}"),
        ([[1.0, 9.0]], {}, "a quality of 9: the buyer's highest_quality is 4"),
        ([[-1.0, 1.0]], {}, "bids.0.price = -1.0"),
        ([[np.inf, 1.0]], {}, "bids.0.price = inf"),
        ([[1.0, 1.0]], {"weights": [1.0]}, "weights"),
    ],
)
def test_mistakes_in_python_are_named(offers, options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        clear("first_score", offers, **options)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"costs": [{"name": "uniform"}]}, "1 entries for 2 suppliers"),
        ({"buyer.exponent": 0.95}, "the first must be larger by 0.1"),
        ({"buyer.worth": 1e9}, "beyond the range of money"),
        ({"cost_exponent": 8.0, "buyer.highest_quality": 1000.0}, "beyond the range of money"),
        ({"mechanism": {"name": "first_price"}}, "mechanisms of a scoring are first_score, second_score"),
        ({"feedback": "winning_offer"}, "feedback"),
    ],
)
def test_mistakes_in_a_scenario_are_named(fields, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        econo_env.load("first_score_v1", **fields)


def test_the_ends_of_the_action_space():
    """Price: free, at cost, a score of 0. Quality: none, the best one, the highest one."""
    scenario, engine, _ = started(markets=1, num_agents=5)
    theta = engine.state.values[0] * 1e-6
    moves = np.array([[[-1, 0], [0, 0], [1, 0], [0, -1], [0, 1]]], dtype=np.float32)
    engine.step(moves)
    state, tables = engine.state, menu(scenario)
    price, quality = state.prices[0] * 1e-6, tables.qualities[state.qualities[0]]
    assert price[0] == 0.0
    assert price[1] == pytest.approx(theta[1] * quality[1], abs=1e-6)
    assert state.scores[0, 2] == 0
    assert (quality[3], price[3], quality[4]) == (0.0, 0.0, 4.0)
    assert price[4] == pytest.approx(4 * theta[4], abs=1e-6)


def test_a_quality_is_the_nearest_step():
    scenario, engine, market = started(markets=200)
    params = market.params(scenario)
    best = np.vectorize(lambda theta: best_quality(float(theta), params))(engine.state.values)
    actions = np.random.default_rng(0).uniform(-1, 1, (200, 2, 2)).astype(np.float32)
    engine.step(actions)
    shift = actions[..., 1].astype(np.float64)
    meant = best + shift * np.where(shift > 0, QUALITY_STEPS - best, best)
    np.testing.assert_array_equal(engine.state.qualities, np.floor(meant + 0.5))


@pytest.mark.parametrize("bad", [np.nan, 1.5, -1.01])
@pytest.mark.parametrize("component", [0, -1])
def test_an_action_outside_is_no_offer(bad, component):
    _, engine, _ = started(markets=1)
    actions = np.zeros((1, 2, 2), dtype=np.float32)
    actions[0, 0, component] = bad
    engine.step(actions)
    assert engine.buffers.invalid_actions[0] == 1
    assert (engine.state.prices[0, 0], engine.state.award.units[0].tolist()) == (-1, [0, -1])


def test_what_repeated_play_shows():
    priors = [{"name": "uniform", "low": 0.5, "high": 1.0}, {"name": "uniform", "low": 0.2, "high": 0.6}]
    fields = {"max_cycles": 3, "feedback": "winning_bid", "costs": priors}
    scenario, engine, market = started("second_score_v1", markets=200, **fields)
    names = market.observations(scenario)
    assert names == ("cost", "rounds_left", "prior", "won", "received", "winning_score", "winning_quality")
    engine.step(np.random.default_rng(0).uniform(-1, 1, (200, 2, 2)).astype(np.float32))
    shown, state = dict(zip(names, np.moveaxis(engine.buffers.observations, -1, 0), strict=True)), engine.state
    assert engine.buffers.observations.min() >= 0.0
    assert engine.buffers.observations.max() <= 1.0
    won = state.award.units != 0
    assert np.array_equal(shown["won"] > 0, won)
    some = won.any(axis=1)
    assert shown["winning_quality"][some, 0] == pytest.approx(state.qualities[won] / 1000, abs=1e-6)
    assert shown["winning_score"][some, 1] == pytest.approx(np.minimum(state.scores[won] / 4e6, 1.0), abs=1e-6)
    assert shown["cost"] == pytest.approx(state.values / 1e6, abs=1e-6)
    assert market.roles(scenario) == ((0,), (1,))


@pytest.mark.parametrize("share", [0.0, 0.4, 0.999, 1.0, 1.4])
def test_scores_are_reached_by_the_price(share):
    scenario, engine, market = started(markets=500)
    wanted = share * best_score(scenario, market.types.now(scenario, engine.state)[..., 0])
    engine.step(score_actions(scenario, engine.buffers.observations, wanted))
    short = wanted - engine.state.scores * 1e-6
    # below the cost the price is a part of it, and the cost moves with a step of quality where two are as good
    slack = 6e-6 if share <= 1.0 else 0.4 * 0.004
    assert np.abs(short).max() < slack
    assert share >= 1.0 or short.max() < 1e-6, "rounding is on the side of the buyer"


def test_types_can_be_set():
    scenario, engine, market = started()
    market.types.put(scenario, engine, 1, np.full((16, 1), 0.75))
    engine.show()
    assert np.all(market.types.now(scenario, engine.state)[:, 1] == 0.75)
    engine.step(np.zeros((16, 2, 2), dtype=np.float32))
    assert menu(scenario).qualities[engine.state.qualities[:, 1]] == pytest.approx(16 / 9, abs=0.0021)
    assert market.types.at(scenario, 0, np.array([[0.5]])) == pytest.approx(0.75)


def test_no_equilibrium_is_claimed_for_unlike_suppliers():
    priors = [{"name": "uniform", "low": 0.5, "high": 1.0}, {"name": "uniform", "low": 0.2, "high": 0.6}]
    scenario, engine, market = started("second_score_v1", costs=priors)
    assert not market.baselines.equilibrium(scenario, engine.buffers.observations).any()
    scenario, engine, market = started("first_score_v1", costs=priors)
    with pytest.raises(ValueError, match="different priors"):
        market.baselines.equilibrium(scenario, engine.buffers.observations)


def test_the_picture_of_a_round():
    scenario, engine, _ = started("second_score_v1", markets=1, num_agents=3, **{"mechanism.reserve": 0.5})
    before = each_array(engine.state, np.copy)
    assert picture_of(scenario)(scenario, before, before, 0).winners.sum() == 0
    engine.step(np.zeros((1, 3, 2), dtype=np.float32))
    shown = picture_of(scenario)(scenario, before, engine.state, 0)
    (winner,) = np.flatnonzero(shown.winners)
    score, paid, worth = (shown.column(name).values for name in ("score", "paid", "worth"))
    assert score[winner] == score.max()
    assert worth[winner] - paid[winner] == pytest.approx(shown.levels["second score"], abs=1e-9)
    assert shown.levels["reserve"] == 0.5


def test_clear_asks_for_known_parameters():
    with pytest.raises(ValueError, match="units"):
        clear("first_score", [[1.0, 1.0]], units=2)
