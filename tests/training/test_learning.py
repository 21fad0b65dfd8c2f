"""Learned bids come to equilibrium, and learned clocks to the sealed bids that they amount to."""

import numpy as np
import pytest

from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.training.config import read_config
from econo_env.training.evaluation import regrets
from econo_env.training.run import start_run
from tests.training.self_play import VALUES, bids_of, clock_gap, judge, stops_of


@pytest.mark.parametrize("n", [2, 5])
def test_the_judge_knows_equilibrium_from_shading(n):
    exact = judge(lambda values: (n - 1) / n * values, n)
    assert exact.loss < 1e-4
    assert exact.error < 1e-12
    # against rivals who bid a share s of their values the best share is (n - 1) / n, as long as s allows it: n = 2,
    # s = 0.6 gives u = 0.4 x 0.6 / 0.6 = 0.4 of what 0.25 / 0.6 gives
    if n == 2:
        assert judge(lambda values: 0.6 * values, 2).loss == pytest.approx(1 - 0.4 * 0.6 / 0.25, abs=1e-3)


QUICK = ["total_timesteps=600_000", "learner.n_steps=2", "learner.batch_size=2048"]


def trained(name, folder, console, *changes):
    """The run and scenario of a training with shipped settings, changed."""
    config = read_config(name, changes)
    start_run(config, folder, console)
    return folder, config.scenario


def test_first_price_comes_near_equilibrium_in_seconds(quiet, tmp_path):
    result = judge(bids_of(*trained("first_price", tmp_path / "run", quiet, *QUICK)), 2)
    assert result.loss < 0.01
    assert result.error < 0.03


def test_second_price_comes_near_truth_in_seconds(quiet, tmp_path):
    bids = bids_of(*trained("second_price", tmp_path / "run", quiet, *QUICK))(VALUES)
    assert np.abs(bids - VALUES)[VALUES > 0.05].max() < 0.02


def test_the_button_comes_within_one_tick_of_the_value_in_seconds(quiet, tmp_path):
    run, scenario = trained("english", tmp_path / "run", quiet, "total_timesteps=1_000_000")
    away = np.abs(stops_of(run, scenario)(VALUES) - VALUES) / scenario.mechanism.increment
    assert away[VALUES > 0.05].max() <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("clock", "sealed"), [("dutch", "first_price"), ("english", "second_price")])
def test_learned_clocks_equal_learned_sealed_bids_within_one_tick(clock, sealed, seed, quiet, tmp_path):
    """At the shipped settings of both, at every value that wins in more than 5 % of sales."""
    clock_run = trained(clock, tmp_path / "clock", quiet, f"seeds=[{seed}]")
    gap = clock_gap(*clock_run, *trained(sealed, tmp_path / "sealed", quiet, f"seeds=[{seed}]"))
    assert gap.worst <= 1.0
    assert gap.mean <= 0.5
    assert gap.prices >= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", ["sequential_first_price_v0", "sequential_second_price_v0"])
def test_sequential_sales_are_learned(name, seed, quiet, tmp_path):
    """Three bidders, two units, at the shipped settings: distance to the equilibrium in each round, and the loss."""
    run, scenario = trained(name, tmp_path / "run", quiet, f"seeds=[{seed}]")
    policy, engine = make_policy(run, scenario), Engine(scenario, 50_000)
    engine.reset(5)
    for _ in range(scenario.max_cycles):
        seen, here = engine.buffers.observations.copy(), engine.buffers.action_mask.copy()
        actions = policy.act(seen, here)
        away = (actions - market_of(scenario).baselines.equilibrium(scenario, seen))[..., 0] * seen[..., 0]
        assert np.sqrt((away[here] ** 2).mean()) <= 0.03
        engine.step(actions)
    found = regrets(scenario, policy, seeds=(0, 1))[0]
    assert found.mean_gain.mean() <= 0.01 * (found.mean_utility + found.mean_gain).mean()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("n", [2, 5])
def test_first_price_learns_equilibrium_at_the_shipped_settings(n, seed, quiet, tmp_path):
    changes = (f"scenario.num_agents={n}", f"seeds=[{seed}]")
    result = judge(bids_of(*trained("first_price", tmp_path / "run", quiet, *changes)), n)
    assert result.loss <= 0.005
    assert result.error <= 0.02
