"""The Stable-Baselines3 face: a native `VecEnv` over the engine, one sub-environment for each learner's seat.

Nothing loops over sub-environments in Python unless an episode is truncated. Terminated and truncated stay apart: only
a truncated seat gets `TimeLimit.truncated` and `terminal_observation`, the two entries that make SB3 bootstrap.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from econo_env.engine.engine import Engine, Snapshot
from econo_env.engine.state import Bools, Exchange, Float32s
from econo_env.scenario import Scenario, load

Indices = int | Iterable[int] | None


class Opponent(Protocol):
    """Whatever plays the seats that nobody learns in; every policy of `policies` is one."""

    def reset(self, seed: int) -> None:
        """Starts over with a seed."""
        ...

    def act(self, observations: Float32s, mask: Bools) -> Float32s:
        """Actions (markets, seats, components) for observations (markets, seats, features) of the seats it plays.

        One with an attribute `wants_all_seats` that is true gets, and answers for, all agents.
        """
        ...


class MarketVecEnv(VecEnv):
    """A batch of markets as SB3 sub-environments, seat by seat: number `k * len(seats) + j` is seat `seats[j]` of k.

    A banned seat ends its episode there and then (terminated, `dones` set). It is dead until the market's episode ends:
    its observations and rewards are 0, it is done at every step, so no return flows through it, and `played` is False
    for it. A trainer that leaves out the samples with `played` False learns nothing from dead seats; one that keeps
    them sees zero returns at the zero observation.

    Attributes:
        engine: The engine behind it.
        seats: The agents that learn, by index.
        played: bool (num_envs,), whether each seat was alive in the step just made.
        truncated: bool (num_envs,), which seats the step just made has truncated.
    """

    def __init__(
        self,
        scenario: Scenario,
        num_markets: int,
        *,
        seats: Sequence[int] | None = None,
        opponents: Opponent | Mapping[int, Opponent] | None = None,
        num_threads: int = 1,
    ) -> None:
        """Makes the batch; `reset` draws fresh entropy unless `seed` was called before.

        Args:
            scenario: The market.
            num_markets: Markets in the batch.
            seats: Agents that learn; all of them by default.
            opponents: Who plays the other seats: one policy for all, or one for each seat.
            num_threads: Threads of the engine.

        Raises:
            ValueError: A seat does not exist, is named twice, or is left without a player.
        """
        self.engine = Engine(scenario, num_markets, num_threads=num_threads, autoreset=True)
        self.scenario = scenario
        self.num_markets = self.engine.num_markets
        self.seats = _checked_seats(scenario, seats)
        self.set_opponents(opponents)
        exchange = self.engine.exchange
        self.features, self.components = exchange.observations.shape[2], exchange.actions.shape[2]
        self.render_mode = None  # VecEnv asks for it in its constructor
        super().__init__(
            self.num_markets * len(self.seats),
            spaces.Box(0.0, 1.0, (self.features,), np.float32),
            spaces.Box(-1.0, 1.0, (self.components,), np.float32),
        )
        self._everybody = len(self.seats) == scenario.num_agents
        self._no_infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        self._dead = np.zeros((self.num_markets, len(self.seats)), dtype=np.bool_)
        self._anyone_dead = False
        self._started = False
        self.played = np.ones(self.num_envs, dtype=np.bool_)
        self.truncated = np.zeros(self.num_envs, dtype=np.bool_)

    def set_opponents(self, opponents: Opponent | Mapping[int, Opponent] | None) -> None:
        """Changes who plays the other seats, from the next step on; see `__init__`."""
        self._players = _players(self.scenario, self.seats, opponents)

    def reset(self) -> Float32s:
        """Starts an episode everywhere: episode 0 after `seed` or at first, the next one otherwise."""
        seed = self._seeds[0]
        if seed is None and self._started:
            self.engine.reset_markets(np.ones(self.num_markets, dtype=np.bool_))
        else:
            if seed is None:
                seed = int(np.random.SeedSequence().generate_state(1, np.uint32)[0])
            # the engine gives every market of the batch a key of its own
            self.engine.reset(seed)
            for number, (policy, _) in enumerate(self._players):
                policy.reset(int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint32)[0]))
        self._started = True
        self._reset_seeds()
        self._reset_options()
        self._dead[:] = False
        self._anyone_dead = False
        self.played[:] = True
        self.truncated[:] = False
        self.reset_infos = self._no_infos
        return self._observed(self.engine.exchange.observations)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Takes the actions of every learning seat, float32 (num_envs, components)."""
        exchange = self.engine.exchange
        given = np.asarray(actions, dtype=np.float32).reshape(self.num_markets, len(self.seats), self.components)
        if self._everybody:
            exchange.actions[...] = given
            return
        exchange.actions[:, self.seats] = given
        self.act_for_others(exchange)

    def act_for_others(self, exchange: Exchange) -> None:
        """Writes the actions of the seats that nobody learns in, for observations of any batch of these markets."""
        for policy, theirs in self._players:
            if getattr(policy, "wants_all_seats", False):
                exchange.actions[:, theirs] = policy.act(exchange.observations, exchange.action_mask)[:, theirs]
            else:
                seen, mask = exchange.observations[:, theirs], exchange.action_mask[:, theirs]
                exchange.actions[:, theirs] = policy.act(seen, mask)

    def step_wait(self) -> tuple[Float32s, Float32s, Bools, list[dict[str, Any]]]:
        """One tick of every market.

        Returns:
            Observations float32 (num_envs, features), rewards float32 (num_envs,) in credits, dones bool (num_envs,),
            and infos, empty but where a seat is truncated.
        """
        self.engine.step(self.engine.exchange.actions)
        exchange = self.engine.exchange
        terminated, truncated = self._of_seats(exchange.terminated), self._of_seats(exchange.truncated)
        rewards = self._of_seats(exchange.rewards).astype(np.float32)
        truncated = truncated & ~terminated
        if self._anyone_dead:
            rewards[self._dead] = 0.0
            truncated &= ~self._dead
        self.played = ~self._dead.reshape(-1)
        self.truncated = truncated.reshape(-1)
        self._dead = (self._dead | terminated) & ~exchange.ended[:, None]
        # the dead of this step and of the coming one: both are done
        dones = (terminated | truncated).reshape(-1) | ~self.played
        self._anyone_dead = bool(self._dead.any())
        observations = self._observed(exchange.observations)
        return observations, rewards.reshape(-1), dones, self._infos()

    def _infos(self) -> list[dict[str, Any]]:
        which = np.flatnonzero(self.truncated)
        if which.size == 0:
            return self._no_infos
        last = self._of_seats(self.engine.exchange.final_observations).reshape(self.num_envs, self.features)[which]
        infos = self._no_infos.copy()
        for number, observation in zip(which.tolist(), last, strict=True):
            infos[number] = {"terminal_observation": observation, "TimeLimit.truncated": True}
        return infos

    def _of_seats(self, array: NDArray[Any]) -> NDArray[Any]:
        return array if self._everybody else array[:, self.seats]

    def _observed(self, observations: Float32s) -> Float32s:
        # a copy: the engine overwrites its own array while SB3 still holds the last observations
        seen = observations.copy() if self._everybody else observations[:, self.seats]
        if self._anyone_dead:
            seen[self._dead] = 0.0
        return seen.reshape(self.num_envs, self.features)

    def get_state(self) -> dict[str, list[NDArray[Any]]]:
        """Everything needed to go on from here to the last bit: arrays of the engine, and who is dead."""
        snapshot = self.engine.snapshot()
        return {"state": list(snapshot.state), "exchange": list(snapshot.exchange), "dead": [self._dead.copy()]}

    def set_state(self, state: Mapping[str, list[NDArray[Any]]]) -> None:
        """Goes back to what `get_state` gave, of an environment with the same scenario, size and seats."""
        self.engine.restore(Snapshot(tuple(state["state"]), tuple(state["exchange"])))
        self._dead = state["dead"][0].astype(np.bool_)
        self._anyone_dead = bool(self._dead.any())
        self._started = True

    def close(self) -> None:
        """Ends the engine's threads."""
        self.engine.close()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """An attribute of this environment, once for each index: sub-environments share everything."""
        value = getattr(self, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Sets an attribute for all sub-environments; they cannot differ, so `indices` must name them all.

        Raises:
            ValueError: `indices` leaves some out.
        """
        self._require_all(indices, f"set_attr({attr_name!r})")
        setattr(self, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Calls a method of this environment once; the result stands for each index."""
        result = getattr(self, method_name)(*method_args, **method_kwargs)
        return [result for _ in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Indices = None) -> list[bool]:
        """False for each index: there are no Gymnasium wrappers inside."""
        return [False for _ in self._get_indices(indices)]

    def _require_all(self, indices: Indices, what: str) -> None:
        if len(set(self._get_indices(indices))) != self.num_envs:
            raise ValueError(f"{what} for some of {self.num_envs} sub-environments: they share one engine, name all")


def _checked_seats(scenario: Scenario, seats: Sequence[int] | None) -> list[int]:
    chosen = list(range(scenario.num_agents)) if seats is None else [int(seat) for seat in seats]
    wrong = [seat for seat in chosen if not 0 <= seat < scenario.num_agents]
    if wrong or not chosen or len(set(chosen)) != len(chosen):
        raise ValueError(f"seats={chosen}: give different seats from 0 to {scenario.num_agents - 1}, at least one")
    return chosen


def _players(
    scenario: Scenario, seats: Sequence[int], opponents: Opponent | Mapping[int, Opponent] | None
) -> list[tuple[Opponent, list[int]]]:
    """Each opponent with the seats it plays."""
    others = [seat for seat in range(scenario.num_agents) if seat not in set(seats)]
    if not others:
        return []
    if opponents is None:
        raise ValueError(f"seats {others} have no player: give opponents=, a policy or one for each of these seats")
    if not isinstance(opponents, Mapping):
        return [(opponents, others)]
    missing = [seat for seat in others if seat not in opponents]
    if missing:
        raise ValueError(f"opponents leaves seats {missing} without a player")
    by_policy: dict[int, tuple[Opponent, list[int]]] = {}
    for seat in others:
        by_policy.setdefault(id(opponents[seat]), (opponents[seat], []))[1].append(seat)
    return list(by_policy.values())


def make_sb3_env(
    scenario: str | Scenario,
    num_markets: int = 1,
    *,
    seats: Sequence[int] | None = None,
    opponents: Opponent | Mapping[int, Opponent] | None = None,
    num_threads: int = 1,
    **overrides: Any,
) -> MarketVecEnv:
    """A Stable-Baselines3 `VecEnv` of `num_markets` markets; one policy learns in all the `seats`.

    Args:
        scenario: A scenario id, the path of a scenario file, or a scenario.
        num_markets: Markets in the batch; large minibatches learn fastest, so take hundreds.
        seats: Agents that learn; all of them by default.
        opponents: Who plays the other seats: one policy for all, or a mapping from seat to policy.
        num_threads: Threads of the engine.
        **overrides: Scenario fields to change, e.g. `num_agents=8`.

    Example:
        `PPO("MlpPolicy", make_sb3_env("first_price_v0", 1024), n_steps=8, batch_size=4096, gamma=0.0, seed=0)`
    """
    return MarketVecEnv(
        load(scenario, **overrides), num_markets, seats=seats, opponents=opponents, num_threads=num_threads
    )
