"""Deviations through whole episodes: the known hole of the task market is found, and nothing where truth is best."""

import json

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, episode_regrets, evaluate
from econo_env.training.evaluation.deviations import Change, Condition, Deviating, Replaced
from econo_env.training.evaluation.episode_search import EpisodeRegret, Episodes
from econo_env.training.evaluation.evaluation import _doubts
from econo_env.training.evaluation.incentives import episode_metrics
from econo_env.training.evaluation.metrics import Metric

SEEDS = tuple(range(5))
QUICK = Budget(types=8, actions=32, luck=64, finals=2, episodes=256)
ALWAYS_COST_0 = (Change(0, -1.0, shift=False),)
KNOWN_GAIN = 7.14 - 4.20  # credits an episode of task_market_v0, one agent at cost 0, the others truthful


def judged(**overrides):
    scenario = econo_env.load("task_market_v0", **overrides)
    (found,) = episode_regrets(scenario, make_policy("truthful", scenario), SEEDS, budget=QUICK)
    return found, episode_metrics([found])


def test_winning_for_reputation_is_found():
    found, metrics = judged()
    assert found.taken
    assert found.own_utility.mean() == pytest.approx(4.20, rel=0.08)
    assert metrics["episode_regret_mean"].mean >= 0.6 * KNOWN_GAIN
    assert metrics["episode_relative_gain"].mean >= 0.6 * KNOWN_GAIN / 4.20
    assert metrics["episode_regret_mean"].ci95[0] > 0.0
    assert metrics["episode_relative_gain"].by_seed == pytest.approx(found.gain / found.own_utility)


def test_where_every_task_is_open_truth_stays_best():
    found, metrics = judged(**{"economy.eligibility.open_share": 1.0})
    figure = metrics["episode_relative_gain"]
    assert not found.taken
    assert figure.mean == 0.0
    assert figure.ci95[0] <= 0.0 <= figure.ci95[1] < 0.02
    assert figure.ci95[1] >= (found.measured_gain / found.own_utility).mean()


def test_one_agent_at_cost_0_earns_what_was_measured_by_hand():
    scenario = econo_env.load("task_market_v0")
    sample = Episodes(scenario, make_policy("truthful", scenario), 0, seed=3, markets=4096)
    assert sample.own.mean() == pytest.approx(4.1, rel=0.04)
    assert sample.gains(ALWAYS_COST_0).mean() == pytest.approx(KNOWN_GAIN, rel=0.06)


def test_what_changes_nothing_gains_exactly_nothing():
    """Common random numbers: also for a policy with luck of its own."""
    scenario = econo_env.load("task_market_v0")
    for name in ("truthful", "random"):
        sample = Episodes(scenario, make_policy(name, scenario), 1, seed=3, markets=64)
        assert not sample.gains((Change(0, 0.0, shift=True),)).any()
        assert sample.gains(ALWAYS_COST_0).any()


def test_noise_averages_to_nothing():
    """The best of many deviations looks good where it was chosen; what is measured on other episodes does not."""
    scenario = econo_env.load("first_price_v0", max_cycles=4, num_agents=3)
    policy = make_policy("equilibrium", scenario)
    tiny = Budget(episodes=16)
    found = [episode_regrets(scenario, policy, (seed, seed + 100), budget=tiny)[0] for seed in range(8)]
    screened = []
    for regret in found:
        assert regret.measured_gain.shape == (2,)
        screened.append(regret.gain.mean())
    own = np.mean([regret.own_utility.mean() for regret in found])
    assert np.mean(screened) < 0.02 * own
    for regret in found:
        assert regret.taken == (regret.selected_gain > regret.noticeable_gain > 0.0)
        assert regret.gain.any() <= regret.taken
    assert sum(regret.taken for regret in found) <= 4, "two standard errors are not passed by noise as a rule"


def test_one_tick_tells_all_where_ticks_do_not_hang_together():
    apart = [
        econo_env.load("first_price_v0"),
        econo_env.load("first_price_v0", max_cycles=5, feedback="nothing"),
        econo_env.load("english_v0"),
        econo_env.load("task_market_v0", max_cycles=1),
    ]
    for scenario in apart:
        assert not scenario.ticks_hang_together
        assert episode_regrets(scenario, make_policy("truthful", scenario), SEEDS) == []
    together = [
        econo_env.load("task_market_v0"),
        econo_env.load("task_market_v0", **{"economy.eligibility.open_share": 1.0}),
        econo_env.load("first_price_v0", max_cycles=5, feedback="all_bids"),
        econo_env.load("sequential_first_price_v0"),
        econo_env.load("continuous_double_auction_v1"),
    ]
    assert all(scenario.ticks_hang_together for scenario in together)


