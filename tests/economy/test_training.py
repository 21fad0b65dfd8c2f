"""PPO trains in markets with an economy, and training logs tell of its parts."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from econo_env.training.cli import build

ROOT = Path(__file__).parents[2]
SMALL = ["total_timesteps=256", "learner.num_markets=8", "learner.n_steps=8", "learner.batch_size=32"]


OF_BIDDERS = ("free_money", "slashed", "walked_away", "reputation_bound", "reference_price")
OF_TRADERS = ("free_money", "stake_locked", "struck", "reference_price")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("english", OF_BIDDERS), ("first_price", OF_BIDDERS), ("combinatorial", OF_BIDDERS), ("order_book", OF_TRADERS)],
)
def test_a_run_learns_and_tells_of_the_economy(name, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenario = str(ROOT / "configs" / "scenarios" / f"{name}_economy.yaml")
    done = CliRunner().invoke(build(), ["train", scenario, *SMALL, "--out", "run"])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    told = set().union(*rows)
    for series in expected:
        assert any(key.endswith(f"/{series}") for key in told), (series, sorted(told))
