"""The coordination market judged: truth has nothing to gain in each request, and naive incentives pay for lies."""

import pytest

import econo_env
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets

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