def test_a_deviation_changes_one_agent_where_its_condition_holds():
    class Still:
        """Does 0.25 in both components."""

        def reset(self, seed):
            """Nothing to restart."""

        def act(self, observations, mask):
            return np.full((*mask.shape, 2), 0.25, dtype=np.float32)

    observations = np.zeros((3, 2, 1), dtype=np.float32)
    observations[:, 1, 0] = [0.2, 0.6, 0.6]
    mask = np.array([[True, True], [True, True], [True, False]])
    where = Condition(column=0, threshold=0.5, above=True)
    changes = (Change(0, -0.5, shift=True, where=where), Change(1, 1.0, shift=False))
    actions = Deviating(Still(), 1, changes).act(observations, mask)
    assert np.all(actions[:, 0] == 0.25)
    np.testing.assert_array_equal(actions[:, 1], [[0.25, 1.0], [-0.25, 1.0], [0.25, 0.25]])
    own_move = Condition(column=1, threshold=0.3, above=False)  # behind one feature: the first component
    assert np.all(Deviating(Still(), 0, (Change(1, 0.5, False, own_move),)).act(observations, mask)[:, 0, 1] == 0.5)
    said = changes[0].words(("bid", "effort"), ("value",))
    assert said == "bid shifted by -0.5 where value > 0.5"
    mixed = Replaced(Still(), 0, Deviating(Still(), 0, (Change(0, 1.0, False),))).act(observations, mask)
    assert np.all(mixed[:, 0, 0] == 1.0)
    assert np.all(mixed[:, 1] == 0.25)


def regret_of(members, gain, utility, taken=True):
    return EpisodeRegret(members[0], members, "", taken, 1.0, 0.1, np.array(utility), np.array(gain))


def test_agents_count_once_and_what_was_rejected_widens_the_interval():
    taken, rejected = (
        regret_of((0, 1, 2), [1.0, 3.0], [2.0, 2.0]),
        regret_of((3,), [-1.0, 2.0], [6.0, 6.0], taken=False),
    )
    metrics = episode_metrics([taken, rejected])
    np.testing.assert_allclose(metrics["episode_regret_mean"].by_seed, [0.75, 2.25])
    np.testing.assert_allclose(metrics["episode_relative_gain"].by_seed, [0.25, 0.75])
    alone = episode_metrics([rejected])["episode_regret_mean"]
    assert (alone.mean, alone.ci95[0]) == (0.0, 0.0)
    assert alone.ci95[1] > 0.5
    idle = episode_metrics([regret_of((0,), [1.0, 1.0], [0.0, -1.0])])["episode_relative_gain"]
    assert np.isnan(idle.mean)


def test_the_judgement_tells_both():
    result = evaluate("truthful", "task_market_v0", seeds=[0, 1], markets=32, budget=QUICK, baselines=["truthful"])
    document = json.loads(json.dumps(result.to_json(), allow_nan=False))
    told = {"regret_mean", "relative_gain", "utility_loss", "episode_regret_mean", "episode_relative_gain"}
    for metrics in (document["metrics"], *document["baselines"].values()):
        assert told | {"regret_worst", "satisfaction"} <= set(metrics)
    assert document["metrics"]["relative_gain"]["mean"] == 0.0
    assert document["metrics"]["episode_relative_gain"]["mean"] > 0.4
    assert "cost_report" in document["episode_regret"][0]["deviation"]
    assert document["baselines"]["truthful"] == document["metrics"]


def test_an_equilibrium_that_loses_is_doubted():
    def told(low):
        return Metric(0.02, (low, 0.04), "share", np.zeros(2))

    assert _doubts({"relative_gain": told(0.0), "episode_relative_gain": told(0.0009)}) == ""
    assert "over a tick: the best deviation gains 2.00%" in _doubts({"relative_gain": told(0.0011)})
    assert "over a whole episode" in _doubts({"relative_gain": told(0.0), "episode_relative_gain": told(0.01)})


def test_the_first_tick_is_judged_where_the_agent_may_act():
    """Utility and gain do not depend on how many tasks are shut to newcomers."""
    from econo_env.training.evaluation import regrets

    budget = Budget(types=16, actions=64, luck=1024, finals=4)
    own = []
    for share in (0.25, 1.0):
        scenario = econo_env.load("task_market_v0", **{"economy.eligibility.open_share": share})
        own.append(regrets(scenario, make_policy("truthful", scenario), SEEDS, budget=budget)[0].mean_utility.mean())
    assert own[0] == pytest.approx(own[1], rel=0.03)
    engine = Engine(econo_env.load("task_market_v0"), 4096)
    engine.reset(0)
    assert engine.buffers.action_mask.any(axis=1).mean() == pytest.approx(0.25, abs=0.03)
