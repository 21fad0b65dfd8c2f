"""The sequential sale: who leaves, what the others see, books, and judging hooks."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.interfaces.page import page
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.training.evaluation.play import play

NAMES = ("sequential_first_price", "sequential_second_price")


def engine_of(name, markets=200, **overrides):
    scenario = econo_env.load(name, **{"num_agents": 5, "max_cycles": 3, **overrides})
    engine = Engine(scenario, markets)
    engine.reset(0)
    return scenario, engine


@pytest.mark.parametrize("name", NAMES)
def test_winners_leave_and_values_last(name):
    _, engine = engine_of(name)
    values, gone = engine.state.values.copy(), np.zeros((200, 5), dtype=bool)
    for round_ in range(3):
        engine.step(np.zeros_like(engine.buffers.actions))
        state, buffers = engine.state, engine.buffers
        won = state.award.units > 0
        np.testing.assert_array_equal(won.sum(axis=1), 1)
        assert not (won & gone).any(), "nobody wins twice"
        gone |= won
        np.testing.assert_array_equal(buffers.action_mask, ~gone)
        np.testing.assert_array_equal(state.values, values)
        assert not buffers.observations[gone].any()
        assert buffers.ended.all() == buffers.terminated.all() == (round_ == 2)
    order = np.argsort(-values, axis=1)[:, :3]
    assert np.take_along_axis(gone, order, axis=1).all(), "truth serves the three highest values"


@pytest.mark.parametrize("name", NAMES)
def test_bids_of_those_who_have_left_do_not_count(name):
    _, engine = engine_of(name, bids="amount")
    first = np.full_like(engine.buffers.actions, -0.5)
    first[:, 2] = 1.0
    engine.step(first)
    engine.step(np.where(np.arange(5)[None, :, None] == 2, np.float32(np.nan), first))
    assert (engine.state.bids[:, 2] == -1).all()
    assert not engine.state.award.units[:, 2].any()
    assert engine.buffers.invalid_actions.sum() == 0
    assert not engine.buffers.rewards[:, 2].any()


def test_those_who_stay_see_price_bid_and_rivals():
    scenario, engine = engine_of("sequential_second_price", feedback="winning_bid")
    names = market_of(scenario).observations(scenario)
    assert names == ("value", "rounds_left", "rivals", "price", "winning_bid")
    np.testing.assert_allclose(engine.buffers.observations[0, 0, 1:], [1.0, 1.0, 0.0, 0.0])
    engine.step(np.zeros_like(engine.buffers.actions))
    ranked = np.sort(engine.state.values, axis=1)[:, ::-1] / 1e6
    for market in range(200):
        seen = engine.buffers.observations[market][engine.state.active[market]]
        np.testing.assert_allclose(
            seen[:, 1:], np.tile([2 / 3, 3 / 4, ranked[market, 1] / 2, ranked[market, 0] / 2], (4, 1)), atol=1e-6
        )


@pytest.mark.parametrize("name", NAMES)
def test_more_units_than_bidders(name):
    """Rounds without bidders pass without a sale; in equilibrium everybody gets a unit for nothing."""
    scenario, engine = engine_of(name, num_agents=2, max_cycles=4, markets=50)
    market, earned = market_of(scenario), np.zeros((50, 2))
    for round_ in range(4):
        engine.step(market.baselines.equilibrium(scenario, engine.buffers.observations))
        assert not engine.state.award.pays.any()
        assert (engine.state.award.units.sum(axis=1) == (round_ < 2)).all()
        earned += engine.buffers.rewards
    np.testing.assert_allclose(earned, engine.state.values / 1e6)
    assert engine.buffers.ended.all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reserve", [0.0, 0.5])
def test_the_books_balance_and_the_optima_add_up(name, reserve):
    scenario = econo_env.load(name, num_agents=4, max_cycles=6, **{"mechanism.reserve": reserve})
    truth, random = (play(scenario, make_policy(policy, scenario), 0, 500) for policy in ("truthful", "random"))
    for record in (truth, random):
        assert record.imbalance < 1e-9
        assert record.deficits == 0
        assert record.realised["value"] <= record.optimal["value"] + 1e-6
    assert truth.losses == 0
    assert truth.optimal["value"] == pytest.approx(random.optimal["value"])
    if reserve == 0.0:
        assert truth.realised["value"] == pytest.approx(truth.optimal["value"])
    else:
        assert truth.realised["value"] < truth.optimal["value"]


def test_efficiency_counts_what_was_served_so_far():
    scenario, engine = engine_of("sequential_first_price", bids="amount")
    market, order = market_of(scenario), np.argsort(engine.state.values, axis=1)
    for round_ in range(3):  # the lowest value still there wins each round
        actions = np.full_like(engine.buffers.actions, -0.9)
        actions[np.arange(200), order[:, round_]] = -0.5
        engine.step(actions)
        values = np.sort(engine.state.values, axis=1)
        expected = values[:, : round_ + 1].sum(axis=1) / values[:, ::-1][:, : round_ + 1].sum(axis=1)
        np.testing.assert_allclose(market.view.series(scenario, engine.state)["efficiency"], expected)


def test_bidders_with_other_priors_have_no_closed_form():
    low, high = {"name": "uniform"}, {"name": "uniform", "high": 2.0}
    scenario, engine = engine_of("sequential_first_price", num_agents=2, values=[low, high])
    column = market_of(scenario).observations(scenario).index("prior")
    np.testing.assert_allclose(engine.buffers.observations[0, :, column], [0.5, 1.0])
    with pytest.raises(ValueError, match="bidders with different priors"):
        make_policy("equilibrium", scenario)


def test_the_page_tells_that_winners_leave():
    text = page(econo_env.load("sequential_first_price_v0"))
    assert "2 identical units are sold one after another to 3 bidders" in text
    assert "A winner bids no more" in text


def test_a_picture_marks_who_has_left():
    env = econo_env.parallel_env("sequential_second_price_v0", render_mode="ansi")
    env.reset(seed=4)
    for _ in range(2):
        env.step({agent: np.zeros(1, dtype=np.float32) for agent in env.agents})
    text = env.render()
    assert "has left" in text
    assert "wins, leaves" in text
    assert "0 of 2 units left" in text
