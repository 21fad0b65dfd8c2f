"""Every API takes contracts that last; copies, batches and later episodes go on as they should."""

import json
import warnings

import numpy as np
import pytest
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test
from typer.testing import CliRunner

import econo_env
from econo_env.economy.lasting.running import DELIVERIES
from econo_env.engine.engine import Engine
from econo_env.engine.state import arrays_of
from econo_env.training.cli import build
from tests.economy.lasting.played import some_actions
from tests.economy.lasting.test_page import ROOT

SCENARIO = ROOT / "configs/scenarios/task_market_lasting.yaml"
HARMLESS = (
    "Observation is not a NumPy array",
    "Action mask is a single number",
    "Action mask numpy array is all zeros",
    "Observation numpy array is all zeros",  # the banned see nothing
)


def test_pettingzoo_takes_it():
    scenario = econo_env.load(SCENARIO)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for message in HARMLESS:
            warnings.filterwarnings("ignore", message)
        for options in ({}, {"observation": "dict"}, {"actions": "multi_discrete"}):
            parallel_api_test(econo_env.parallel_env(scenario, **options), num_cycles=80)
        api_test(econo_env.env(scenario), num_cycles=30)
        parallel_seed_test(lambda: econo_env.parallel_env(scenario), num_cycles=30)


def test_infos_tell_how_contracts_were_delivered():
    env, told = econo_env.parallel_env(econo_env.load(SCENARIO)), set()
    env.reset(seed=0)
    while env.agents:
        _, _, _, _, infos = env.step({agent: env.action_space(agent).sample() for agent in env.agents})
        told |= {int(info["delivery"]) for info in infos.values()}
        assert all(0.0 <= info["effort"] <= 1.0 for info in infos.values())
    assert told <= set(range(len(DELIVERIES)))
    assert len(told) >= 3


def test_copies_and_batches_go_on_alike():
    scenario = econo_env.load(SCENARIO)
    whole, rng = Engine(scenario, 6, autoreset=True), np.random.default_rng(0)
    whole.reset(4)
    moves = []
    for _ in range(80):
        moves.append(some_actions(rng, whole))
        whole.step(moves[-1])
        if len(moves) == 30:
            kept, forked = whole.snapshot(), whole.fork(2)
    alone = Engine(scenario, 1, autoreset=True)
    alone.reset(4, first_market=3)
    for actions in moves:
        alone.step(actions[3:4])
    for one, other in zip(arrays_of(alone.world), arrays_of(whole.world), strict=True):
        np.testing.assert_array_equal(one[0], other[3])
    for actions in moves[30:]:
        forked.step(np.repeat(actions, 2, axis=0))
    for one, other in zip(arrays_of(forked.world), arrays_of(whole.world), strict=True):
        np.testing.assert_array_equal(one, np.repeat(other, 2, axis=0))
    played = [array.copy() for array in arrays_of(whole.world)]
    whole.restore(kept)
    for actions in moves[30:]:
        whole.step(actions)
    for one, other in zip(played, arrays_of(whole.world), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_next_episode_is_that_of_a_fresh_engine():
    scenario = econo_env.load(SCENARIO, max_cycles=12)
    used, rng = Engine(scenario, 4, autoreset=False), np.random.default_rng(1)
    used.reset(2)
    for _ in range(7):
        used.step(some_actions(rng, used))
    used.reset(9)
    fresh = Engine(scenario, 4, autoreset=False)
    fresh.reset(9)
    for name in used.world._fields[1:]:  # the market's own are its tests' to hold
        worlds = (arrays_of(engine.world._asdict()[name]) for engine in (used, fresh))
        for one, other in zip(*worlds, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)
    for _ in range(12):
        actions = some_actions(rng, used)
        for engine in (used, fresh):
            engine.step(actions)
        np.testing.assert_array_equal(used.buffers.rewards, fresh.buffers.rewards)
        np.testing.assert_array_equal(used.buffers.observations, fresh.buffers.observations)


@pytest.mark.slow
def test_evaluation_and_training_take_it(tmp_path):
    run = CliRunner()
    for line in (
        f"train configs/training/task_market.yaml scenario={SCENARIO} total_timesteps=640 learner.num_markets=4 "
        f"learner.n_steps=8 learner.batch_size=32 --out {tmp_path / 'run'}",
        f"evaluate {tmp_path / 'run'} --seeds 0-1 --markets 8 --no-regret --json {tmp_path / 'found.json'}",
    ):
        done = run.invoke(build(), line.split())
        assert done.exit_code == 0, done.output
    assert "welfare" in json.loads((tmp_path / "found.json").read_text())["metrics"]
