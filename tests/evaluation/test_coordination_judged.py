"""The coordination market judged: in each request, over episodes, and where naive incentives pay for lies."""

from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.markets.coordination import shading
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, episode_regrets, regrets
from econo_env.training.evaluation.incentives import episode_metrics

FILES = Path(__file__).parents[2] / "configs" / "scenarios"

BUDGET = Budget(types=12, actions=150, luck=256, finals=2)


def relative_gain(budget=BUDGET, **changes):
    """What the best deviation in one request gains over the utility of truth, where newcomers may bid for all."""
    scenario = econo_env.load("coordination_market_v0", **{"economy.eligibility.open_share": 1.0, **changes})
    regret = regrets(scenario, make_policy("truthful", scenario), (0, 1), budget=budget)[0]
    return float(regret.mean_gain.mean() / regret.mean_utility.mean())


def naive(incentive, **changes):
    return {"economic_incentives.naive": [incentive], **changes}


def test_truth_has_nothing_to_gain_by_vickrey_and_the_same_search_exposes_naive_incentives():
    assert relative_gain() <= 1e-3
    assert relative_gain(**naive("performance_bonus")) > 0.3
    assert relative_gain(**naive("staking_requirement", bids="amount")) > 0.01


@pytest.mark.slow
def test_a_reputation_weight_is_harmless_at_its_critical_value_alone():
    weighted = {"economic_incentives.reputation_weight": 1.0}
    assert relative_gain(**weighted) <= 1e-3
    assert relative_gain(**naive("reputation_weight", **weighted)) > 0.2


@pytest.mark.slow
@pytest.mark.parametrize("auction_type", ["vickrey", "scoring", "combinatorial"])
def test_truth_has_nothing_to_gain_in_any_truthful_auction(auction_type):
    budget = Budget(types=16, actions=400, luck=512, finals=4)
    changes = {"auction_type": auction_type, "available_supply": 2, "agents.synergy": 0.3}
    assert relative_gain(budget, **changes) <= 1e-3
    assert relative_gain(budget, **changes, bids="amount") <= 1e-3


@pytest.mark.slow
def test_without_stake_lies_pay():
    assert relative_gain(**{"economy.contracts.stake_cap": 0.0, "bids": "amount"}) > 0.1


def over_episodes(auction_type, policy, episodes):
    """What the search over episodes finds that one agent gains on others who follow the policy, of its utility."""
    scenario = econo_env.load(FILES / f"coordination_{auction_type}.yaml")
    budget = Budget(types=8, actions=32, luck=64, finals=2, episodes=episodes)
    (found,) = episode_regrets(scenario, make_policy(policy, scenario), (0, 1, 2), budget=budget)
    return episode_metrics([found])["episode_relative_gain"].mean, found


@pytest.mark.slow
@pytest.mark.parametrize("auction_type", ["vickrey", "scoring", "english", "combinatorial", "sealed_bid", "dutch"])
def test_the_equilibrium_of_each_request_leaves_a_hundredth_over_the_episode_at_most(auction_type):
    """Truth where what is owed is set by others, shaded bids where holders owe their own."""
    share, _ = over_episodes(auction_type, "equilibrium", 1024 if auction_type == "dutch" else 256)
    assert share <= 0.01


@pytest.mark.slow
@pytest.mark.parametrize("auction_type", ["sealed_bid", "dutch"])
def test_where_holders_owe_their_own_bids_truth_is_a_naive_benchmark(auction_type):
    share, found = over_episodes(auction_type, "truthful", 128)
    assert found.taken
    assert "bid" in found.deviation
    assert share > 0.3


@pytest.fixture
def uniform_values(monkeypatch):
    """Rivals whose contracts are worth U[0, 1] of the task's value."""
    even = (np.arange(100_000) + 0.5) / 100_000
    monkeypatch.setattr(shading, "laws", lambda scenario: (even, even))
    shading.highest_of.cache_clear()
    yield
    shading.highest_of.cache_clear()


def bids_at(values, rivals, tasks, reserve, auction_type="sealed_bid"):
    """Shaded bids for so many tasks that nobody holds, of two."""
    scenario = econo_env.load("coordination_market_v0", auction_type=auction_type, available_supply=2)
    each = np.ones(len(values), dtype=np.int64)
    seen = shading.Seen(values, reserve * np.ones(len(values)), rivals * each, tasks * each, each > 0)
    return shading.shaded(scenario, seen)


@pytest.mark.parametrize("rivals", [1, 2, 3, 4])
@pytest.mark.parametrize("reserve", [0.0, 0.2])
def test_a_bid_for_one_of_two_tasks_is_what_the_second_of_the_rivals_is_worth_where_that_is_less(
    uniform_values, rivals, reserve
):
    """E[max(Y, r) | Y < v] by drawing the rivals; with fewer rivals than tasks the reserve."""
    values = np.array([0.3, 0.5, 0.9])
    found = bids_at(values, rivals, 2, reserve)
    draws = np.sort(np.random.default_rng(rivals).random((400_000, rivals)), axis=1)
    second = draws[:, -2] if rivals >= 2 else np.zeros(len(draws))
    for value, bid in zip(values, found, strict=True):
        known = np.maximum(second[second < value], reserve)
        assert bid == pytest.approx(known.mean(), abs=4 * known.std() / np.sqrt(len(known)) + 1e-3)
    assert (bids_at(np.array([0.05, 0.1]), rivals, 2, 0.2) == [0.05, 0.1]).all(), "who values it less wants none"


def test_the_last_task_of_a_falling_clock_is_bid_for_as_in_a_first_price_auction_among_those_left(uniform_values):
    values = np.linspace(0.1, 1.0, 10)
    for rivals in (2, 3, 4):
        np.testing.assert_allclose(bids_at(values, rivals, 1, 0.0, "dutch"), values * (rivals - 1) / rivals, atol=1e-3)
    np.testing.assert_allclose(bids_at(values, 4, 2, 0.0, "dutch"), bids_at(values, 4, 2, 0.0))
