"""The Gymnasium faces: one seat of a market learns, the others act by a policy.

env = gymnasium.make("econo/first_price-v0", num_agents=4)                          # against truthful bidders
env = gymnasium.make("econo/first_price-v0", opponents=policy)                      # against any policy
envs = gymnasium.make_vec("econo/first_price-v0", num_envs=1024, opponents=policy)  # 1,024 markets in one engine
"""

from collections.abc import Mapping
from typing import Any, Protocol, cast

import gymnasium
import numpy as np
from gymnasium.spaces import Space
from gymnasium.vector import AutoresetMode
from gymnasium.vector import VectorEnv as GymnasiumVectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.engine import Engine
from econo_env.engine.state import Bools, Float32s, Float64s
from econo_env.interfaces.actions import check_action, fits
from econo_env.interfaces.spaces import action_box, fresh_seed, observation_box, whole_number
from econo_env.scenario import Scenario, load
from econo_env.telemetry.render import Recorder


class Opponents(Protocol):
    """Whatever acts for the other seats, such as a policy of the package `policies`."""

    def act(self, observations: Float32s, mask: Bools) -> ArrayLike:
        """Actions (markets, agents, components) for observations (markets, agents, features), mask (markets, agents).

        All seats are asked; what is returned for the learner's own seat is not used. A method `reset(seed)`, where
        there is one, is called with every new seed.
        """
        ...


class Truthful:
    """Every agent bids its own value."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._actions = scenario.market_module().truthful_actions

    def act(self, observations: Float32s, mask: Bools) -> Float32s:
        """The truthful actions."""
        actions: Float32s = self._actions(self._scenario, observations)
        return actions


class Seat:
    """One agent's view of a batch of markets in which a policy acts for all others.

    Attributes:
        engine: The engine behind it.
        scenario: The configuration.
        agent: The learner's seat, 0 to num_agents - 1.
        opponents: Who acts for the others.
    """

    def __init__(
        self, scenario: Scenario, num_markets: int, agent: int, opponents: Opponents | None, num_threads: int = 1
    ) -> None:
        self.engine = Engine(scenario, num_markets, num_threads=num_threads)
        self.scenario = scenario
        self.agent = whole_number("agent", agent)
        if not 0 <= self.agent < scenario.num_agents:
            raise ValueError(f"agent={agent!r}: seats run from 0 to {scenario.num_agents - 1}")
        if opponents is not None and not callable(getattr(opponents, "act", None)):
            raise ValueError(
                f"opponents={opponents!r} is no policy: give an object with act(observations, mask), "
                "such as policies.make_policy(name, scenario), or None for truthful opponents"
            )
        self.opponents = Truthful(scenario) if opponents is None else opponents
        self._info = scenario.market_module().info
        self._seeded = False

    def reset(self, seed: int | None, options: Mapping[str, Any] | None) -> None:
        """Starts episode 0 of a seed, or the next episode; see `MarketEnv.reset`."""
        if seed is None and self._seeded:
            self.engine.reset_markets(np.ones(self.engine.num_markets, dtype=np.bool_))
        else:
            number = fresh_seed() if seed is None else whole_number("seed", seed)
            self.engine.reset(number, whole_number("first_market", (options or {}).get("first_market", 0)))
            if hasattr(self.opponents, "reset"):
                self.opponents.reset(number)
        self._seeded = True

    def step(self, actions: ArrayLike) -> None:
        """One tick in which the learner takes `actions`, (markets, components), and the opponents act by policy.

        Raises:
            ValueError: The opponents' actions have a wrong shape, or an action is not within [-1, 1]; nothing has
                changed then.
        """
        exchange = self.engine.exchange
        everyone = np.array(self.opponents.act(exchange.observations.copy(), exchange.action_mask.copy()), np.float32)
        if everyone.shape != exchange.actions.shape:
            raise ValueError(f"opponents returned actions of shape {everyone.shape}: give {exchange.actions.shape}")
        everyone[:, self.agent] = actions
        if not fits(everyone, everyone.shape):
            raise ValueError("opponents returned an action that is NaN or not within [-1, 1]: clip them to it")
        self.engine.step(everyone)

    def observations(self) -> Float32s:
        """A copy of what the seat sees, (markets, features)."""
        return self.engine.exchange.observations[:, self.agent].copy()

    def rewards(self) -> Float64s:
        """A copy of what the seat earned, credits (markets,)."""
        return self.engine.exchange.rewards[:, self.agent].copy()

    def flags(self) -> tuple[Bools, Bools]:
        """Whether the seat's episode ended: terminated, also where it was banned; truncated; each (markets,)."""
        exchange = self.engine.exchange
        terminated = exchange.terminated[:, self.agent].copy()
        return terminated, exchange.ended & ~terminated

    def infos(self) -> dict[str, NDArray[Any]]:
        """Facts about the seat: `action_mask` int8 (markets, 1) and the market's own, (markets,)."""
        facts = self._info(self.scenario, self.engine.state)
        mask = self.engine.exchange.action_mask[:, self.agent, None].astype(np.int8)
        return {"action_mask": mask} | {name: column[:, self.agent].copy() for name, column in facts.items()}


