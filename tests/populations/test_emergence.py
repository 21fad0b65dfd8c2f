"""Emergence that can be tested: the six obligations fall for whoever does not meet them."""

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from econo_env.policies.emergent.bounds import ERRING, POOR, SCATTERED, Bounds, PopulationLimits, agreement
from econo_env.training.emergence import (
    ABLATED,
    CLAIMED,
    NULL,
    Prediction,
    is_as_registered,
    judge,
    permutation_test,
    register,
    switch_point,
)

CLAIM = Prediction(
    study="made_up", order_parameter="share", law="by construction", threshold=0.4, tolerance=0.05,
    sweep=(0.2, 0.3, 0.35, 0.45, 0.6), strong=0.6, null="none", ablation="none", intervention="none", change=-0.5,
    change_tolerance=0.05, seeds=24,
)  # fmt: skip


class MadeUp:
    """Switches at .4; each fault is one thing that a claim gets wrong."""

    def __init__(self, fault=""):
        self.fault, self.luck = fault, np.random.default_rng(0)

    def order(self, at, condition, seeds):
        switch = 0.55 if self.fault == "law" else 0.4
        real = condition == CLAIMED or (condition == NULL and self.fault == "null model")
        real |= condition == ABLATED and self.fault == "ablation"
        return (0.9 if real and at > switch else 0.1) + 0.02 * np.random.default_rng(3).normal(size=seeds)

    def replayed(self, at):
        return b"one", b"other" if self.fault == "replay" else b"one"

    def intervened(self, at, seeds):
        return np.full(seeds, -0.2 if self.fault == "intervention" else -0.5) + 0.01 * self.luck.normal(size=seeds)

    def delays(self):
        return {"one": 3, "other": 11 if self.fault == "bounds" else 10}

    def false_alarms(self):
        return 0.1 if self.fault == "alarms" else 0.0


def silent(share, said):
    assert 0.0 <= share <= 1.0


class TestObligations:
    def test_a_claim_that_holds_meets_all_six(self, tmp_path):
        verdict = judge(CLAIM, MadeUp(), tmp_path, silent)
        assert verdict.emerged, verdict.obligations
        found = verdict.findings(CLAIM, "chance")
        assert all(one.holds is not False for one in found.figures)
        assert found.said.startswith("6 of 6")

    @pytest.mark.parametrize(
        ("fault", "falls"),
        [(name, name) for name in ("law", "ablation", "replay", "bounds")]
        + [("intervention", "replay"), ("alarms", "bounds")],
    )
    def test_a_claim_that_is_wrong_in_one_thing_falls_by_that(self, tmp_path, fault, falls):
        verdict = judge(CLAIM, MadeUp(fault), tmp_path, silent)
        assert [one.name for one in verdict.obligations if not one.met] == [falls]

    def test_what_a_null_model_does_too_is_no_emergence(self, tmp_path):
        verdict = judge(CLAIM, MadeUp("null model"), tmp_path, silent)
        assert not verdict.obligations[2].met
        assert not verdict.emerged


class TestRegistration:
    def test_it_is_written_before_anything_is_run(self, tmp_path):
        class Looks(MadeUp):
            def order(self, at, condition, seeds):
                (path,) = tmp_path.glob("made_up-*.json")
                assert json.loads(path.read_text())["threshold"] == 0.4
                assert is_as_registered(CLAIM, path)
                return super().order(at, condition, seeds)

        judge(CLAIM, Looks(), tmp_path, silent)

    def test_what_is_predicted_is_not_changed_after_the_fact(self, tmp_path):
        register(CLAIM, tmp_path)
        register(CLAIM, tmp_path)
        with pytest.raises(ValueError, match="not changed after the fact"):
            register(replace(CLAIM, threshold=0.41), tmp_path)
        register(replace(CLAIM, study="other"), tmp_path)

    def test_a_file_that_was_written_over_is_no_registration(self, tmp_path):
        class Cheats(MadeUp):
            def false_alarms(self):
                (path,) = tmp_path.glob("*.json")
                path.write_text(replace(CLAIM, tolerance=0.5).text())
                return 0.0

        path = register(CLAIM, tmp_path)
        assert is_as_registered(CLAIM, path)
        judge(CLAIM, Cheats(), tmp_path, silent)
        assert not is_as_registered(CLAIM, path)
        assert not judge(CLAIM, MadeUp(), tmp_path, silent).obligations[0].met

    @pytest.mark.parametrize("wrong", [{"seeds": 19}, {"sweep": (0.1, 0.2, 0.3)}, {"sweep": (0.2, 0.6, 0.5)}])
    def test_a_claim_that_nothing_could_refute_is_refused(self, wrong):
        with pytest.raises(ValueError, match="at least"):
            replace(CLAIM, **wrong)


class TestStatistics:
    @pytest.mark.parametrize("seed", range(4))
    def test_a_permutation_test_is_that_of_all_relabellings(self, seed):
        generator = np.random.default_rng(seed)
        one, other = generator.normal(size=5), generator.normal(0.8, 1.0, 5)
        whole = np.concatenate([one, other])
        found = abs(one.mean() - other.mean())
        apart = []
        for chosen in combinations(range(10), 5):
            rest = [place for place in range(10) if place not in chosen]
            apart.append(abs(whole[list(chosen)].mean() - whole[rest].mean()) >= found - 1e-12)
        assert permutation_test(one, other) == pytest.approx(np.mean(apart), abs=0.02)

    def test_the_same_is_not_told_apart_more_often_than_the_level_says(self):
        generator = np.random.default_rng(7)
        p = [permutation_test(*generator.normal(size=(2, 20))) for _ in range(60)]
        assert np.mean(np.array(p) < 0.05) < 0.15
        assert permutation_test(np.zeros(20), np.ones(20)) == pytest.approx(1e-4)

    @pytest.mark.parametrize("seed", range(4))
    def test_a_switch_is_found_where_it_is(self, seed):
        generator = np.random.default_rng(seed)
        switch, width = generator.uniform(0.3, 0.7), generator.uniform(0.005, 0.05)
        at = np.linspace(0.0, 1.0, 21)
        rises = 1.0 / (1.0 + np.exp(-(at - switch) / width))
        assert switch_point(at, rises) == pytest.approx(switch, abs=0.03)
        assert switch_point(at, 5.0 - 2.0 * rises) == pytest.approx(switch, abs=0.03)
        assert np.isnan(switch_point(at, np.ones(21)))


