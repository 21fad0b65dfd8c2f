"""Reputation-weighted second price: the critical payment is truthful, the naive one is found to be defective."""

import numpy as np
import pytest

import econo_env
from econo_env.training.evaluation import Budget, regrets
from econo_env.training.evaluation.play import play

SEEDS = tuple(range(5))
BUDGET = Budget(types=64, bids=512, selection=16384, evaluation=8192)
CRITICAL = "configs/scenarios/weighted_second_price.yaml"
NAIVE = "configs/scenarios/weighted_second_price_naive.yaml"


def relative_gains(path, policy):
    found = regrets(econo_env.load(path), policy, SEEDS, budget=BUDGET)
    return [regret.mean_gain.mean() / regret.mean_utility.mean() for regret in found], found


def test_the_critical_payment_leaves_nothing_to_gain(linear_bid):
    gains, found = relative_gains(CRITICAL, linear_bid(1.0))
    assert len(gains) == 5
    assert max(gains) == 0.0
    assert all(regret.own_utility.min() >= 0.0 for regret in found)


def test_the_search_finds_the_defect_of_the_naive_payment(linear_bid):
    gains, found = relative_gains(NAIVE, linear_bid(1.0))
    assert gains[0] > 0.7  # low reputation: the price is too low, it overbids
    assert gains[-1] > 0.7  # high reputation: the price is too high, it shades
    ratio = [np.nanmean(regret.best_reports[32:] / regret.types[32:]) for regret in found]
    assert ratio[0] > 1.2
    assert ratio[-1] < 0.9
    assert abs(gains[2]) < 1e-3  # a weight of 1 pays the critical value


@pytest.mark.slow
def test_the_action_search_finds_it_too(linear_bid):
    budget = Budget(types=24, actions=96, luck=1024)
    found = regrets(econo_env.load(NAIVE), linear_bid(1.0), SEEDS, budget=budget, method="action_grid")
    assert found[0].mean_gain.mean() / found[0].mean_utility.mean() > 0.7
    assert found[-1].mean_gain.mean() / found[-1].mean_utility.mean() > 0.7


@pytest.mark.parametrize(("path", "losing"), [(CRITICAL, 0.0), (NAIVE, 0.30)])
def test_truthful_winners_lose_only_under_the_naive_payment(linear_bid, path, losing):
    record = play(econo_env.load(path), linear_bid(1.0), 0, 20_000)
    assert record.losses / record.rounds == pytest.approx(losing, abs=0.01)
    assert record.imbalance < 1e-9


def test_weights_cost_efficiency_on_values_and_none_on_weighted_values(linear_bid):
    record = play(econo_env.load(CRITICAL), linear_bid(1.0), 0, 20_000)
    assert record.realised["value"] / record.optimal["value"] == pytest.approx(0.929, abs=0.004)
    assert record.realised["weighted_value"] == pytest.approx(record.optimal["weighted_value"], rel=1e-12)
