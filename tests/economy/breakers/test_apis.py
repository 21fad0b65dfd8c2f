"""Every API, evaluation, training and pages take markets that halt."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test
from typer.testing import CliRunner

import econo_env
from econo_env.training.cli import build

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "configs" / "scenarios").glob("*_breakers.yaml"))
HARMLESS = (
    "Observation is not a NumPy array",
    "Action mask is a single number",
    "Action mask numpy array is all zeros",
)
SMALL = ["total_timesteps=256", "learner.num_markets=8", "learner.n_steps=8", "learner.batch_size=32"]
SALES = sorted((ROOT / "configs" / "scenarios").glob("breakers_*.yaml"))
JUMPY = {
    "economy.breakers.tier": None,
    "economy.breakers.move": 0.01,
    "economy.breakers.limit": 1,
    "economy.breakers.least_open": 1,
}
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def jumpy(path):
    """The scenario with a band that random play leaves in every other tick."""
    return econo_env.load(path).replace(**JUMPY)


@every_file
def test_pettingzoo_takes_it(path):
    scenario = jumpy(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for message in HARMLESS:
            warnings.filterwarnings("ignore", message)
        for options in ({}, {"observation": "dict"}, {"actions": "discrete"}):
            parallel_api_test(econo_env.parallel_env(scenario, **options), num_cycles=80)
        api_test(econo_env.env(scenario), num_cycles=30)
        parallel_seed_test(lambda: econo_env.parallel_env(scenario), num_cycles=30)


@pytest.mark.slow
@pytest.mark.parametrize("path", SALES, ids=lambda path: path.stem)
def test_pettingzoo_and_learners_take_clocks_and_sequences_that_halt(path, tmp_path, monkeypatch):
    scenario = econo_env.load(path).replace(**{"economy.breakers.move": 0.01, "economy.breakers.limit": 1})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for message in HARMLESS:
            warnings.filterwarnings("ignore", message)
        parallel_api_test(econo_env.parallel_env(scenario), num_cycles=80)
        parallel_seed_test(lambda: econo_env.parallel_env(scenario), num_cycles=30)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(build(), ["train", str(path), *SMALL, "--out", "run"])
    assert done.exit_code == 0, done.output


@every_file
@pytest.mark.parametrize("actions", ["box", "discrete"])
def test_halted_agents_may_send_the_no_op_and_time_passes(path, actions):
    env = econo_env.parallel_env(jumpy(path), actions=actions)
    halted = ticks = 0
    _, infos = env.reset(seed=0)
    while env.agents:
        masks = {agent: infos[agent]["action_mask"] for agent in env.agents}
        sent = {agent: env.action_space(agent).sample(masks[agent]) for agent in env.agents}
        shut = env.engine.world.breakers.mode[0] in (1, 3)
        assert all((mask[1:] == 0).all() and (mask.size > 1 or mask[0] == 0) for mask in masks.values()) or not shut
        _, rewards, _, _, infos = env.step(sent)
        halted, ticks = halted + shut, ticks + 1
        assert not shut or not any(rewards.values())
    assert ticks == env.scenario.max_cycles
    assert halted > 5


@every_file
def test_the_page_tells_of_it(path):
    page = econo_env.describe(path)
    for word in ("halted", "ticks_to_reopen", "band_low", "band_high", "Trades outside a band"):
        assert word in page


@every_file
def test_a_run_learns_and_tells_of_halts(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(build(), ["train", str(path), *SMALL, "--out", "run"])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    told = set().union(*rows)
    for series in ("halted", "rejected", "reopening", "market_level"):
        assert any(key.endswith(f"/{series}") for key in told), (series, sorted(told))


def test_evaluation_takes_it():
    done = CliRunner().invoke(
        build(), ["evaluate", "truthful", "--scenario", str(FILES[0]), "--seeds", "0", "--markets", "32", "--no-regret"]
    )
    assert done.exit_code == 0, done.output


def test_arrays_of_markets_show_what_is_halted():
    envs = econo_env.vector_env(jumpy(FILES[0]), 16)
    observations, infos = envs.reset(seed=0)
    at, halted = envs.observation_names.index("halted"), 0
    for _ in range(100):
        assert observations in envs.observation_space
        shut = observations[:, 0, at] == 1.0
        assert not infos["action_mask"][shut].any()
        halted += shut.sum()
        observations, _, _, _, infos = envs.step(np.full(envs.action_space.shape, -0.1, np.float32))
    assert halted > 50