class SingleAgentEnv(gymnasium.Env[Float32s, Float32s]):
    """One seat of one market as a `gymnasium.Env`; spaces, rewards and episode end as in `MarketEnv`.

    The episode also ends, by termination, when the seat's agent is banned.

    Attributes:
        seat: The engine, the seat and the opponents.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "ansi", "rgb_array"], "render_fps": 2}  # noqa: RUF012 - Gymnasium reads it from the class

    def __init__(
        self,
        scenario: str | Scenario,
        *,
        agent: int = 0,
        opponents: Opponents | None = None,
        render_mode: str | None = None,
        **overrides: Any,
    ) -> None:
        """Makes the environment.

        Args:
            scenario: A scenario id, the path of a scenario file, or a scenario.
            agent: The seat that learns, 0 to num_agents - 1.
            opponents: Acts for all other seats; truthful agents by default.
            render_mode: `ansi`, `rgb_array`, `human` (prints every round), or None.
            **overrides: Scenario fields to change.

        Raises:
            ValueError: The scenario, a field or a choice is unknown or out of range.
        """
        if render_mode not in (None, *self.metadata["render_modes"]):
            modes = ", ".join(self.metadata["render_modes"])
            raise ValueError(f"render_mode={render_mode!r} is unknown: choose one of {modes}, or None")
        loaded = load(scenario, **overrides)
        self.seat = Seat(loaded, 1, agent, opponents)
        self.observation_space = cast(Space[Float32s], observation_box(loaded))
        self.action_space = cast(Space[Float32s], action_box(loaded))
        self._action_names = loaded.market_module().action_names(loaded)
        self.render_mode = render_mode
        names = [f"bidder_{i}" for i in range(loaded.num_agents)]
        self._name = names[self.seat.agent]
        self._recorder = None if render_mode is None else Recorder(loaded, names)
        self._over = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32s, dict[str, Any]]:
        """Starts an episode; arguments as in `MarketEnv.reset`."""
        super().reset(seed=seed)
        self.seat.reset(seed, options)
        self._over = False
        if self._recorder is not None:
            self._recorder.start(self.seat.engine.state)
        return self.seat.observations()[0], self._facts()

    def step(self, action: ArrayLike) -> tuple[Float32s, float, bool, bool, dict[str, Any]]:
        """Plays one round.

        Raises:
            ValueError: The action is not within the action space; nothing has changed then.
            RuntimeError: The episode is over or `reset` has not been called.
        """
        if self._over:
            raise RuntimeError("the episode is over or has not begun: call reset()")
        check_action(self._name, action, self._action_names)
        engine = self.seat.engine
        if self._recorder is not None:
            self._recorder.before(engine.state)
        self.seat.step(np.asarray(action, dtype=np.float32)[None])
        terminated, truncated = (bool(flag[0]) for flag in self.seat.flags())
        self._over = terminated or truncated
        if self._recorder is not None:
            self._recorder.after(engine.state, engine.exchange.rewards[0])
            if self.render_mode == "human":
                self.render()
        return self.seat.observations()[0], float(self.seat.rewards()[0]), terminated, truncated, self._facts()

    def render(self) -> Any:
        """The last round; see `MarketEnv.render`."""
        if self._recorder is None:
            raise RuntimeError("choose a render_mode when making the environment: 'human', 'ansi' or 'rgb_array'")
        return self._recorder.show(self.render_mode)

    def close(self) -> None:
        """Ends the engine's worker threads."""
        self.seat.engine.close()

    def _facts(self) -> dict[str, Any]:
        return {name: row[0] if row.ndim > 1 else row[0].item() for name, row in self.seat.infos().items()}


