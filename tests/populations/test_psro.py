"""Policy-space response oracles: the empirical game is the game, replies are best, runs resume to the bit."""

import json
from copy import deepcopy
from itertools import product

import numpy as np
import pytest
import torch

import econo_env
from econo_env.games.normal_form import auction
from econo_env.mechanisms.base import mechanism
from econo_env.policies import make_policy
from econo_env.policies.emergent.bid_curve import BidCurve
from econo_env.policies.emergent.double_oracle import double_oracle, equilibrium
from econo_env.policies.emergent.mixture import Mixture
from econo_env.policies.proactive import Learned, Network
from econo_env.training.config import config_from
from econo_env.training.logs import read_metrics
from econo_env.training.populations.empirical import EmpiricalGame, returns
from econo_env.training.populations.psro import PsroTrainer
from econo_env.training.run import resume_run, start_run
from econo_env.training.studies.psro import nash_conv_of_bids
from tests.training.conftest import SMALL, assert_same_bits, flat

TINY = {
    **SMALL,
    "scenario": {"id": "first_price_v0", "num_agents": 3},
    "algorithm": "psro",
    "sharing": "per_role",
    "total_timesteps": 192,
    "psro": {"replies": 3, "num_markets": 64},
}


class TestTheMeasure:
    @pytest.mark.parametrize("seed", range(6))
    def test_gains_on_linear_bids_are_those_of_the_closed_form(self, seed):
        """Others bid s v: the best reply is min(v (n-1)/n, s), and the gain follows by integration."""
        generator = np.random.default_rng(seed)
        bidders, share = int(generator.integers(2, 6)), float(generator.uniform(0.2, 1.0))
        values = (np.arange(2000) + 0.5) / 2000
        replies = np.minimum(values * (bidders - 1) / bidders, share)
        best = ((values - replies) * (replies / share) ** (bidders - 1)).mean()
        known = bidders * (best - (1.0 - share) / (bidders + 1))
        found = nash_conv_of_bids(share * values[None], values, np.ones(1), bidders)
        assert found == pytest.approx(known, abs=1e-3)

    @pytest.mark.parametrize("bidders", [2, 3, 5])
    def test_equilibrium_is_left_by_nobody_and_a_mixture_with_others_is(self, bidders):
        values = (np.arange(2000) + 0.5) / 2000
        share = (bidders - 1) / bidders
        bids = np.array([share * values, 0.3 * values])
        assert nash_conv_of_bids(bids, values, np.array([1.0, 0.0]), bidders) < 1e-3
        assert nash_conv_of_bids(bids, values, np.array([0.5, 0.5]), bidders) > 0.01


class TestTheEmpiricalGame:
    def test_every_profile_is_what_its_seating_earns(self):
        scenario = econo_env.load("first_price_v0", num_agents=3)
        game = EmpiricalGame(scenario, [[0, 2], [1]], seed=4, markets=256)
        shares = [[0.4, 0.7], [0.5, 0.9, 0.2]]
        game.add([[BidCurve(scenario, [share]) for share in own] for own in shares])
        form = game.normal_form()
        for first, second, third in product(range(2), range(3), range(2)):
            seated = game.seats_of((tuple(sorted((first, third))), (second,)))
            earned = returns(scenario, seated, 4, 256)
            assert form.payoffs[1][first, second, third] == earned[1]
            if first == third:
                assert form.payoffs[0][first, second, third] == earned[[0, 2]].mean()
            else:
                places = [0, 2] if first < third else [2, 0]
                assert [form.payoffs[p][first, second, third] for p in (0, 2)] == list(earned[places])

    def test_a_game_too_large_is_refused_before_it_is_played(self):
        scenario = econo_env.load("first_price_v0", num_agents=6)
        game = EmpiricalGame(scenario, [range(6)], 0, 8)
        with pytest.raises(ValueError, match="fewer replies"):
            game.add([[BidCurve(scenario, [0.5])] * 30])
        assert not game.policies[0]

    def test_replies_of_grid_bids_go_the_way_of_the_double_oracle(self):
        """First price, both value 1, bids 0, .1, ..., 1: NashConv .8, .7, ..., 0, and .9 and 1 are never found."""
        values = {"name": "empirical", "quantiles": [1.0, 1.0]}
        scenario = econo_env.load("first_price_v0", num_agents=2, values=values)
        game = EmpiricalGame(scenario, [[0, 1]], seed=1, markets=512)
        game.add([[BidCurve(scenario, [0.0])]])
        mixtures, kept, gains = [np.ones(1)], [0], []
        while True:
            others = game.mixture(mixtures, 3)
            earns = [
                returns(scenario, {0: BidCurve(scenario, [bid / 10]), 1: others}, 2, 512)[0] - 1e-9 * bid
                for bid in range(11)
            ]
            reply = int(np.argmax(earns))
            if reply in kept:
                break
            kept.append(reply)
            _, gained, mixtures = game.expand([BidCurve(scenario, [reply / 10])], mixtures, equilibrium)
            gains.append(gained)
        whole = auction(mechanism("first_price").rule, mechanism("first_price").parameters(), [10, 10], [range(11)] * 2)
        steps = double_oracle(whole, [[0], [0]])
        assert tuple(kept) == steps[-1].kept[0]
        known = [step.nash_conv / 10 for step in steps[:-1]]
        np.testing.assert_allclose(gains, known, atol=2 * 2 * 0.5 / np.sqrt(512))


