"""PPO from scratch earns in the flagship what truthful agents earn, with the shipped settings."""

import numpy as np
import pytest

from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.training.config import read_config
from econo_env.training.trainer import Trainer


def earned(scenario, policy, markets=1024):
    """What all agents together earn a round, in credits, on the same types, tasks and luck for every policy."""
    engine, total = Engine(scenario, markets), 0.0
    engine.reset(99)
    policy.reset(0)
    for _ in range(scenario.max_cycles):
        engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
        total += engine.buffers.rewards.sum(axis=1).mean()
    return total / scenario.max_cycles


def gained_by_truth(scenario, policy, markets=256):
    """What one agent's truth in one tick adds to its reward there, as a share of what is earned, over all of them.

    Everybody else plays the policy, in that tick and before it: types, tasks and luck are the same with and without.
    """
    engine, other, truth = Engine(scenario, markets), Engine(scenario, markets), make_policy("truthful", scenario)
    engine.reset(7)
    truth.reset(0)
    policy.reset(0)
    gained = earned_in_all = 0.0
    for _ in range(scenario.max_cycles):
        seen, mask = engine.buffers.observations, engine.buffers.action_mask
        actions, honest, before = policy.act(seen, mask).copy(), truth.act(seen, mask), engine.snapshot()
        engine.step(actions)
        rewards = engine.buffers.rewards.copy()
        earned_in_all += rewards.mean(axis=0).sum()
        for agent in range(scenario.num_agents):
            other.restore(before)
            other.step(np.where(np.arange(scenario.num_agents)[:, None] == agent, honest, actions))
            gained += (other.buffers.rewards - rewards)[:, agent].mean()
    return gained / earned_in_all


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_learned_agents_earn_within_a_twentieth_of_the_truthful(seed):
    config = read_config("task_market")
    assert config.scenario.id == "task_market_v1"
    trainer = Trainer(config, seed)
    untrained = earned(config.scenario, trainer.policy(), markets=256)
    while not trainer.finished:
        trainer.iterate()
    truthful = earned(config.scenario, make_policy("truthful", config.scenario))
    assert untrained < 0.5 * truthful
    assert earned(config.scenario, trainer.policy()) == pytest.approx(truthful, rel=0.05)
    assert gained_by_truth(config.scenario, trainer.policy()) < 0.02  # truth is dominant in a task: the best response