class SingleAgentVectorEnv(GymnasiumVectorEnv[Float32s, Float32s, NDArray[Any]]):
    """One seat of each of many markets, in one engine; market k equals `SingleAgentEnv` with `first_market=k`.

    A market whose episode ends for the seat starts the next one within the same step: the observation is then the
    first of the new episode, and `infos` carries `final_obs` and `final_info` under their masks, as Gymnasium's
    `AutoresetMode.SAME_STEP` has them.

    Attributes:
        seat: The engine, the seat and the opponents.
    """

    metadata: dict[str, Any] = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": []}  # noqa: RUF012 - Gymnasium reads it from the class

    def __init__(
        self,
        scenario: str | Scenario,
        num_envs: int = 1,
        *,
        agent: int = 0,
        opponents: Opponents | None = None,
        num_threads: int = 1,
        **overrides: Any,
    ) -> None:
        """Makes `num_envs` markets that `num_threads` share; the other arguments as in `SingleAgentEnv`."""
        loaded = load(scenario, **overrides)
        self.num_envs = num_envs
        self.seat = Seat(loaded, num_envs, agent, opponents, num_threads)
        self.single_observation_space = observation_box(loaded)
        self.single_action_space = action_box(loaded)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32s, dict[str, Any]]:
        """Starts an episode in every market; market k plays market `first_market + k` of the seed."""
        super().reset(seed=seed)
        self.seat.reset(seed, options)
        return self.seat.observations(), _with_masks(self.seat.infos(), self.num_envs)

    def step(self, actions: Float32s) -> tuple[Float32s, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Plays one round in every market.

        Raises:
            ValueError: `actions` is not within the action space; nothing has changed then.
        """
        given = np.asarray(actions)
        if not fits(given, self.action_space.shape or ()):
            raise ValueError(f"actions must be an array of shape {self.action_space.shape} with entries from -1 to 1")
        self.seat.step(given)
        rewards = self.seat.rewards()
        terminated, truncated = self.seat.flags()
        over = terminated | truncated
        final: dict[str, Any] = {}
        if over.any():
            final = self._final(over)
            self.seat.engine.reset_markets(over)
        infos = _with_masks(self.seat.infos(), self.num_envs)
        return self.seat.observations(), rewards, terminated, truncated, infos | final

    def close_extras(self, **kwargs: Any) -> None:
        """Ends the engine's worker threads."""
        self.seat.engine.close()

    def _final(self, over: Bools) -> dict[str, Any]:
        last = np.full(self.num_envs, None, dtype=object)
        seen = self.seat.observations()
        for k in np.flatnonzero(over):
            last[k] = seen[k]
        facts: dict[str, Any] = {}
        for name, column in self.seat.infos().items():
            column[~over] = 0
            facts |= {name: column, f"_{name}": over.copy()}
        return {"final_obs": last, "_final_obs": over.copy(), "final_info": facts, "_final_info": over.copy()}


def _with_masks(columns: Mapping[str, NDArray[Any]], num_envs: int) -> dict[str, Any]:
    """Gymnasium's form of a vector's infos: beside each column, under `_name`, which markets have it."""
    infos: dict[str, Any] = dict(columns)
    return infos | {f"_{name}": np.ones(num_envs, dtype=np.bool_) for name in columns}