class TestTheTrainer:
    def test_goes_on_to_the_bit_from_any_iteration(self):
        config = config_from(TINY)
        whole, states = PsroTrainer(config, 3), []
        while not whole.finished:
            whole.iterate()
            states.append(deepcopy(whole.state()))
        assert whole.expansions == 3
        assert whole.timesteps >= config.total_timesteps
        for at in (0, len(states) // 2, len(states) - 2):
            again = PsroTrainer(config, 3)
            again.restore(states[at])
            while not again.finished:
                again.iterate()
            assert_same_bits(flat(again.state()), flat(states[-1]))

    def test_replies_begin_where_they_earn_most_and_go_on_to_the_bit(self):
        """Of many mean actions the best is near the best bid against the first network, which bids half the value."""
        config = config_from(
            {**TINY, "scenario": "first_price_v0", "psro": {"replies": 2, "num_markets": 512, "starts": 40}}
        )
        whole, states = PsroTrainer(config, 3), []
        (learner,) = whole.learners.values()
        seats, bids = whole.roles["bidder"], np.linspace(-1.0, 1.0, 41)
        assert learner.num_timesteps == 0
        earned = {}
        for bid in [float(learner.policy.action_net.bias.detach()), *bids]:
            with torch.no_grad():
                learner.policy.action_net.bias.fill_(bid)
            reply = Learned(config.scenario, [Network.of_sb3(learner, seats)])
            earned[bid] = returns(config.scenario, {0: reply, 1: whole.policy()}, 5, 4096)[0]
        assert next(iter(earned.values())) > max(earned.values()) - 0.02
        assert next(iter(earned.values())) > np.mean(list(earned.values())) + 0.05
        whole = PsroTrainer(config, 3)
        while not whole.finished:
            whole.iterate()
            states.append(deepcopy(whole.state()))
        again = PsroTrainer(config, 3)
        again.restore(states[len(states) // 2])
        while not again.finished:
            again.iterate()
        assert_same_bits(flat(again.state()), flat(states[-1]))

    def test_a_run_writes_scalars_is_played_by_its_folder_and_goes_on(self, tmp_path, quiet):
        config = config_from(TINY)
        start_run(config, tmp_path / "run", quiet)
        rows = [row for row in read_metrics(tmp_path / "run") if "psro/nash_conv" in row]
        assert [row["psro/population"] for row in rows] == [2.0, 3.0, 4.0]
        assert all(row["psro/nash_conv"] >= -1e-12 for row in rows)
        assert {"psro/support/bidder", "psro/value/bidder"} <= rows[0].keys()
        scenario = econo_env.load("first_price_v0", num_agents=3)
        policy = make_policy(tmp_path / "run", scenario)
        assert isinstance(policy, Mixture) or policy.networks[0].share == 1.0
        assert returns(scenario, dict.fromkeys(range(3), policy), 0, 64).shape == (3,)
        resume_run(tmp_path / "run", ["total_timesteps=256"], quiet)
        assert json.loads((tmp_path / "run/summary.json").read_text())["timesteps"] >= 256

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"sharing": "shared"}, "per_role"),
            ({"warm_start": "runs/x"}, "from scratch"),
            ({"psro": {"solver": "nash"}}, "take replicator"),
        ],
    )
    def test_settings_that_do_not_fit_are_refused(self, changes, says):
        with pytest.raises(ValueError, match=says):
            config_from({**TINY, **changes})

    @pytest.mark.slow
    def test_a_population_comes_within_one_percent_of_equilibrium(self):
        """The bar: NashConv, by quadrature, below 1 % of the range of values, for two and for three bidders."""
        from econo_env.training.studies.base import read_study

        for bidders in (2, 3):
            study, settings = read_study("psro", [f"bidders={bidders}", "seeds=2", "replies=4", "steps=800000"])
            figures = {one.what: one for one in study.run(settings, lambda share, said: None).figures}
            assert figures["exact NashConv in the end"].value < 0.01
