"""The Stable-Baselines3 API: a native `VecEnv` over the engine, one sub-environment for each learner's seat.

Seats of a market start and end their episodes together. A banned seat idles until then, as agents under PettingZoo's
mask do; `econo_env.interfaces.sb3_buffers` has buffers that take only what was played.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from econo_env.catalogue import load
from econo_env.engine.engine import Engine, Snapshot
from econo_env.engine.levers import EngineLevers
from econo_env.engine.state import Bools, Float32s, Float64s, StepBuffers
from econo_env.interfaces.action_forms import LEVELS, ActionKind, Levels, action_form, checked_rows
from econo_env.interfaces.opponents import checked_seats, players_of
from econo_env.interfaces.spaces import first_market_of, observation_box
from econo_env.policy import Memory, Policy
from econo_env.scenario import Scenario

Indices = int | Iterable[int] | None
Infos = list[dict[str, Any]]
_MEMORY = "memory/"


class MarketVecEnv(VecEnv):
    """A batch of markets as SB3 sub-environments, seat by seat: number `k * len(seats) + j` is seat `seats[j]` of k.

    An episode of a seat is an episode of its market: `dones` is set once for both, with `terminal_observation` in the
    info. A seat that is banned before idles to the end: it sees zeros, earns 0, may do nothing, and its episode ends by
    termination. Returns, counts and lengths of episodes are then right in every SB3 wrapper, the value of being banned
    is 0, and nothing flows from one episode to the next. The idle steps can be left out of the samples, see
    `econo_env.interfaces.sb3_buffers`.

    Infos are fresh dicts, empty but for these entries: `terminal_observation` where done; `TimeLimit.truncated` True
    where the economy would go on; `banned` True in the step that bans the seat; `played` False in the idle steps.

    Attributes:
        engine: The engine behind it.
        seats: The agents that learn, by index.
        played: bool (num_envs,), whether each seat was there in the step just made.
        truncated: bool (num_envs,), which seats the step just made has truncated.
        tally: Where it is given, float64 (markets, agents): what everybody earns is added to it, in credits.
    """

    def __init__(
        self,
        scenario: Scenario,
        num_markets: int,
        *,
        seats: Sequence[int] | None = None,
        opponents: Policy | Mapping[int, Policy] | None = None,
        num_threads: int = 1,
        actions: ActionKind = "box",
        action_levels: Levels = LEVELS,
    ) -> None:
        """Makes the batch; `reset` draws fresh entropy unless `seed` was called before.

        Args:
            scenario: The market.
            num_markets: Markets in the batch.
            seats: Agents that learn; all of them by default.
            opponents: Who plays the other seats: one policy for all, or one for each seat.
            num_threads: Threads of the engine.
            actions: `box`, or a grid of choices: `discrete` or `multi_discrete`, see `action_forms`.
            action_levels: Levels of that grid.

        Raises:
            ValueError: A seat does not exist, is named twice, or is left without a player; or a bad choice of actions.
        """
        self.engine = Engine(scenario, num_markets, num_threads=num_threads, autoreset=True)
        self.scenario = scenario
        self.num_markets = self.engine.num_markets
        self.seats = checked_seats(scenario, seats)
        self.set_opponents(opponents)
        buffers = self.engine.buffers
        self.features, self.components = buffers.observations.shape[2], buffers.actions.shape[2]
        self._form, self._on_grid = action_form(scenario, actions, action_levels), actions != "box"
        self._everybody = len(self.seats) == scenario.num_agents
        self.tally: Float64s | None = None
        self._dead = np.zeros((self.num_markets, len(self.seats)), dtype=np.bool_)
        self._anyone_dead = False
        self._started = False
        self.render_mode = None  # VecEnv asks for it in its constructor
        super().__init__(self.num_markets * len(self.seats), observation_box(scenario), self._form.space())
        self.played = np.ones(self.num_envs, dtype=np.bool_)
        self.truncated = np.zeros(self.num_envs, dtype=np.bool_)

    @property
    def banned(self) -> Bools:
        """The seats that are banned now and will not play the coming step, bool (num_envs,)."""
        return self._dead.reshape(-1)

    @property
    def levers(self) -> EngineLevers:
        """The scenario's levers by name, see `Engine.levers`."""
        return self.engine.levers

    def set_opponents(self, opponents: Policy | Mapping[int, Policy] | None) -> None:
        """Changes who plays the other seats, from the next step on; see `__init__`."""
        self._players = players_of(self.scenario, self.seats, opponents)

    def reset(self) -> Float32s:
        """Starts an episode everywhere: episode 0 after `seed` or at first, the next one otherwise.

        After `set_options({"first_market": k})` and `seed`, market j plays what market k + j of a batch plays.

        Raises:
            ValueError: The options differ between sub-environments, or name a first market without a seed.
        """
        seed = self._seeds[0]
        starts_over = seed is not None or not self._started
        first_market = first_market_of(self._common_options(), starts_over=starts_over)
        if starts_over:
            if seed is None:
                seed = int(np.random.SeedSequence().generate_state(1, np.uint32)[0])
            # the engine gives every market of the batch a key of its own
            self.engine.reset(seed, first_market)
            for number, player in enumerate(self._players):
                player.reset(int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint32)[0]))
        else:
            for player in self._players:
                player.start_next(self.engine.buffers)
            self.engine.reset_markets(np.ones(self.num_markets, dtype=np.bool_))
        self._started = True
        self._reset_seeds()
        self._reset_options()
        self._dead[:] = False
        self._anyone_dead = False
        self.played[:] = True
        self.truncated[:] = False
        self.reset_infos = [{} for _ in range(self.num_envs)]
        return self._observed(self.engine.buffers.observations)

    def _common_options(self) -> dict[str, Any]:
        first = self._options[0]
        if any(options != first for options in self._options):
            raise ValueError("options differ between sub-environments: they share one engine, give the same to all")
        return first

    def step_async(self, actions: NDArray[Any]) -> None:
        """Takes the actions of every learning seat, (num_envs, components), or a choice each; see `__init__`."""
        buffers = self.engine.buffers
        leading = (self.num_markets, len(self.seats))
        given = np.asarray(actions).reshape(*leading, *self._form.shape)
        if self._on_grid:
            checked_rows(given, self._form, leading)
        decoded = self._form.decoded(given, self._of_seats(buffers.observations))
        if self._everybody:
            buffers.actions[...] = decoded
            return
        buffers.actions[:, self.seats] = decoded
        self.act_for_others(buffers)

    def act_for_others(self, buffers: StepBuffers) -> None:
        """Writes the actions of the seats that nobody learns in, for observations of any batch of these markets."""
        for player in self._players:
            player.play(buffers)

    def tell_others(self, buffers: StepBuffers) -> None:
        """Tells the policies of these seats what the tick that they acted in has brought."""
        for player in self._players:
            player.watch(buffers)

    def memories(self) -> list[Memory]:
        """What the policies of these seats remember, one snapshot each."""
        return [player.snapshot() for player in self._players]

    def recall(self, memories: Sequence[Memory]) -> None:
        """Goes back to memories, of any batch of these markets, one for each policy."""
        for player, memory in zip(self._players, memories, strict=True):
            player.restore(memory)

    def step_wait(self) -> tuple[Float32s, Float32s, Bools, Infos]:
        """One tick of every market.

        Returns:
            Observations float32 (num_envs, features), rewards float32 (num_envs,) in credits, dones bool (num_envs,),
            and infos, see the class.
        """
        before = self._dead
        observations, rewards, dones = self.advance()
        over = np.flatnonzero(dones).tolist()
        last = list(self.last_observations(dones)) if over else []
        if len(over) == self.num_envs:  # sales of one round, every time: written without a loop over two lists
            infos: Infos = [{"terminal_observation": seen} for seen in last]
        else:
            infos = [{} for _ in range(self.num_envs)]
            for number, seen in zip(over, last, strict=True):
                infos[number]["terminal_observation"] = seen
        if over:
            for number in np.flatnonzero(self.truncated).tolist():
                infos[number]["TimeLimit.truncated"] = True
        for name, value, which in (("played", False, ~self.played), ("banned", True, (self._dead & ~before).ravel())):
            if which.any():
                for number in np.flatnonzero(which).tolist():
                    infos[number][name] = value
        return observations, rewards, dones, infos

    def advance(self) -> tuple[Float32s, Float32s, Bools]:
        """`step_wait` without the infos, for trainers that read `played`, `truncated` and `last_observations`."""
        self.engine.step(self.engine.buffers.actions)
        buffers = self.engine.buffers
        if self.tally is not None:
            self.tally += buffers.rewards
        self.tell_others(buffers)
        terminated = self._of_seats(buffers.terminated)
        truncated = self._of_seats(buffers.truncated) & ~terminated
        rewards = self._of_seats(buffers.rewards).astype(np.float32)
        if self._anyone_dead:
            rewards[self._dead] = 0.0
            truncated &= ~self._dead
        self.played = ~self._dead.reshape(-1)
        self.truncated = truncated.reshape(-1)
        self._dead = (self._dead | terminated) & ~buffers.ended[:, None]
        self._anyone_dead = bool(self._dead.any())
        dones = np.repeat(buffers.ended, len(self.seats))
        return self._observed(buffers.observations), rewards.reshape(-1), dones

    def last_observations(self, which: Bools) -> Float32s:
        """What seats saw last in the episodes that the step just made has ended, a copy, zeros for the banned.

        Args:
            which: bool (num_envs,), seats whose episode has ended.
        """
        last = self._of_seats(self.engine.buffers.final_observations).reshape(self.num_envs, self.features)[which]
        last[~self.played[which]] = 0.0
        return last

    def action_masks(self) -> Bools:
        """Which choices each seat has in the coming step, bool (num_envs, choices): sb3-contrib's MaskablePPO asks.

        With `actions="box"` there is one entry a seat, whether it may act.
        """
        may_act = self._of_seats(self.engine.buffers.action_mask) & ~self._dead
        return self._form.masks(may_act).reshape(self.num_envs, -1).astype(np.bool_)

    def _of_seats(self, array: NDArray[Any]) -> NDArray[Any]:
        return array if self._everybody else array[:, self.seats]

    def _observed(self, observations: Float32s) -> Float32s:
        # a copy: the engine overwrites its own array while SB3 still holds the last observations
        seen = observations.copy() if self._everybody else observations[:, self.seats]
        if self._anyone_dead:
            seen[self._dead] = 0.0
        return seen.reshape(self.num_envs, self.features)

    def get_state(self) -> dict[str, list[NDArray[Any]]]:
        """Everything needed to go on from here to the last bit: the engine's arrays, who is dead, what others remember.

        The luck of opponents is theirs, and not in it.
        """
        snapshot = self.engine.snapshot()
        kept = {"state": list(snapshot.state), "buffers": list(snapshot.buffers), "dead": [self._dead.copy()]}
        for number, memory in enumerate(self.memories()):
            kept |= {f"{_MEMORY}{number}/{name}": [array] for name, array in memory.items()}
        return kept

    def set_state(self, state: Mapping[str, list[NDArray[Any]]]) -> None:
        """Goes back to what `get_state` gave, of an environment with the same scenario, size and seats."""
        self.engine.restore(Snapshot(tuple(state["state"]), tuple(state["buffers"])))
        self._dead = state["dead"][0].astype(np.bool_)
        self._anyone_dead = bool(self._dead.any())
        self._started = True
        for number, player in enumerate(self._players):
            start = f"{_MEMORY}{number}/"
            player.restore({key.removeprefix(start): state[key][0] for key in state if key.startswith(start)})

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
        """Calls a method of this environment once; the result stands for each index, `action_masks` row by row."""
        result = getattr(self, method_name)(*method_args, **method_kwargs)
        rows = method_name == "action_masks"
        return [result[number] if rows else result for number in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Indices = None) -> list[bool]:
        """False for each index: there are no Gymnasium wrappers inside."""
        return [False for _ in self._get_indices(indices)]

    def _require_all(self, indices: Indices, what: str) -> None:
        if len(set(self._get_indices(indices))) != self.num_envs:
            raise ValueError(f"{what} for some of {self.num_envs} sub-environments: they share one engine, name all")


