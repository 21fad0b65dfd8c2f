"""Evolution: population-based training, CMA-ES and MAP-Elites find what is known to be best."""

import sys

import numpy as np
import pytest

import econo_env
from econo_env.policies.emergent.bid_curve import BidCurve
from econo_env.training.populations.elites import bidder_judge, illuminate
from econo_env.training.populations.empirical import EmpiricalGame
from econo_env.training.populations.evolution import CurveOracle, evolve
from econo_env.training.populations.pbt import perturbed, train_population
from econo_env.training.studies.base import read_study
from econo_env.training.studies.evolution import shading_payoff
from econo_env.training.studies.pbt import RATE, PbtSettings, learned, quality, toy


def best_share(others, bidders):
    """The share that is best against others who all bid s v, on a fine grid."""
    shares = np.linspace(0.001, 1.0, 4000)
    return float(shares[np.argmax(shading_payoff(shares, others, bidders))])


class TestPopulationBasedTraining:
    @pytest.mark.parametrize(("steps", "reached"), [(200, 1.171508), (1000, 1.2)])
    def test_two_workers_reach_what_neither_can_alone(self, steps, reached):
        grown = toy(PbtSettings(study="pbt", steps=steps))
        assert grown.scores[-1].max() == pytest.approx(reached, abs=1e-6)
        assert quality(np.array([0.9 * 0.98**200, 0.9])) == pytest.approx(0.389749, abs=1e-6)

    @pytest.mark.parametrize("seed", range(4))
    def test_the_toy_is_its_recursion_for_any_learning_rate(self, seed):
        """Each round the worker who shrinks the larger coordinate gains more, so t0 and t1 shrink in turn."""
        generator = np.random.default_rng(seed)
        rate, rounds = float(generator.uniform(0.001, 0.05)), int(generator.integers(2, 30))
        shrinks = (1.0 - 2.0 * rate) ** 10
        weights = np.array([0.9, 0.9])
        for _ in range(rounds):
            larger = int(np.argmax(weights > weights.max() - 1e-12))
            weights[larger] *= shrinks
        grown = toy(PbtSettings(study="pbt", steps=10 * rounds, rate=rate))
        assert grown.scores[-1].max() == pytest.approx(quality(weights), abs=1e-9)

    def test_the_worst_go_on_from_the_best_and_the_others_from_themselves(self):
        scores = iter([np.array([3.0, 1.0, 4.0, 2.0]), np.array([0.0, 0.0, 0.0, 0.0])])
        grown = train_population(
            list("abcd"), [{"x": 1.0}] * 4, lambda number, weights, setting: weights + str(number),
            lambda weights: next(scores), 2, share=0.25, explore=perturbed, seed=1,
        )  # fmt: skip
        assert grown.copied[0] == [0, 2, 2, 3]
        assert grown.weights[0] == "a00"
        assert grown.weights[1] == "c21"
        assert grown.settings[0] == {"x": 1.0}
        assert grown.settings[1]["x"] in (0.8, 1.25)

    @pytest.mark.parametrize(("members", "share"), [(1, 0.25), (3, 0.6), (3, 0.0)])
    def test_populations_that_cannot_be_are_refused(self, members, share):
        with pytest.raises(ValueError, match="at least 2"):
            train_population([0.0] * members, [0.0] * members, lambda *_: 0.0, np.array, 1, share=share)

    @pytest.mark.slow
    def test_learning_rates_of_ppo_evolve_to_those_that_learn_and_members_to_equilibrium(self):
        settings = PbtSettings(study="pbt", rounds=6)
        grown, distances = learned(settings, 0)
        assert min(one[RATE] for one in grown.settings) > 10 * min(settings.rates)
        assert max(distances) < 0.01
        _, far = learned(settings.model_copy(update={"rates": (1.0e-6, 1.0e-6)}), 0)
        assert min(far) > 0.05, "at a rate that is too small nobody learns anything"


