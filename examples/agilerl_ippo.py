"""AgileRL: IPPO and its own training loop over 256 markets, which are one vectorised environment of its class.

pip install agilerl
python examples/agilerl_ippo.py first_price_v0 task_market_v1

Agents learn from each other; what the first has learned is then measured in its seat, among rivals by theory.
Seed 0 earns 0.990 of what they do in first_price_v0 (27 s of processor time) and 0.984 in task_market_v1 (112 s); at
least 0.9 is asserted in both.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from agilerl.algorithms import IPPO
from agilerl.training.train_multi_agent_on_policy import train_multi_agent_on_policy
from agilerl.vector import PettingZooVecEnv
from common import LEVELS, RIVALS, report, share_earned
from gymnasium.spaces import Box

import econo_env
from econo_env.interfaces.action_forms import action_form

MARKETS, TICKS = 256, 8
BATCHES = {"first_price_v0": 60, "task_market_v1": 150}


class Markets(PettingZooVecEnv):  # type: ignore[misc]  # without AgileRL its types are unknown
    """Markets by the array API; who is banned stays, does nothing and earns nothing until the episode ends for all.

    Two things are so because of AgileRL 2.58.0. Agents have names of one word, and so a network each: those of a group
    it would teach by each other's rewards, for it puts observations in a row agent by agent and rewards tick by tick.
    And actions are choices from a grid: numbers of one component it would weigh by densities of a whole batch.
    """

    def __init__(self, scenario: str, num_markets: int) -> None:
        self.envs = econo_env.vector_env(scenario, num_markets=num_markets)
        self._form = action_form(self.envs.scenario, "discrete", LEVELS[scenario])
        names = [name.replace("_", "") for name in self.envs.possible_agents]
        seen = self.envs.single_observation_space
        super().__init__(
            num_markets,
            {name: Box(seen.low[place], seen.high[place]) for place, name in enumerate(names)},
            {name: self._form.space() for name in names},
            names,
        )

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Observations by agent, (markets, features)."""
        self.envs.reset(seed=0 if seed is None else seed)
        return self._of_agents(self.envs.engine.buffers.observations), {name: {} for name in self.agents}

    def step(self, actions: Mapping[str, Any], *_: Any, **__: Any) -> tuple[dict[str, Any], ...]:
        """One tick of every market; an episode that ends is followed by the next."""
        sent = np.stack([np.asarray(actions[name]).reshape(-1) for name in self.agents], axis=1)
        seen, rewards, _, _, infos = self.envs.step(self._form.decoded(sent, self.envs.engine.buffers.observations))
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
        batch_size=512,
        lr=2e-3,
        update_epochs=4,
        gamma=0.0,  # each tick by itself: no report changes what comes later
        gae_lambda=0.0,
        ent_coef=0.0,
    )
    untrained = measured(scenario, agent)
    steps = BATCHES[scenario] * MARKETS * TICKS
    train_multi_agent_on_policy(
        env, scenario, "IPPO", [agent], max_steps=steps, evo_steps=steps, eval_steps=1, verbose=False
    )
    return agent, untrained


def measured(scenario: str, agent: IPPO) -> float:
    """The share that seat 0 earns by the likeliest choice of its actor."""
    actor = agent.actors[agent.agent_ids[0]]

    def act(seen: np.ndarray, begins: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            actor(torch.from_numpy(seen))
        return actor.head_net.dist.logits.argmax(dim=-1).numpy()

    return share_earned(scenario, act, "discrete", LEVELS[scenario])


if __name__ == "__main__":
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    for name in sys.argv[1:] or RIVALS:
        agent, untrained = learned(name)
        report("agilerl_ippo", name, measured(name, agent), untrained)
