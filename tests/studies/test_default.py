"""Stake against default by learners: the closed form against quadrature and play, and what learners come to."""

import numpy as np
import pytest
from scipy.integrate import quad

from econo_env.engine.engine import Engine
from econo_env.markets.default import premium
from econo_env.policies import make_policy
from econo_env.training.studies.base import read_study
from econo_env.training.studies.default import BIDS, cells_of, default_rate, learned_rates, measured
from tests.studies.test_studies import all_hold, found


def drawn(seed):
    """Settings with random bidders, shock and stakes."""
    generator = np.random.default_rng(seed)
    shock = float(generator.uniform(0.05, 1.5))
    stakes = sorted(generator.uniform(0.0, 1.3 * shock, 3).tolist())
    words = f"bidders={generator.integers(2, 6)}", f"shock={shock}", f"stakes={stakes}", "ppo_stakes=[]"
    return read_study("default", (*words, f"seed={seed}"))[1]


@pytest.mark.parametrize("seed", range(6))
def test_the_closed_form_is_the_quadrature(seed):
    settings = drawn(seed)
    n, a = settings.bidders, settings.shock
    for stake in settings.stakes:
        for above in (0.0, premium(settings.scenario(stake))):

            def at(gap, stake=stake, above=above):
                return n * (1 - gap) ** (n - 1) * np.clip((above - stake - gap + a) / (2 * a), 0.0, 1.0)

            kink = min(1.0, max(0.0, above - stake + a))
            assert default_rate(n, a, stake, above) == pytest.approx(quad(at, 0, 1, points=[kink])[0], abs=1e-7)


def test_two_truthful_bidders_with_nothing_at_stake_walk_away_from_five_of_24_sales():
    assert default_rate(2, 0.5, 0.0, 0.0) == pytest.approx(5 / 24)


@pytest.mark.parametrize("seed", range(4))
def test_bidders_by_theory_default_as_often_as_the_closed_form_says(seed):
    settings = drawn(seed)
    for stake in settings.stakes:
        scenario = settings.scenario(stake)
        for name, best in (("truthful", 0.0), ("equilibrium", premium(scenario))):
            law = default_rate(settings.bidders, settings.shock, stake, best)
            rate, above = measured(scenario, make_policy(name, scenario), seed)
            assert above == pytest.approx(best, abs=1e-6)
            assert abs(rate - law) <= 4 * np.sqrt(max(law * (1 - law), 1e-4) / 4096)


@pytest.mark.parametrize("seed", range(3))
def test_money_and_choices_of_random_play_are_those_of_the_rule(seed):
    """A second computation from the state before each tick: who wins, what is paid, what keeping and leaving earn."""
    settings = drawn(seed)
    scenario = settings.scenario(settings.stakes[1], sales=6)
    shock, stake = (round(amount * 1e6) for amount in (settings.shock, settings.stakes[1]))
    engine, generator = Engine(scenario, 50), np.random.default_rng(seed)
    engine.reset(seed)
    buffers, state, rows = engine.buffers, engine.state, np.arange(50)
    learned = []
    while not buffers.ended.all():
        assert buffers.action_mask.all()
        values = state.values.copy()
        sent = generator.uniform(-1, 1, buffers.actions.shape).astype(np.float32)
        engine.step(sent)
        bids = np.maximum(0, np.floor(values + 2.0 * shock * sent[..., 0].astype(np.float64) + 0.5))
        ranked = np.sort(bids, axis=1)
        winner = buffers.action_mask.argmax(axis=1)
        assert (buffers.action_mask.sum(axis=1) == 1).all()
        np.testing.assert_array_equal(bids[rows, winner], ranked[:, -1])
        np.testing.assert_array_equal(state.price, ranked[:, -2])
        assert not buffers.rewards.any()
        gain, learned = values[rows, winner] + state.learned - ranked[:, -2], [*learned, *state.learned]
        shown = buffers.observations[rows, winner]
        np.testing.assert_array_equal(buffers.observations[..., 1], buffers.action_mask)
        np.testing.assert_allclose(shown[:, 2], np.clip(gain / (2.0 * shock), -1, 1), atol=1e-6)
        sent = generator.uniform(-1, 1, buffers.actions.shape).astype(np.float32)
        engine.step(sent)
        keeps = sent[rows, winner, 0] >= 0.0
        np.testing.assert_allclose(buffers.rewards[rows, winner], np.where(keeps, gain, -stake) / 1e6, atol=1e-9)
        assert np.count_nonzero(buffers.rewards) <= 50
        np.testing.assert_array_equal(state.walked[rows, winner], ~keeps)
    learned = np.array(learned) / shock
    assert np.abs(learned).max() <= 1.0
    assert abs(learned.mean()) < 4 / np.sqrt(3 * learned.size)
    assert learned.std() == pytest.approx(1 / np.sqrt(3), rel=0.15)


def test_learners_come_to_the_law_with_random_shocks_and_stakes():
    settings = drawn(11).model_copy(update={"seeds": 20, "sales": 1200, "bins": 41})
    rates, right = learned_rates("ucb", settings, lambda share, said: None)
    cells = cells_of(settings)
    for bids in range(len(BIDS)):
        for place, stake in enumerate(settings.stakes):
            here = (cells.bids == bids) & (cells.stake == place)
            law = default_rate(settings.bidders, settings.shock, stake, float(cells.above[here][0]))
            assert abs(rates[here].mean() - law) <= settings.tolerance(), (bids, stake)
    assert right.mean() > 0.95


def test_learners_who_have_only_begun_are_not_there_yet():
    """What is claimed of learners is not so of anybody: half of the first choices are by lot."""
    settings = drawn(11).model_copy(update={"seeds": 20, "sales": 40})
    assert learned_rates("q_learning", settings, lambda share, said: None)[1].mean() < 0.8


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="ascending"):
        read_study("default", ["stakes=[0.3, 0.1]"])
    with pytest.raises(ValueError, match="two ticks"):
        read_study("default")[1].scenario(0.1).replace(max_cycles=3)


@pytest.mark.slow
def test_the_whole_study_holds():
    all_hold(found("default"))
