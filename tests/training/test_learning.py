"""Learned bids come to equilibrium."""

import numpy as np
import pytest

from tests.training.self_play import VALUES, bids_of, judge
from training.config import read_config
from training.run import start_run


@pytest.mark.parametrize("n", [2, 5])
def test_the_judge_knows_equilibrium_from_shading(n):
    exact = judge(lambda values: (n - 1) / n * values, n)
    assert exact.loss < 1e-4
    assert exact.error < 1e-12
    # against rivals who bid a share s of their values the best share is (n - 1) / n, as long as s allows it: n = 2,
    # s = 0.6 gives u = 0.4 x 0.6 / 0.6 = 0.4 of what 0.25 / 0.6 gives
    if n == 2:
        assert judge(lambda values: 0.6 * values, 2).loss == pytest.approx(1 - 0.4 * 0.6 / 0.25, abs=1e-3)


def test_first_price_comes_near_equilibrium_in_seconds(quiet, tmp_path):
    config = read_config("first_price", ["total_timesteps=600_000", "learner.n_steps=2", "learner.batch_size=2048"])
    start_run(config, tmp_path / "run", quiet)
    result = judge(bids_of(tmp_path / "run", config.scenario), 2)
    assert result.loss < 0.02
    assert result.error < 0.05


def test_second_price_comes_near_truth_in_seconds(quiet, tmp_path):
    changes = ["total_timesteps=600_000", "learner.n_steps=2", "learner.batch_size=2048"]
    config = read_config("second_price", changes)
    start_run(config, tmp_path / "run", quiet)
    bids = bids_of(tmp_path / "run", config.scenario)(VALUES)
    assert np.abs(bids - VALUES)[VALUES > 0.05].max() < 0.08


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("n", [2, 5])
def test_first_price_learns_equilibrium_at_the_shipped_settings(n, seed, quiet, tmp_path):
    config = read_config("first_price", [f"scenario.num_agents={n}", f"seeds=[{seed}]"])
    start_run(config, tmp_path / "run", quiet)
    result = judge(bids_of(tmp_path / "run", config.scenario), n)
    assert result.loss <= 0.005
    assert result.error <= 0.02
