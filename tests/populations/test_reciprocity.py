"""Gifts among strangers: payoffs, stability and learning are those of indirect reciprocity, for any b, c and q."""

import numpy as np
import pytest

from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.policies.emergent.replicator import meeting, replicator_path
from econo_env.training.emergence import ABLATED, CLAIMED, NULL
from econo_env.training.populations.empirical import EmpiricalGame
from econo_env.training.studies.reciprocity import (
    Always,
    Reciprocity,
    ReciprocitySettings,
    _do_bad,
    prediction_of,
    replicated,
    run,
)


def settings_of(seed, **changes):
    """Random benefit and cost whose sweep fits, by seed."""
    generator = np.random.default_rng(seed)
    benefit, ratio = float(generator.uniform(1.0, 5.0)), float(generator.uniform(0.3, 0.6))
    return ReciprocitySettings(study="reciprocity", benefit=benefit, cost=ratio * benefit, **changes)


def measured(settings, knows, rounds=400):
    scenario = settings.scenario(knows, agents=2, rounds=rounds)
    game = EmpiricalGame(scenario, [[0, 1]], 1, 128)
    game.add([[make_policy("truthful", scenario), Always(-1.0)]])
    return game.normal_form().payoffs[0] / rounds


@pytest.mark.parametrize("seed", range(3))
def test_payoffs_are_those_of_discriminators_and_defectors(seed):
    """[[b - c, -c (1 - q)], [b (1 - q), 0]], but for the first round, in which all standings are good."""
    settings = settings_of(seed)
    b, c, q = settings.benefit, settings.cost, float(np.random.default_rng(seed).uniform(0.1, 0.9))
    known = np.array([[b - c, -c * (1 - q)], [b * (1 - q), 0.0]])
    np.testing.assert_allclose(measured(settings, q), known, atol=0.02 * b)
    mix = c * (1 - q) / (q * (b - c))
    if 0.0 < mix < 1.0:
        fitness = meeting(known)(np.array([mix, 1.0 - mix]))
        assert fitness[0] == pytest.approx(fitness[1])
        for start, end in ((0.95 * mix, 0.0), (min(1.05 * mix, 0.5 + 0.5 * mix), 1.0)):
            assert replicator_path(meeting(known), [start, 1 - start], [0.0, 500.0])[-1, 0] == pytest.approx(
                end, abs=0.01
            )


@pytest.mark.parametrize("seed", range(2))
def test_replicators_switch_within_a_twentieth_of_c_over_b(seed):
    settings = settings_of(seed)
    assert replicated(settings, settings.threshold - 0.05) < 0.01
    assert replicated(settings, settings.threshold + 0.05) > 0.99


@pytest.mark.parametrize("seed", range(2))
def test_learners_switch_within_a_twentieth_of_c_over_b(seed):
    settings = settings_of(seed, rounds=6000)
    study = Reciprocity(settings)
    patience = 0.05  # they are a little impatient: at the threshold itself they do not give
    assert study.order(settings.threshold - 0.05, CLAIMED, 20).mean() < 0.5
    assert study.order(settings.threshold / (1 - patience) + 0.05, CLAIMED, 20).mean() > 0.5


def test_shuffled_and_hidden_reputations_are_worth_nothing_to_learners():
    study = Reciprocity(settings_of(0, rounds=3000))
    for condition in (NULL, ABLATED):
        assert study.order(0.95, condition, 20).mean() < 0.1


@pytest.mark.parametrize("seed", range(2))
def test_one_bad_agent_is_refused_by_whoever_knows(seed):
    settings = settings_of(seed, agents=5)
    assert Reciprocity(settings).intervened(0.7, 20).mean() == pytest.approx(-0.7 / 5, abs=0.02)


def test_standings_follow_from_gifts_and_from_refusals_that_are_not_just():
    settings = settings_of(0)
    engine = Engine(settings.scenario(1.0, agents=3, rounds=8), 64)
    engine.reset(3)
    state, buffers = engine.state, engine.buffers
    np.testing.assert_array_equal(buffers.observations[..., 0], 1.0)
    engine.step(np.tile(np.array([[1.0], [-1.0], [0.5]], np.float32), (64, 1, 1)))
    np.testing.assert_array_equal(state.good, np.tile([True, False, True], (64, 1)))
    meets_bad = state.recipient == 1
    np.testing.assert_array_equal(buffers.observations[..., 0], np.where(meets_bad, 0.0, 1.0))
    engine.step(np.full((64, 3, 1), -1.0, np.float32))
    np.testing.assert_array_equal(state.good, np.where(meets_bad, [True, False, True], False))
    np.testing.assert_array_equal(state.award.worth, 0.0)
    engine.step(np.full((64, 3, 1), np.nan, np.float32))
    assert (buffers.invalid_actions == 3).all()


def test_gifts_are_worth_what_they_are_to_both_and_everybody_meets_everybody():
    settings = ReciprocitySettings(study="reciprocity", benefit=3.0, cost=1.0)
    engine = Engine(settings.scenario(0.5, agents=4, rounds=300), 8)
    engine.reset(0)
    met = np.zeros((4, 4))
    for _ in range(300):
        to = engine.state.recipient.copy()
        np.add.at(met, (np.tile(np.arange(4), (8, 1)), to), 1)
        engine.step(np.tile(np.array([[1.0], [-1.0], [-1.0], [-1.0]], np.float32), (8, 1, 1)))
        expected = np.full((8, 4), 0.0)
        expected[:, 0] = -1.0
        expected[np.arange(8), to[:, 0]] += 3.0
        np.testing.assert_allclose(engine.buffers.rewards, expected)
    assert (met.diagonal() == 0).all()
    np.testing.assert_allclose(met[~np.eye(4, dtype=bool)], 800, atol=5 * np.sqrt(800))


def test_the_do_operator_touches_one_agent_and_what_is_seen_of_it():
    engine = Engine(settings_of(0).scenario(0.6, agents=5, rounds=8), 256)
    engine.reset(1)
    before, seen = engine.snapshot(), engine.state.seen.copy()
    _do_bad(engine)
    changed = engine.state.seen != seen
    assert (engine.state.recipient[changed] == 0).all()
    assert changed.sum() == ((engine.state.recipient == 0) & (seen == 1.0)).sum() > 0
    np.testing.assert_array_equal(engine.buffers.observations[..., 0], engine.state.seen.astype(np.float32))
    engine.restore(before)
    np.testing.assert_array_equal(engine.state.seen, seen)


def test_faults_of_the_population_trip_its_bounds_within_ten_ticks():
    study = Reciprocity(settings_of(0))
    assert set(study.delays().values()) <= set(range(1, 11))
    assert study.false_alarms() == 0.0
    once, again = study.replayed(0.5)
    assert once == again


def test_sweeps_beyond_what_a_chance_can_be_are_refused():
    with pytest.raises(ValueError, match="smaller step"):
        ReciprocitySettings(study="reciprocity", benefit=1.0, cost=0.9)


@pytest.mark.slow
def test_all_six_obligations_are_met(tmp_path):
    settings = ReciprocitySettings(study="reciprocity", folder=str(tmp_path))
    found = run(settings, lambda share, said: None)
    assert all(one.holds is not False for one in found.figures), [one for one in found.figures if one.holds is False]
    assert found.said.startswith("6 of 6")
    assert prediction_of(settings).digest()[:16] in next(tmp_path.iterdir()).name
