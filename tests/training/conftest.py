import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from econo_env.training.checkpoints import checkpoints_in, read_checkpoint
from econo_env.training.config import TrainingConfig, config_from

SMALL = {
    "scenario": "first_price_v0",
    "total_timesteps": 512,
    "learner": {"num_markets": 8, "n_steps": 4, "batch_size": 32, "n_epochs": 2, "net_arch": [8]},
    "evaluation": {"every": 128, "num_markets": 16},
    "checkpoints": {"every": 128, "keep": 10},
}


@pytest.fixture
def quiet():
    return Console(file=StringIO(), force_terminal=False, width=200)


@pytest.fixture
def small():
    def make(*changes: str, **sections) -> TrainingConfig:
        return config_from({**SMALL, **sections}, changes)

    return make


def final_state(run: Path):
    """Everything the newest checkpoint holds, flattened to plain arrays."""
    return flat(read_checkpoint(checkpoints_in(run / "checkpoints")[-1]))


def contents(folder: Path):
    """Every file below a folder, to the byte."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def flat(state, prefix=""):
    if isinstance(state, dict):
        return {k: v for key, part in state.items() for k, v in flat(part, f"{prefix}/{key}").items()}
    if isinstance(state, (list, tuple)) and len(state) < 100:
        return {k: v for i, part in enumerate(state) for k, v in flat(part, f"{prefix}/{i}").items()}
    return {prefix: np.asarray(str(state) if isinstance(state, str) or state is None else state)}


def assert_same_bits(one, other):
    assert one.keys() == other.keys()
    different = [name for name in one if one[name].tobytes() != other[name].tobytes()]
    assert not different, different


def command(*words: str, cwd: Path | None = None, code: str | None = None, **options):
    """Starts `econo-env WORDS` as a process of its own; `code` is run in its place, with the same words."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *(["-c", code] if code else ["-m", "econo_env.training.cli"]), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=cwd,
        **options,
    )
