"""Figures of the dict API."""

import numpy as np

import econo_env
from tests.benchmarks.baselines import PythonFirstPrice
from tests.benchmarks.engine import settings
from tests.benchmarks.measure import in_turn, rate, seconds_of

STEPS = 500


def play(env, actions):
    """Steps through whole episodes, resetting whenever one ends; returns nothing, resets are inside the time."""
    for _ in range(STEPS):
        _, _, terminated, truncated, _ = env.step(actions)
        if all(terminated.values()) or all(truncated.values()):
            env.reset()


def dict_api():
    """first_price_v0 as a PettingZoo ParallelEnv, 8 agents, beside a hand-written one in plain Python."""
    env = econo_env.parallel_env("first_price_v0", num_agents=8)
    env.reset(seed=0)
    actions = {agent: np.array([-0.5], dtype=np.float32) for agent in env.possible_agents}
    plain = PythonFirstPrice(8)
    plain.reset()
    times, of_plain = in_turn([lambda: play(env, actions), lambda: play(plain, actions)], rounds=10, repetitions=3)
    workload = settings(1, 8, 1, f"{STEPS} steps and {STEPS} resets a repetition, both in turn")
    baseline = ("hand-written Python ParallelEnv without checks", STEPS / float(np.median(of_plain)))
    yield rate(
        "first_price_v0 dict API",
        "env-steps/s",
        STEPS,
        times,
        bar=0.6 * baseline[1],
        baseline=baseline,
        settings=workload,
    )


def large_dict_api():
    """10,000 agents as dicts."""
    env = econo_env.parallel_env("second_price_v0", num_agents=10_000, max_cycles=10_000)
    env.reset(seed=0)
    actions = {agent: np.array([0.0], dtype=np.float32) for agent in env.possible_agents}
    times = seconds_of(lambda: env.step(actions), repetitions=50)
    yield rate(
        "second_price_v0 dict API, 10,000 agents",
        "env-steps/s",
        1,
        times,
        bar=1000 / 15,
        settings=settings(1, 10_000, 1),
    )
