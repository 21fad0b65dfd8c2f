"""The scenarios that are named as naive benchmarks: the search over episodes finds what their pages say."""

from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, episode_regrets
from econo_env.training.evaluation.incentives import episode_metrics

SCENARIOS = Path(__file__).parents[2] / "configs" / "scenarios"
BUDGET = Budget(types=8, actions=32, luck=64, finals=2, episodes=128)


def gained(scenario):
    """What the best deviation of a whole episode gains, over the utility of truth among the truthful."""
    (found,) = episode_regrets(scenario, make_policy("truthful", scenario), (0, 1), budget=BUDGET)
    return episode_metrics([found])["episode_relative_gain"].mean, found


@pytest.mark.slow
def test_half_bids_earn_more_than_twice_as_much_again_where_money_runs_out():
    share, found = gained(econo_env.load(SCENARIOS / "second_price_staking.yaml"))
    assert "bid" in found.deviation
    assert share > 1.0


@pytest.mark.slow
def test_the_truthful_run_out_of_money_there():
    scenario = econo_env.load(SCENARIOS / "second_price_staking.yaml")
    engine, truthful, struck = Engine(scenario, 64), make_policy("truthful", scenario), []
    engine.reset(0)
    for _ in range(scenario.max_cycles - 1):
        engine.step(truthful.act(engine.buffers.observations, engine.buffers.action_mask))
        struck.append((engine.world.ledger.struck > 0).mean())
    assert np.mean(struck[:20]) < 0.02
    assert np.mean(struck[-20:]) > 0.2
