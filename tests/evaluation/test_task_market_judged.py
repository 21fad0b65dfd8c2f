"""The task market under judgement: truth is efficient and pays under full liability, and not without stake."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets
from econo_env.training.evaluation.incentives import regret_metrics
from econo_env.training.evaluation.play import play
from econo_env.training.evaluation.sampling import sampled_engine

BUDGET = Budget(types=16, actions=400, luck=512, finals=4)


@pytest.fixture(scope="module")
def open_tasks():
    """`open_tasks(**overrides)`: the flagship with every task open to newcomers."""
    return lambda **overrides: econo_env.load("task_market_v0", **{"economy.eligibility.open_share": 1.0, **overrides})


def test_truth_is_efficient_among_the_eligible_and_the_books_balance():
    scenario = econo_env.load("task_market_v0")
    record = play(scenario, make_policy("truthful", scenario), 0, 64)
    assert record.realised["value"] == pytest.approx(record.optimal["value"], rel=1e-6)
    assert record.realised["first_best_value"] < 0.95 * record.optimal["first_best_value"]  # reputation shuts some out
    assert record.imbalance < 1e-9
    assert record.deficits == 0
    assert record.rounds == 64 * scenario.max_cycles


def test_full_liability_leaves_nothing_to_gain(open_tasks):
    scenario = open_tasks()
    regret = regrets(scenario, make_policy("truthful", scenario), (0, 1, 2), budget=BUDGET)[0]
    assert regret.mean_gain.mean() <= 1e-3 * regret.mean_utility.mean()
    assert regret_metrics([regret])["interim_rational_share"].mean == 1.0


def test_without_stake_the_search_finds_that_exaggeration_pays(open_tasks):
    scenario = open_tasks(**{"economy.contracts.stake_cap": 0.0})
    regret = regrets(scenario, make_policy("truthful", scenario), (0, 1, 2), budget=BUDGET)[0]
    assert regret.mean_gain.mean() > 0.5 * regret.mean_utility.mean()
    reliability_report = regret.report_names.index("reliability_report")
    assert np.mean(regret.best_reports[:, reliability_report]) > 0.3


def test_setting_types_writes_what_the_engine_would_have_written():
    scenario = econo_env.load("task_market_v0")
    market, engine = market_of(scenario), Engine(scenario, 64)
    engine.reset(5)
    before = engine.snapshot()
    for agent in range(scenario.num_agents):
        market.types.put(scenario, engine, agent, market.types.now(scenario, engine.state)[:, agent])
    engine.show()
    for then, now in zip((*before.state, *before.buffers), engine.arrays(), strict=True):
        np.testing.assert_array_equal(then, now)


def test_sampled_types_follow_the_priors():
    scenario = econo_env.load("task_market_v0")
    market = market_of(scenario)
    drawn = market.types.now(scenario, sampled_engine(scenario, 4096, seed=0).state)
    means = [scenario.agents.cost.mean(), scenario.agents.reliability.mean()]
    np.testing.assert_allclose(drawn.mean(axis=(0, 1)), means, atol=2e-3)
    np.testing.assert_allclose(drawn.std(axis=0), np.array([[0.5, 0.7]]) / np.sqrt(12) * np.ones((5, 1)), atol=3e-3)