def make_sb3_env(
    scenario: str | Scenario,
    num_markets: int = 1,
    *,
    seats: Sequence[int] | None = None,
    opponents: Policy | Mapping[int, Policy] | None = None,
    num_threads: int = 1,
    actions: ActionKind = "box",
    action_levels: Levels = LEVELS,
    **overrides: Any,
) -> MarketVecEnv:
    """A Stable-Baselines3 `VecEnv` of `num_markets` markets; one policy learns in all the `seats`.

    Args:
        scenario: A scenario id, the path of a scenario file, or a scenario.
        num_markets: Markets in the batch; large minibatches learn fastest, so take hundreds.
        seats: Agents that learn; all of them by default.
        opponents: Who plays the other seats: one policy for all, or a mapping from seat to policy.
        num_threads: Threads of the engine.
        actions: `box`, or a grid of choices: `discrete` or `multi_discrete`, see `action_forms`.
        action_levels: Levels of that grid.
        **overrides: Scenario fields to change, e.g. `num_agents=8`.

    Example:
        `PPO("MlpPolicy", make_sb3_env("first_price_v0", 1024), n_steps=8, batch_size=4096, gamma=0.0, seed=0)`
    """
    return MarketVecEnv(
        load(scenario, **overrides),
        num_markets,
        seats=seats,
        opponents=opponents,
        num_threads=num_threads,
        actions=actions,
        action_levels=action_levels,
    )
