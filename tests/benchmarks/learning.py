"""Figures of training: PPO end to end, native against SuperSuit, and at the shipped settings."""

import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console

from econo_env.training.config import read_config
from econo_env.training.run import start_run
from tests.benchmarks import supersuit_baseline
from tests.benchmarks.engine import settings
from tests.benchmarks.measure import Figure

REPEATS = 3


def equal_settings():
    """SB3's PPO on both bridges, one shared tanh 64x64 network, one torch thread, taking turns."""
    compared = supersuit_baseline.compare(repeats=REPEATS)
    return Figure(
        "PPO end to end, native VecEnv, equal learner settings",
        "agent-steps/s",
        compared["native"],
        compared["native"],
        compared["native"],
        baseline=("SuperSuit + SB3", compared["supersuit"]),
        settings=settings(compared["num_markets"], 2, 1, str(supersuit_baseline.LEARNER)),
    )


def ratio(figure):
    """How many times faster than SuperSuit."""
    value = figure.value / figure.baseline[1]
    return Figure("PPO end to end over SuperSuit + SB3", "x", value, value, value, bar=2.5, settings=figure.settings)


def shipped_settings(name, agents, bar):
    """`econo-env train NAME`: start, evaluation, logs and checkpoints inside the time."""
    rates = []
    for seed in range(REPEATS):
        config = read_config(name, [f"seeds=[{seed}]"])
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            start_run(config, Path(folder) / "run", Console(stderr=True, quiet=True))
            rates.append(config.total_timesteps / (time.perf_counter() - start))
    note = f"{config.total_timesteps:,} agent-steps, start and files inside the time"
    return Figure(
        f"PPO end to end, {name}, shipped settings",
        "agent-steps/s",
        float(np.median(rates)),
        min(rates),
        max(rates),
        bar=bar,
        settings=settings(config.learner.num_markets, agents, 1, note),
    )


def ppo():
    """All of them."""
    equal = equal_settings()
    yield equal
    yield ratio(equal)
    yield shipped_settings("first_price", 2, 300_000)
    yield shipped_settings("task_market", 5, 100_000)
