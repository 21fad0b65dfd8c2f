"""A trained best response finds the hole of the flagship's first version, and none in the flagship."""

import pytest

import econo_env
from econo_env.policies import make_policy
from econo_env.training.evaluation.trained import trained_response

SEEDS = tuple(range(5))


def trained(name, seed, **options):
    scenario = econo_env.load(name)
    return trained_response(scenario, make_policy("truthful", scenario), SEEDS, training_seed=seed, **options)


@pytest.mark.slow
def test_winning_for_reputation_is_learned():
    """One agent at cost 0 earns 70 % more; the learner finds more than half of that."""
    found = trained("task_market_v0", 0)
    assert found.relative_gain.mean() > 0.35
    assert found.relative_gain.min() > 0.2


@pytest.mark.slow
def test_nothing_is_learned_where_lots_alone_build_reputation():
    found = trained("task_market_v1", 0)
    assert found.relative_gain.mean() <= 0.01


def test_it_starts_from_the_policy_and_learns_in_its_seat_alone():
    """After next to no training it earns about what the policy does; from scratch it would earn nothing."""
    found = trained("task_market_v1", 3, timesteps=1, agent=2, episodes=64)
    assert found.agent == 2
    assert found.relative_gain.mean() == pytest.approx(0.0, abs=0.15)
    assert found.gain.any()
