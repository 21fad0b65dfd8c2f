"""What the dict APIs tell of the parts of an economy stands in `infos`, agent by agent, as the parts have it."""

import numpy as np
import pytest

import econo_env
from econo_env.interfaces.gymnasium import SingleAgentEnv
from tests.economy.played import ROOT


@pytest.mark.parametrize("name", ["task_market_v0", ROOT / "configs" / "scenarios" / "first_price_economy.yaml"])
def test_infos_tell_the_facts_of_every_part(name):
    env, generator, seen = econo_env.parallel_env(name), np.random.default_rng(0), set()
    env.reset(seed=0)
    for _ in range(8):
        shape = env.action_space(env.possible_agents[0]).shape
        infos = env.step({agent: generator.uniform(-0.3, 0.3, shape).astype(np.float32) for agent in env.agents})[4]
        for part in env.scenario.parts():
            for fact in part.facts:
                values = fact.value(env.scenario, env.engine.world)[0]
                assert [info[fact.name] for info in infos.values()] == values.tolist()
                seen.add(fact.name)
    assert {"free_money", "reputation"} <= seen


def test_one_agent_is_told_the_same():
    env = SingleAgentEnv("task_market_v0")
    env.reset(seed=0)
    info = env.step(np.zeros(env.action_space.shape, np.float32))[4]
    assert {"free_money", "grade", "effort", "reputation"} <= set(info)
