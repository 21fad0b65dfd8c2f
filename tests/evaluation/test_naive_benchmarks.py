"""Scenarios named as naive benchmarks, and their cures: the search over episodes finds what the pages say."""

from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.economy.ledger import BURN
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, episode_regrets
from econo_env.training.evaluation.deviations import Change
from econo_env.training.evaluation.episode_search import Episodes
from econo_env.training.evaluation.incentives import episode_metrics

SCENARIOS = Path(__file__).parents[2] / "configs" / "scenarios"
MOST = 0.01  # of the own utility


def scenario_of(name):
    return econo_env.load(SCENARIOS / f"{name}.yaml")


def gained(scenario, seeds=3, episodes=256):
    """What the best deviation of a whole episode gains, over the utility of truth among the truthful."""
    budget = Budget(types=8, actions=32, luck=64, finals=2, episodes=episodes)
    (found,) = episode_regrets(scenario, make_policy("truthful", scenario), tuple(range(seeds)), budget=budget)
    return episode_metrics([found])["episode_relative_gain"].mean, found


def gain_of(name, component, amount, shift, episodes, **changes):
    """What one deviation gains of the own utility, and the standard error of that."""
    scenario = scenario_of(name).replace(**changes)
    sample = Episodes(scenario, make_policy("truthful", scenario), 0, seed=3, markets=episodes)
    at = market_of(scenario).action_names(scenario).index(component)
    gains = sample.gains((Change(at, amount, shift=shift),))
    own = sample.own.mean()
    return gains.mean() / own, gains.std(ddof=1) / np.sqrt(episodes) / own


def test_half_bids_earn_where_money_runs_out_and_lose_where_it_lasts():
    naive, error = gain_of("second_price_staking", "bid", -0.5, False, 48)
    assert naive - 3 * error > 1.0
    for amount in (-0.5, -0.1, 0.1, 0.5):
        cured, error = gain_of("second_price_staking_cured", "bid", amount, False, 48)
        assert cured < 3 * error


@pytest.mark.slow
def test_caution_earns_where_honest_failure_is_slashed_and_loses_where_it_is_not():
    naive, error = gain_of("task_market_staking", "reliability_report", -0.1, True, 4096)
    assert naive - 3 * error > MOST
    forgiving = {"economy.enforcement.grace": 100, "economy.downtime.served": 0.05}
    bought, error = gain_of("task_market_staking", "cost_report", -1.0, False, 4096, **forgiving)
    assert bought - 3 * error > 0.1, "by winning everything, for the sake of the reputation"
    for component in ("cost_report", "reliability_report", "effort"):
        for amount in (-0.4, -0.1, 0.1, 0.4):
            cured, error = gain_of("task_market_staking_cured", component, amount, True, 1500)
            assert cured < 3 * error + 1e-9, (component, amount)


@pytest.mark.slow
def test_the_search_exposes_second_price_staking_and_nothing_in_its_cure():
    share, found = gained(scenario_of("second_price_staking"), 2, 128)
    assert "bid" in found.deviation
    assert share > 1.0
    share, found = gained(scenario_of("second_price_staking_cured"))
    assert share <= MOST
    assert found.measured_gain.mean() <= MOST * found.own_utility.mean()


@pytest.mark.slow
def test_the_search_exposes_task_market_staking_and_next_to_nothing_in_its_cure():
    share, found = gained(scenario_of("task_market_staking"), 3, 1536)
    assert found.taken
    assert share > 0.05
    share, found = gained(scenario_of("task_market_staking_cured"), 3, 512)
    assert share <= MOST
    assert found.measured_gain.mean() <= MOST * found.own_utility.mean()


@pytest.mark.slow
def test_the_truthful_run_out_of_money_in_the_one_and_lose_no_stake_in_the_other():
    for name, short in (("second_price_staking", True), ("second_price_staking_cured", False)):
        scenario = scenario_of(name)
        engine, truthful, struck = Engine(scenario, 64), make_policy("truthful", scenario), []
        engine.reset(0)
        for _ in range(scenario.max_cycles - 1):
            engine.step(truthful.act(engine.buffers.observations, engine.buffers.action_mask))
            struck.append((engine.world.ledger.struck > 0).mean())
            assert short or not engine.world.staking.slashed.any()
            assert short or not engine.world.default.walked.any()
        assert np.mean(struck[:20]) < 0.02
        assert (np.mean(struck[-20:]) > 0.2) == short
        assert short or not engine.world.ledger.balances[:, BURN].any()
