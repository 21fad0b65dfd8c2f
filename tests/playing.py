"""A policy plays an engine: what it earns, tick by tick."""

import numpy as np


def play(engine, policy, ticks):
    """Rewards of so many ticks, (ticks, markets, agents); both go on from where they stand."""
    record = []
    for _ in range(ticks):
        engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
        policy.observe(engine.buffers.rewards, engine.buffers.ended)
        record.append(engine.buffers.rewards.copy())
    return np.array(record)
