"""Figures of learners that go on learning as they play, a choice of every agent in every tick."""

import numpy as np

import econo_env
from econo_env.policies import make_policy
from tests.benchmarks.engine import AGENTS, MARKETS, settings
from tests.benchmarks.measure import rate, seconds_of

FORMS = (
    ("exp3", "action", {}),
    ("exp3", "truth", {}),
    ("ucb", "action", {}),
    ("ucb", "truth", {}),
    ("sensing", "truth", {}),
    ("q_learning", "action", {}),
    ("q_learning", "truth", {}),
    ("hedge", "action", {"feedback": "all_bids", "max_cycles": 64}),
    ("hedge", "truth", {"feedback": "all_bids", "max_cycles": 64}),
    ("regret_matching", "action", {"feedback": "all_bids", "max_cycles": 64}),
    ("regret_matching", "truth", {"feedback": "all_bids", "max_cycles": 64}),
)
"""Learner, what its 21 arms are, and what the market shows."""


def learners(threads):
    """What a tick takes, with choosing, playing, and learning, of learners by name in first price."""
    for name, of, shown in FORMS:
        envs = econo_env.vector_env("first_price_v0", MARKETS, num_agents=AGENTS, num_threads=threads, **shown)
        learner = make_policy(name, envs.engine.scenario, of=of, num_threads=threads)
        envs.reset(0)
        buffers, everybody = envs.engine.buffers, np.ones((MARKETS, AGENTS), dtype=np.bool_)

        def tick(envs=envs, learner=learner, buffers=buffers, everybody=everybody):
            envs.step(learner.act(buffers.observations, everybody))
            learner.observe(buffers.rewards, buffers.ended)

        times = seconds_of(tick, repetitions=200, warm_up=5)
        assert (learner.memory.made > 20).all(), "every agent learns from every choice"
        arms = "bids on a grid" if of == "action" else "multiples of the value"
        workload = settings(MARKETS, AGENTS, threads, f"21 {arms}")
        yield rate(f"{name} in first_price_v0", "agent-steps/s", MARKETS * AGENTS, times, bar=20e6, settings=workload)
        envs.close()
