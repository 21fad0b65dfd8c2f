"""Studies of populations: what they claim holds for parameters that stand on no page."""

import numpy as np
import pytest

from econo_env.policies import make_policy
from econo_env.policies.emergent.bid_curve import BidCurve
from econo_env.policies.emergent.replicator import fixation, meeting, replicate, wright_fisher
from econo_env.training.populations.empirical import returns
from econo_env.training.populations.replies import ppo_reply
from econo_env.training.studies.hawk_dove import HawkDove, HawkDoveSettings, measured, prediction_of
from econo_env.training.studies.hawk_dove import run as run_hawk_dove
from econo_env.training.studies.held_out import HeldOutSettings, co_players
from econo_env.training.studies.psro import bids_in
from econo_env.training.studies.reputation_weight import ReputationWeightSettings, gain_of
from tests.studies.test_studies import all_hold, found


class TestFinitePopulations:
    @pytest.mark.parametrize("seed", range(3))
    def test_large_ones_go_the_way_of_the_replicator(self, seed):
        generator = np.random.default_rng(seed)
        table, share = generator.normal(size=(2, 2)), float(generator.uniform(0.2, 0.8))
        path = wright_fisher(table, share, 1_000_000, 12, 0.4, runs=4, seed=seed)
        known = replicate(meeting(table), [share, 1.0 - share], 12, strength=0.4)[:, 0]
        np.testing.assert_allclose(path, known[:, None].repeat(4, axis=1), atol=0.01)

    @pytest.mark.parametrize("options", [{"strength": 0.0}, {"strength": 1.0, "shuffled": True}])
    def test_drift_knows_nothing_of_strategies(self, options):
        """The share stays in the mean, and one mutant in n takes over with chance 1 / n."""
        table = [[3.0, 3.0], [0.0, 0.0]]
        path = wright_fisher(table, 0.3, 50, 40, runs=4_000, seed=1, **options)
        error = path[-1].std() / np.sqrt(4_000)
        assert path[-1].mean() == pytest.approx(0.3, abs=5 * error)
        end = wright_fisher(table, 0.1, 10, 400, runs=4_000, seed=2, **options)[-1]
        assert set(np.unique(end)) == {0.0, 1.0}
        assert end.mean() == pytest.approx(fixation([[1, 1], [1, 1]], 10, 0.0), abs=0.025)

    def test_what_cannot_be_is_refused(self):
        for wrong in ({"share": 1.5}, {"population": 1}, {"strength": -1.0}, {"payoffs": np.eye(3)}):
            good = {"payoffs": np.eye(2), "share": 0.5, "population": 10, "generations": 1, "strength": 1.0}
            with pytest.raises(ValueError, match="from 0"):
                wright_fisher(**(good | wrong), runs=1, seed=0)


class TestHawkDove:
    @pytest.mark.parametrize("seed", range(3))
    def test_the_war_of_attrition_has_the_payoffs_of_hawks_and_doves(self, seed):
        cost = float(np.random.default_rng(seed).uniform(0.2, 4.0))
        np.testing.assert_allclose(measured(cost, seed), [[(1 - cost) / 2, 1.0], [0.0, 0.5]], atol=1e-5)

    @pytest.mark.parametrize("seed", range(2))
    def test_populations_mix_v_over_c(self, seed):
        cost = float(np.random.default_rng(seed).uniform(1.5, 4.0))
        shares = HawkDove(HawkDoveSettings(generations=120)).order(cost, "claimed", 20)
        assert shares.mean() == pytest.approx(1.0 / cost, abs=0.01)

    def test_faults_trip_the_bounds_and_a_sound_population_does_not(self):
        study = HawkDove(HawkDoveSettings())
        assert set(study.delays().values()) <= set(range(1, 11))
        assert study.false_alarms() == 0.0

    def test_the_push_is_predicted(self):
        settings = HawkDoveSettings(population=200_000)
        claim = prediction_of(settings)
        assert HawkDove(settings).intervened(claim.strong, 20).mean() == pytest.approx(claim.change, abs=0.002)

    @pytest.mark.slow
    def test_all_six_obligations_are_met(self, tmp_path):
        figures = run_hawk_dove(HawkDoveSettings(folder=str(tmp_path)), lambda share, said: None).figures
        all_hold({one.what: one for one in figures})


class TestReputationWeight:
    @pytest.mark.parametrize("seed", range(3))
    def test_gains_by_quadrature_are_those_of_play_and_largest_at_v_over_w(self, seed):
        generator = np.random.default_rng(seed)
        weights = tuple(generator.uniform(0.55, 1.6, 4).round(3))
        settings = ReputationWeightSettings(weights=weights, seats=(1,))
        scenario, share = settings.scenario("naive"), float(generator.uniform(0.6, 1.9))
        others = dict.fromkeys(range(4), make_policy("truthful", scenario))
        played = returns(scenario, others | {1: BidCurve(scenario, [share])}, seed, 16_384)[1]
        assert gain_of(weights, 1, share) == pytest.approx(played, abs=0.01)
        shares = np.linspace(0.5, 1.95, 146)
        best = shares[np.argmax([gain_of(weights, 1, one) for one in shares])]
        assert best == pytest.approx(1.0 / weights[1], abs=0.02)

    def test_a_learner_finds_most_of_it(self):
        """A third of the steps of the study, at the lowest weight: four fifths of the exact gain."""
        settings = ReputationWeightSettings()
        scenario = settings.scenario("naive")
        truth = make_policy("truthful", scenario)
        reply = ppo_reply(scenario, 0, truth, 50_000, seed=1)
        bids = bids_in(scenario, reply, np.array([0.8]), 0)
        earned = returns(scenario, dict.fromkeys(range(1, 5), truth) | {0: reply}, 7, 8_192)[0]
        assert bids[0] > 1.1
        honest, best = gain_of(settings.weights, 0, 1.0), gain_of(settings.weights, 0, 1.0 / 0.6)
        assert earned - honest > 0.8 * (best - honest)

    @pytest.mark.slow
    def test_learners_gain_what_is_known(self):
        all_hold(found("reputation_weight"))


class TestCompany:
    def test_co_players_of_different_streams_are_strangers_of_one_kind(self):
        import econo_env

        settings = HeldOutSettings()
        scenario = econo_env.load("first_price_v0", num_agents=2)
        familiar, unfamiliar = (co_players(settings, scenario, 200, stream) for stream in (1, 2))
        one, other = (np.array([curve.shares for curve in company]) for company in (familiar, unfamiliar))
        assert not np.isin(one, other).any()
        assert one.mean() == pytest.approx(other.mean(), abs=0.02)
        assert 0.1 <= min(one.min(), other.min()) < max(one.max(), other.max()) <= 0.4

    @pytest.mark.slow
    def test_unfamiliar_company_is_beaten_by_a_margin_whose_interval_excludes_0(self):
        figures = found("held_out")
        assert figures["margin over the equilibrium bidder"].low > 0.0
        assert figures["margin over one of them in the same seat"].low > 0.0
        all_hold(figures)

    @pytest.mark.slow
    def test_learners_find_the_equilibrium_of_first_price(self):
        all_hold(found("first_price"))