class TestEvolutionStrategies:
    @pytest.mark.parametrize("seed", range(4))
    def test_cma_es_finds_the_best_share_against_any_others(self, seed):
        generator = np.random.default_rng(seed)
        bidders, others = int(generator.integers(2, 6)), float(generator.uniform(0.2, 1.0))
        found = evolve(
            lambda shares: float(shading_payoff(shares[0], others, bidders)), [0.9], spread=0.2, bounds=(0.0, 1.0),
            generations=60, seed=seed,
        )  # fmt: skip
        assert found.best[0] == pytest.approx(best_share(others, bidders), abs=2e-3)
        assert found.fitness[-1] == pytest.approx(
            shading_payoff(best_share(others, bidders), others, bidders), abs=1e-6
        )

    def test_a_reply_found_by_play_is_the_best_bid_function(self):
        """Rivals bid .6 v: min(v / 2, .6), by 1 % of what it earns."""
        scenario = econo_env.load("first_price_v0", num_agents=2)
        game = EmpiricalGame(scenario, [[0, 1]], 5, 4096)
        game.add([[BidCurve(scenario, [0.6])]])
        reply = CurveOracle(knots=1, generations=12, markets=2048, seed=3)(game, [np.ones(1)], 0, 0)
        best = shading_payoff(best_share(0.6, 2), 0.6, 2)
        assert shading_payoff(reply.shares[0], 0.6, 2) > 0.99 * best

    @pytest.mark.parametrize("wrong", [{"start": [2.0]}, {"spread": 0.0}, {"generations": 0}, {"bounds": (1.0, 0.0)}])
    def test_settings_out_of_range_are_refused(self, wrong):
        settings = {"start": [0.5], "spread": 0.1, "bounds": (0.0, 1.0), "generations": 2} | wrong
        with pytest.raises(ValueError, match="within bounds"):
            evolve(lambda _: 0.0, **settings)

    @pytest.mark.slow
    def test_populations_of_bid_functions_come_near_equilibrium(self):
        study, settings = read_study("psro", ["oracle=evolution", "seeds=2", "solver=uniform", "replies=8"])
        figures = {one.what: one for one in study.run(settings, lambda share, said: None).figures}
        assert figures["exact NashConv in the end"].value < 0.02


class TestQualityDiversity:
    @pytest.mark.parametrize("seed", range(2))
    def test_every_niche_holds_the_best_of_its_behaviour(self, seed):
        """Fitness in closed form, the share that is bid as behaviour: no cell's best is far below what it can be."""
        generator = np.random.default_rng(seed)
        bidders, others = int(generator.integers(2, 5)), float(generator.uniform(0.3, 1.0))
        found = illuminate(
            lambda shares: (float(shading_payoff(shares[0], others, bidders)), shares), [0.5], niches=[10],
            ranges=[(0.0, 1.0)], bounds=(0.0, 1.0), spread=0.2, rounds=60, seed=seed,
        )  # fmt: skip
        assert found.coverage == 1.0
        for share, fitness in zip(found.parameters[:, 0], found.fitness, strict=True):
            cell = np.floor(min(share, 1.0 - 1e-9) * 10) / 10
            most = shading_payoff(np.linspace(cell, cell + 0.1, 200), others, bidders).max()
            assert fitness > most - 0.004
        assert found.parameters[found.best, 0] == pytest.approx(best_share(others, bidders), abs=0.02)

    def test_bidders_are_told_apart_by_awards_and_shares(self):
        """Against .5 v the bid a v wins with chance a / 1 at a <= .5, and 1 - .25 / a above."""
        scenario = econo_env.load("first_price_v0", num_agents=2)
        judge = bidder_judge(scenario, {1: BidCurve(scenario, [0.5])}, seat=0, seed=3, markets=4096)
        for share, wins in ((0.25, 0.25), (0.5, 0.5), (1.0, 0.75)):
            fitness, behaviour = judge(np.array([share]))
            np.testing.assert_allclose(behaviour, [wins, share], atol=0.03)
            assert fitness == pytest.approx(shading_payoff(share, 0.5, 2), abs=0.01)


def test_a_sentence_says_how_to_install_the_libraries(monkeypatch):
    monkeypatch.setitem(sys.modules, "cmaes", None)
    monkeypatch.setitem(sys.modules, "ribs", None)
    with pytest.raises(ImportError, match=r"pip install 'econo-env\[evolution\]'"):
        evolve(lambda _: 0.0, [0.5], spread=0.1, bounds=(0.0, 1.0), generations=1)
    with pytest.raises(ImportError, match=r"pip install 'econo-env\[evolution\]'"):
        illuminate(lambda p: (0.0, p), [0.5], niches=[2], ranges=[(0, 1)], bounds=(0, 1), spread=0.1, rounds=1)
