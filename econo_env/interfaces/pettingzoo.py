"""The PettingZoo API: one market as a `ParallelEnv`, and as an AEC environment.

env = parallel_env("first_price_v0", num_agents=4)
observations, infos = env.reset(seed=0)
while env.agents:
    actions = {agent: env.action_space(agent).sample() for agent in env.agents}
    observations, rewards, terminations, truncations, infos = env.step(actions)
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from gymnasium.spaces import Box, Dict, MultiBinary, Space
from numpy.typing import NDArray
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.conversions import parallel_to_aec
from pettingzoo.utils.wrappers import AssertOutOfBoundsWrapper, OrderEnforcingWrapper

from econo_env.catalogue import load
from econo_env.engine.engine import Engine
from econo_env.engine.levers import EngineLevers
from econo_env.engine.state import Float32s
from econo_env.interfaces.action_forms import LEVELS, ActionKind, Levels, action_form
from econo_env.interfaces.actions import action_rows, require_known
from econo_env.interfaces.only_market import OnlyMarket, by_agent, facts_by_agent, only_market
from econo_env.interfaces.spaces import (
    check_render_mode,
    drawn,
    first_market_of,
    fresh_seed,
    observation_box,
    whole_number,
)
from econo_env.market import agents_of
from econo_env.scenario import Scenario
from econo_env.telemetry.render import Recorder
from econo_env.told import told_of

Observations: TypeAlias = dict[str, Any]
Infos: TypeAlias = dict[str, dict[str, Any]]
StepResult: TypeAlias = tuple[Observations, dict[str, float], dict[str, bool], dict[str, bool], Infos]

Removal = Literal["terminate", "mask"]
ObservationForm = Literal["box", "dict"]


class MarketEnv(ParallelEnv):  # type: ignore[misc]  # pettingzoo ships no types
    """One market as a PettingZoo `ParallelEnv`. `econo_env.describe(scenario)` fills this page in for a scenario.

    ## Description
    Agents, named by role (`bidder_0`, ...; `buyer_0`, `seller_0`), act at once in a market with the rules of a
    scenario.

    ## Action Space
    `Box(-1, 1, (components,), float32)` for each agent. An agent whose mask is 0 may do nothing in the coming step:
    whatever it sends is ignored. `sample(mask)` of the space draws the no-op, all zeros, for it. Real numbers of any
    type are taken, and one number without a shape where there is one component.

    With `actions="discrete"` or `"multi_discrete"` an agent chooses from a grid of `action_levels` instead, see
    `econo_env.interfaces.action_forms`; its mask has an entry for each choice.

    ## Observation Space
    `Box(0, 1, (features,), float32)` for each agent, or with `observation="dict"` a `Dict` of that `observation` and
    the `action_mask`. The mask, int8 (1,), 1 may act, is in `infos[agent]["action_mask"]` unless the observation holds
    it; `mask_in_infos` chooses otherwise.
    `state()` is for centralised critics: every agent's observation, every mask, and the elapsed share of the episode.

    ## Rewards
    Credits, as plain floats.

    ## Starting State
    `reset(seed)` starts episode 0 of a seed, `reset()` the next episode of the same seed; without any seed so far,
    fresh entropy is drawn. `options={"first_market": k}` with a seed plays what market k of a batch plays; options of
    other names are for other environments and change nothing.

    ## Episode End
    1. Termination of one agent: it is banned. With `on_removal="terminate"` it leaves `agents`; with `"mask"` it stays
       until the end with mask 0 and no reward, for trainers that need a fixed set of agents. Where newcomers take the
       slots of the banned it stays as well, masked until one has come: agents are slots, whoever sits there.
    2. The last cycle: termination or truncation as the scenario says, the same for all agents present, also for one
       that is banned in that very cycle.

    ## Arguments
    See `parallel_env`.

    ## Vectorized environment
    `econo_env.vector_env` plays thousands of markets at once; market k there equals this one bit for bit.

    ## Version History
    The scenario id carries the version; it changes whenever results change.

    Attributes:
        engine: The engine behind it, with `snapshot`, `restore`, `fork` and the typed state.
        scenario: The configuration.
        agents: Agents present now; none before `reset` and after the end.
        possible_agents: All agents, always the same.
        max_cycles: Steps of an episode; a change takes effect at the next `reset`, spaces included.
        state_space: Space of `state()`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - PettingZoo reads it from the class
        "name": "econo",
        "render_modes": ["human", "ansi", "rgb_array"],
        "is_parallelizable": True,
        "render_fps": 2,
    }

    def __init__(
        self,
        scenario: Scenario,
        *,
        render_mode: str | None = None,
        on_removal: Removal = "terminate",
        observation: ObservationForm = "box",
        mask_in_infos: bool | None = None,
        actions: ActionKind = "box",
        action_levels: Levels = LEVELS,
    ) -> None:
        for name, value, allowed in (
            ("render_mode", render_mode, (None, *self.metadata["render_modes"])),
            ("on_removal", on_removal, ("terminate", "mask")),
            ("observation", observation, ("box", "dict")),
        ):
            if value not in allowed:
                raise ValueError(f"{name}={value!r} is unknown: choose one of {', '.join(map(repr, allowed))}")
        self.metadata = drawn({**self.metadata, "name": scenario.id}, scenario)
        check_render_mode(render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self.possible_agents = list(agents_of(scenario))
        self.agents: list[str] = []
        self.max_cycles = scenario.max_cycles
        self._index = {agent: i for i, agent in enumerate(self.possible_agents)}
        self._flagged = {value: dict.fromkeys(self.possible_agents, value) for value in (False, True)}
        self._leave = on_removal == "terminate"
        self._as_dict = observation == "dict"
        self._mask_in_infos = not self._as_dict if mask_in_infos is None else mask_in_infos
        self._action_kind, self._action_levels = actions, action_levels
        self._seeded = False
        self._rows: NDArray[np.int64] | None = None  # of the agents present; None is everybody
        self._build(scenario)

    def _build(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.engine = Engine(scenario)
        self._views = only_market(self.engine.buffers)
        self._form = action_form(scenario, self._action_kind, self._action_levels)
        self._recorder = None if self.render_mode is None else Recorder(scenario, self.possible_agents)
        self._observation_spaces: dict[str, Space[Any]] = {}
        self._action_spaces: dict[str, Space[Any]] = {}
        everybody, rest = observation_box(scenario, scenario.num_agents), scenario.num_agents + 1
        low, high = np.append(everybody.low, np.zeros(rest)), np.append(everybody.high, np.ones(rest))
        self.state_space = Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)

    def observation_space(self, agent: str) -> Space[Any]:
        """The agent's observation space, the same object at every call."""
        if agent not in self._observation_spaces:
            require_known(agent, self._index)
            box = observation_box(self.scenario)
            masked = Dict({"observation": box, "action_mask": MultiBinary(self._form.mask_size)})
            space = masked if self._as_dict else box
            self._observation_spaces[agent] = space
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> Space[Any]:
        """The agent's action space, the same object at every call."""
        if agent not in self._action_spaces:
            require_known(agent, self._index)
            self._action_spaces[agent] = self._form.space()
        return self._action_spaces[agent]

    def reset(self, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[Observations, Infos]:
        """Starts an episode.

        Args:
            seed: Integer from 0 to 2^64 - 1 for episode 0 of that seed; None for the next episode.
            options: `{"first_market": k}` with a seed plays what market k of a batch plays.

        Returns:
            Observations and infos, a fresh dict each.

        Raises:
            ValueError: `seed`, `first_market` or a changed `max_cycles` is out of range, or `first_market` comes
                without a seed.
        """
        starts_over = seed is not None or not self._seeded
        first_market = first_market_of(options, starts_over=starts_over)
        if self.max_cycles != self.scenario.max_cycles:
            self._change_length()
        if starts_over:
            self.engine.reset(fresh_seed() if seed is None else whole_number("seed", seed), first_market)
        else:
            self.engine.reset_markets()
        self._seeded = True
        self.agents = self.possible_agents[:]
        self._rows = None
        if self._recorder is not None:
            self._recorder.start(self.engine.world, self.engine.scenario_of(0))
        return self._seen(self.agents, self._market())

    def step(self, actions: Mapping[str, Any]) -> StepResult:
        """Plays one round.

        Args:
            actions: For each agent present, an action of its space. Actions of agents that have left are ignored. With
                nobody present, `{}` returns five empty dicts.

        Returns:
            Observations, rewards in credits, terminations, truncations and infos, a fresh dict each, for the agents
            present before the step.

        Raises:
            ValueError: An action is missing, of an unknown agent, or not within its space; nothing has changed then.
            RuntimeError: `reset` has not been called, or the episode is over and actions are given.
        """
        agents = self.agents
        if not agents:
            return self._nobody_left(actions)
        sent = action_rows(actions, agents, self._index, self._form)
        engine, market, rows = self.engine, self._market(), self._rows
        given = self._form.decoded(sent, market.observations if rows is None else market.observations[rows])
        if self._recorder is not None:
            self._recorder.before(engine.world, engine.scenario_of(0))
        if rows is None:
            market.actions[:] = given
        else:
            market.actions[:] = 0.0
            market.actions[rows] = given
        engine.step(engine.buffers.actions)
        shown = market if rows is None else market.of(rows)
        rewards = by_agent(agents, shown.rewards.tolist())
        observations, infos = self._seen(agents, shown)
        terminations, truncations = self._flags(agents, shown)
        if self._recorder is not None:
            self._recorder.after(engine.world, market.rewards)
            if self.render_mode == "human":
                self.render()
        return observations, rewards, terminations, truncations, infos

    def state(self) -> Float32s:
        """Every agent's observation, every action mask, and the elapsed share of the episode; see `state_space`."""
        buffers = self.engine.buffers
        elapsed = min(1.0, self.engine.state.tick[0] / self.scenario.max_cycles)
        parts = (buffers.observations[0].ravel(), buffers.action_mask[0], [elapsed])
        return np.concatenate(parts, dtype=np.float32, casting="unsafe")

    def render(self) -> str | NDArray[np.uint8] | None:
        """The last round as text (`ansi`), as a uint8 picture (`rgb_array`), or printed (`human`).

        Raises:
            RuntimeError: No `render_mode` was chosen, or `reset` has not been called.
        """
        if self._recorder is None:
            raise RuntimeError("choose a render_mode when making the environment: 'human', 'ansi' or 'rgb_array'")
        return self._recorder.show(self.render_mode)

    @property
    def levers(self) -> EngineLevers:
        """The scenario's levers by name, see `Engine.levers`."""
        return self.engine.levers

    def close(self) -> None:
        """Ends the engine's worker threads."""
        self.engine.close()

    def _market(self) -> OnlyMarket:
        if self._views.source is not self.engine.buffers:  # a copy of this environment has an engine of its own
            self._views = only_market(self.engine.buffers)
        return self._views

    def _seen(self, agents: list[str], shown: OnlyMarket) -> tuple[Observations, Infos]:
        masks, seen = self._form.masks(shown.action_mask), shown.observations.copy()
        columns: dict[str, Any] = {"action_mask": masks} if self._mask_in_infos else {}
        for name, column in told_of(self.scenario, self.engine).items():
            columns[name] = column.tolist()[0] if self._rows is None else column[0][self._rows].tolist()
        if not self._as_dict:
            return by_agent(agents, seen), facts_by_agent(agents, columns)
        pairs = zip(seen, masks.copy(), strict=True)
        observations = [{"observation": one, "action_mask": mask} for one, mask in pairs]
        return by_agent(agents, observations), facts_by_agent(agents, columns)

    def _flags(self, agents: list[str], shown: OnlyMarket) -> tuple[dict[str, bool], dict[str, bool]]:
        if shown.source.ended[0]:
            # RLlib never closes an episode in which the last agents end in different ways
            truncated = b"\1" in shown.source.truncated.tobytes()
            self.agents = []
            return self._all(not truncated, agents), self._all(truncated, agents)
        if not self._leave or b"\1" not in shown.terminated.tobytes():
            return self._all(False, agents), self._all(False, agents)
        flags = by_agent(agents, shown.terminated.tolist())
        self.agents = [agent for agent in agents if not flags[agent]]
        self._rows = np.array([self._index[agent] for agent in self.agents], dtype=np.int64)
        return flags, dict.fromkeys(agents, False)

    def _all(self, value: bool, agents: list[str]) -> dict[str, bool]:
        return self._flagged[value].copy() if self._rows is None else dict.fromkeys(agents, value)

    def _nobody_left(self, actions: Mapping[str, Any]) -> StepResult:
        if not self._seeded:
            raise RuntimeError("call reset() before the first step")
        if actions:
            raise RuntimeError("the episode is over: call reset() to start the next one")
        return {}, {}, {}, {}, {}

    def _change_length(self) -> None:
        """Goes over to episodes of `max_cycles`, with the same random numbers to come."""
        before, levers = self.engine.state, self.engine.levers
        self._build(self.scenario.replace(max_cycles=self.max_cycles))
        if self._seeded:
            self.engine.reset(0)
            self.engine.state.key[:] = before.key
            self.engine.state.episode[:] = before.episode
            for name, column in levers.items():
                self.engine.levers[name][:] = column[:]


def parallel_env(
    scenario: str | Scenario,
    *,
    render_mode: str | None = None,
    on_removal: Removal = "terminate",
    observation: ObservationForm = "box",
    mask_in_infos: bool | None = None,
    actions: ActionKind = "box",
    action_levels: Levels = LEVELS,
    **overrides: Any,
) -> MarketEnv:
    """One market as a PettingZoo `ParallelEnv`.

    Args:
        scenario: A scenario id, the path of a scenario file, or a scenario.
        render_mode: What `render` gives: `ansi`, `rgb_array`, `human` (prints every round), or None.
        on_removal: A banned agent is `terminate`d and leaves, or stays under a `mask` until the end.
        observation: `box`, or `dict` with the `action_mask` beside the `observation`.
        mask_in_infos: Whether infos hold the `action_mask`; by default where the observation does not.
        actions: `box`, or a grid of choices: `discrete` or `multi_discrete`, see `action_forms`.
        action_levels: Levels of that grid.
        **overrides: Scenario fields to change, e.g. `num_agents=8`.

    Raises:
        ValueError: The scenario, a field or a choice is unknown or out of range.
        TypeError: A keyword is unknown.
    """
    return MarketEnv(
        load(scenario, **overrides),
        render_mode=render_mode,
        on_removal=on_removal,
        observation=observation,
        mask_in_infos=mask_in_infos,
        actions=actions,
        action_levels=action_levels,
    )


def raw_env(scenario: str | Scenario, **arguments: Any) -> AECEnv:
    """`parallel_env` with the agents acting in turn (AEC), without PettingZoo's checks."""
    return parallel_to_aec(parallel_env(scenario, **arguments))


def env(scenario: str | Scenario, **arguments: Any) -> AECEnv:
    """`raw_env` with PettingZoo's checks of bounds and of the order of calls."""
    return OrderEnforcingWrapper(AssertOutOfBoundsWrapper(raw_env(scenario, **arguments)))
