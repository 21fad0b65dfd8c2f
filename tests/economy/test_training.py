"""PPO trains in markets with an economy, and training logs tell of its parts."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from econo_env.training.cli import build

ROOT = Path(__file__).parents[2]
SMALL = ["total_timesteps=256", "learner.num_markets=8", "learner.n_steps=8", "learner.batch_size=32"]


@pytest.mark.parametrize("name", ["english", "first_price", "combinatorial"])
def test_a_run_learns_and_tells_of_the_economy(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenario = str(ROOT / "configs" / "scenarios" / f"{name}_economy.yaml")
    done = CliRunner().invoke(build(), ["train", scenario, *SMALL, "--out", "run"])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    told = set().union(*rows)
    for series in ("free_money", "slashed", "walked_away", "reputation_bound"):
        assert any(key.endswith(f"/{series}") for key in told), (series, sorted(told))
