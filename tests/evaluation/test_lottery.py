"""Truth over the whole episode: by lot no report buys standing, and the search finds next to nothing to gain."""

import numpy as np
import pytest

import econo_env
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, episode_regrets
from econo_env.training.evaluation.deviations import Change
from econo_env.training.evaluation.episode_search import _Episodes
from econo_env.training.evaluation.incentives import episode_metrics

FILE = "configs/scenarios/task_market_lottery.yaml"
MOST = 0.01  # of the own utility
KNOWN_GAIN = 0.77  # of the own utility without lots: one agent at cost 0, the others truthful


def scenarios():
    """With lots, and the same without."""
    with_lots = econo_env.load(FILE)
    plain = {name: own for name, own in with_lots.economy.items() if name != "lottery"}
    return with_lots, with_lots.replace(economy=plain)


def searched(scenario, seeds, episodes):
    """What the search finds that one agent gains on truthful others."""
    budget = Budget(types=8, actions=32, luck=64, finals=2, episodes=episodes)
    (found,) = episode_regrets(scenario, make_policy("truthful", scenario), tuple(range(seeds)), budget=budget)
    return found, episode_metrics([found])


def test_truth_gains_all_there_is_with_lots_and_not_without():
    with_lots, plain = scenarios()
    found, metrics = searched(with_lots, 5, 256)
    assert metrics["episode_relative_gain"].mean <= MOST
    assert found.measured_gain.mean() <= MOST * found.own_utility.mean()
    lying, metrics = searched(plain, 5, 256)
    assert lying.taken
    assert metrics["episode_relative_gain"].mean >= 0.6 * KNOWN_GAIN


def test_reports_that_win_every_task_lose_with_lots_and_gain_without():
    with_lots, plain = scenarios()
    gains = []
    for scenario in (with_lots, plain):
        sample = _Episodes(scenario, make_policy("truthful", scenario), 0, seed=3, markets=2048)
        gains.append(sample.gains((Change(0, -1.0, shift=False),)).mean() / sample.own.mean())
    assert gains[0] < -MOST
    assert gains[1] == pytest.approx(KNOWN_GAIN, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.1, 0.25])
def test_a_thorough_search_finds_at_most_a_hundredth(share):
    scenario = econo_env.load(FILE, **{"economy.lottery.share": share})
    found, metrics = searched(scenario, 10, 4096)
    gain = found.measured_gain / found.own_utility
    assert metrics["episode_relative_gain"].mean <= MOST
    assert gain.mean() + 2.3 * gain.std(ddof=1) / np.sqrt(10) <= MOST