class Plays:
    """Plays whatever it is given, (agents,)."""

    name = "plays"

    def __init__(self, actions):
        self.actions = np.array(actions, dtype=np.float32)

    def reset(self, seed):
        pass

    def act(self, observations, mask):
        return np.broadcast_to(self.actions[:, None], (*mask.shape, 1)).copy()


def ticks_until_it_trips(before, after, reward_before, reward_after, most=30, **options):
    """Ticks of a fault until the bounds of two markets trip; both numbers are told: of a sound time, and of a fault."""
    population = Plays(before)
    bounds = Bounds(population, Plays([0.25] * len(before)), **options)
    bounds.reset(0)
    seen, mask = np.zeros((2, len(before), 1), np.float32), np.ones((2, len(before)), np.bool_)

    def tick(reward):
        bounds.act(seen, mask)
        bounds.observe(np.full(mask.shape, reward), np.zeros(2, np.bool_))

    for _ in range(80):
        tick(reward_before)
    assert not bounds.trips.any()
    population.actions = np.array(after, dtype=np.float32)
    for ticks in range(1, most):
        tick(reward_after)
        if bounds.trips.all():
            np.testing.assert_allclose(bounds.act(seen, mask)[..., 0], 0.25)
            return ticks, int(bounds.reasons()[0])
    return most, 0


class TestBounds:
    together = (1.0, 1.0, 1.0, 1.0)

    def test_members_that_fall_apart_trip_them(self):
        assert ticks_until_it_trips(self.together, [1, -1, 1, -1], 1.0, 1.0) == (6, SCATTERED)
        assert ticks_until_it_trips(self.together, [1, 1, 1, -1], 1.0, 1.0)[0] == 30, "half is still together"

    @pytest.mark.parametrize("level", [1.0, -1.0, 5.0])
    def test_a_fifth_less_trips_them_and_less_than_that_does_not(self, level):
        assert ticks_until_it_trips(self.together, self.together, level, level - 0.21 * abs(level)) == (10, POOR)
        assert ticks_until_it_trips(self.together, self.together, level, level - abs(level)) == (3, POOR)
        assert ticks_until_it_trips(self.together, self.together, level, level - 0.19 * abs(level))[0] == 30
        assert ticks_until_it_trips(self.together, self.together, level, level, baseline=level)[0] == 30

    def test_a_tenth_of_errors_trips_them(self):
        assert ticks_until_it_trips([1.0] * 8, [np.nan] + [1.0] * 7, 1.0, 1.0) == (9, ERRING)
        assert ticks_until_it_trips([1.0] * 8, [2.0, np.nan] + [1.0] * 6, 1.0, 1.0) == (5, ERRING)
        assert ticks_until_it_trips([1.0] * 12, [np.nan] + [1.0] * 11, 1.0, 1.0)[0] == 30

    def test_an_action_that_is_none_is_the_fallbacks_at_once(self):
        bounds = Bounds(Plays([np.nan, 1.0]), Plays([0.25, 0.25]))
        found = bounds.act(np.zeros((1, 2, 1), np.float32), np.ones((1, 2), np.bool_))
        np.testing.assert_allclose(found[0, :, 0], [0.25, 1.0])

    def test_the_population_comes_back_after_the_hold_and_goes_on_from_a_snapshot(self):
        limits = PopulationLimits(hold=5)
        bounds = Bounds(Plays([1, -1]), Plays([0.25, 0.25]), limits)
        seen, mask = np.zeros((3, 2, 1), np.float32), np.ones((3, 2), np.bool_)
        played = []
        for tick in range(60):
            played.append(bounds.act(seen, mask)[0, 0, 0])
            bounds.observe(np.ones(mask.shape), np.zeros(3, np.bool_))
            if tick == 12:
                memory = bounds.snapshot()
        expected = (10 * [1.0] + 5 * [0.25]) * 4
        np.testing.assert_allclose(played, expected)
        assert (bounds.trips == 4).all()
        again = Bounds(Plays([1, -1]), Plays([0.25, 0.25]), limits)
        again.restore({name: array[1:] for name, array in memory.items()})
        rest = []
        for _ in range(13, 60):
            rest.append(again.act(seen[1:], mask[1:])[0, 0, 0])
            again.observe(np.ones((2, 2)), np.zeros(2, np.bool_))
        np.testing.assert_allclose(rest, expected[13:])

    def test_agreement_is_the_length_of_the_mean_direction(self):
        actions = np.array([[[1.0], [0.5], [-1.0], [0.2]], [[1.0], [np.nan], [1.0], [-1.0]]], np.float32)
        mask = np.array([[True] * 4, [True, True, True, False]])
        np.testing.assert_allclose(agreement(actions, mask), [0.5, 1.0])

    @pytest.mark.parametrize("wrong", [{"coherence": 1.5}, {"window": 60}, {"hold": 0}])
    def test_limits_are_checked(self, wrong):
        with pytest.raises(ValueError, match=r"from 0 to 1|window"):
            PopulationLimits(**wrong)
