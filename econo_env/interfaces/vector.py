"""The array API: thousands of markets at once, no dicts."""

from functools import cached_property
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import ArrayLike

from econo_env.engine.engine import Engine
from econo_env.engine.levers import EngineLevers
from econo_env.engine.state import Bools, Float32s, Float64s
from econo_env.interfaces.spaces import observation_box
from econo_env.market import agents_of, market_of
from econo_env.scenario import Scenario

StepResult = tuple[Float32s, Float64s, Bools, Bools, dict[str, Any]]


class VectorEnv:
    """A batch of markets as arrays of shape (markets, agents, ...).

    The arrays returned are the engine's own and are overwritten by the next step: copy what you keep. An episode that
    ends is followed by the next one within the same step (`metadata["autoreset_mode"]` is "SameStep"): the
    observations are then the first of the new episode, and the last of the old one are in `infos["final_obs"]` where
    `infos["ended"]` is set. With `autoreset=False` ("Disabled") call `engine.reset_markets(infos["ended"])`.

    NaN or an action outside [-1, 1] is counted in `infos["invalid_actions"]` and treated as no bid.

    Spaces have Gymnasium's names: `single_...` is of one market, (agents, ...), the other of all, (markets, agents,
    ...); `num_envs` is `num_markets`.

    Attributes:
        engine: The engine behind it, with `snapshot`, `restore`, `fork` and the typed state.
        observation_names: What each feature of an observation means.
        action_names: What each component of an action means.
        possible_agents: Names of the agents, in order.
    """

    metadata: dict[str, Any] = {"autoreset_mode": "SameStep"}  # noqa: RUF012 - Gymnasium reads it from the class

    def __init__(self, scenario: Scenario, num_markets: int, *, num_threads: int = 1, autoreset: bool = True) -> None:
        self.engine = Engine(scenario, num_markets, num_threads=num_threads, autoreset=autoreset)
        self.metadata = {"autoreset_mode": "SameStep" if autoreset else "Disabled"}
        self.scenario = scenario
        self.num_markets, self.num_agents = self.engine.num_markets, self.engine.num_agents
        self.num_envs = self.num_markets
        self.possible_agents = list(agents_of(scenario))
        market = market_of(scenario)
        self.observation_names: tuple[str, ...] = market.observations(scenario)
        self.action_names: tuple[str, ...] = market.action_names(scenario)
        self._entropy = np.random.SeedSequence()

    @cached_property
    def single_observation_space(self) -> Box:
        """What one market shows, float32 (agents, features)."""
        return observation_box(self.scenario, self.num_agents)

    @cached_property
    def observation_space(self) -> Box:
        """What all markets show, float32 (markets, agents, features)."""
        return observation_box(self.scenario, self.num_markets, self.num_agents)

    @cached_property
    def single_action_space(self) -> Box:
        """Actions in one market: Box(-1, 1), float32 (agents, components)."""
        return Box(-1.0, 1.0, (self.num_agents, len(self.action_names)), np.float32)

    @cached_property
    def action_space(self) -> Box:
        """Actions in all markets: Box(-1, 1), float32 (markets, agents, components)."""
        return Box(-1.0, 1.0, (self.num_markets, self.num_agents, len(self.action_names)), np.float32)

    def reset(self, seed: int | None = None, *, first_market: int = 0) -> tuple[Float32s, dict[str, Any]]:
        """Starts episode 0 of every market.

        Args:
            seed: Integer from 0 to 2^64 - 1; without one, fresh entropy is drawn.
            first_market: Number of the first market in the seed's sequence.

        Returns:
            Observations, float32 (markets, agents, features), and infos: `action_mask` bool (markets, agents), `ended`
            bool (markets,), `final_obs` like the observations, `invalid_actions` int64 (markets,).
        """
        if seed is None:
            seed = int(self._entropy.spawn(1)[0].generate_state(1, np.uint64)[0])
        self.engine.reset(seed, first_market)
        return self.engine.buffers.observations, self._infos()

    def step(self, actions: ArrayLike) -> StepResult:
        """One tick of every market.

        Args:
            actions: float32 (markets, agents, components) in [-1, 1].

        Returns:
            Observations, rewards in credits (float64), terminated, truncated (bool, (markets, agents)), and infos.
        """
        self.engine.step(actions)
        buffers = self.engine.buffers
        return buffers.observations, buffers.rewards, buffers.terminated, buffers.truncated, self._infos()

    @property
    def levers(self) -> EngineLevers:
        """The scenario's levers by name, see `Engine.levers`."""
        return self.engine.levers

    def close(self) -> None:
        """Ends the worker threads."""
        self.engine.close()

    def _infos(self) -> dict[str, Any]:
        buffers = self.engine.buffers  # of this engine, also after a copy
        return {
            "action_mask": buffers.action_mask,
            "ended": buffers.ended,
            "final_obs": buffers.final_observations,
            "invalid_actions": buffers.invalid_actions,
        }
