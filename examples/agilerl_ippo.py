"""AgileRL: IPPO and its own training loop over 256 markets, which are one vectorised environment of its class.

pip install agilerl
python examples/agilerl_ippo.py first_price_v0 task_market_v1

Agents of one role share a network and learn from each other; what they have learned is then measured in seat 0, among
rivals by theory.
"""

import logging
import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from agilerl.algorithms import IPPO
from agilerl.training.train_multi_agent_on_policy import train_multi_agent_on_policy
from agilerl.vector import PettingZooVecEnv
from common import RIVALS, report, share_earned

import econo_env

MARKETS, TICKS = 256, 8
SPREADS = (0.5, 0.35, 0.25, 0.15, 0.1, 0.05)
"""Standard deviations of actions, one stage after the other."""
BATCHES = {"first_price_v0": 12, "task_market_v1": 50}
"""Batches of 256 markets by 8 ticks in each stage."""


class Markets(PettingZooVecEnv):  # type: ignore[misc]  # without AgileRL its types are unknown
    """Markets by the array API; who is banned stays, does nothing and earns nothing until the episode ends for all."""

    def __init__(self, scenario: str, num_markets: int) -> None:
        self.envs = econo_env.vector_env(scenario, num_markets=num_markets)
        names, one = list(self.envs.possible_agents), econo_env.parallel_env(scenario)
        super().__init__(
            num_markets,
            {name: one.observation_space(name) for name in names},
            {name: one.action_space(name) for name in names},
            names,
        )

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Observations by agent, (markets, features)."""
        self.envs.reset(seed=0 if seed is None else seed)
        return self._of_agents(self.envs.engine.buffers.observations), {name: {} for name in self.agents}

    def step(self, actions: Mapping[str, Any], *_: Any, **__: Any) -> tuple[dict[str, Any], ...]:
        """One tick of every market; an episode that ends is followed by the next."""
        sent = np.stack([np.asarray(actions[name]) for name in self.agents], axis=1)
        seen, rewards, _, _, infos = self.envs.step(np.clip(sent, -1.0, 1.0))
        over = {name: infos["ended"].astype(np.float64) for name in self.agents}
        never = {name: np.zeros(self.num_envs) for name in self.agents}
        return self._of_agents(seen), self._of_agents(rewards), over, never, {name: {} for name in self.agents}

    def _of_agents(self, array: Any) -> dict[str, Any]:
        return {name: array[:, place].copy() for place, name in enumerate(self.agents)}


def learned(scenario: str) -> tuple[IPPO, float]:
    """What IPPO has learned, and the share that it earned before."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002  AgileRL draws from it
    env = Markets(scenario, MARKETS)
    names = env.agents
    agent = IPPO(
        [env.single_observation_space(name) for name in names],
        [env.single_action_space(name) for name in names],
        agent_ids=list(names),
        learn_step=MARKETS * TICKS,
        batch_size=2048,
        lr=2e-3,
        update_epochs=4,
        gamma=0.0,  # each tick by itself: no report changes what comes later
        gae_lambda=0.0,
        ent_coef=0.0,
    )
    untrained = measured(scenario, agent)
    steps = BATCHES[scenario] * MARKETS * TICKS
    for spread in SPREADS:
        for actor in agent.actors.values():
            actor.head_net.log_std.data.fill_(math.log(spread))
        train_multi_agent_on_policy(
            env, scenario, "IPPO", [agent], max_steps=agent.steps + steps, evo_steps=steps, eval_steps=1, verbose=False
        )
    return agent, untrained


def measured(scenario: str, agent: IPPO) -> float:
    """The share that seat 0 earns by the middle of what its actor would draw."""
    (actor,) = agent.actors.values()

    def act(seen: np.ndarray, begins: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            actor(torch.from_numpy(seen))
        return actor.head_net.dist.mu.clamp(-1.0, 1.0).numpy()

    return share_earned(scenario, act)


if __name__ == "__main__":
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    for name in sys.argv[1:] or RIVALS:
        agent, untrained = learned(name)
        report("agilerl_ippo", name, measured(name, agent), untrained)
