"""A learner in a market: a policy with memory that chooses among arms and hears what they earned."""

from collections.abc import Callable
from typing import Any

import numpy as np

from econo_env.engine.exponential import in_lanes
from econo_env.engine.kernels import bound
from econo_env.engine.rng import market_keys
from econo_env.engine.state import Bools, Float32s, Float64s, Int64s, allocate
from econo_env.engine.threads import Threads
from econo_env.market import market_of
from econo_env.policies.adaptive.arms import ELSEWHERE, Arms
from econo_env.policies.adaptive.counterfactual import DEAF, Hearing
from econo_env.policies.adaptive.memory import NOTHING, Luck, Memory, Room, learn_and_choose, weigh_nothing
from econo_env.policies.adaptive.situations import Situations
from econo_env.policy import Actions, Mask, Observations, Rewards, masked
from econo_env.policy import Memory as Remembered
from econo_env.scenario import Scenario

_FRESH = "fresh"
_AT_ONCE = 8192
"""Agents whose actions are worked out at once: larger arrays on the way would go back to the system every time."""


class Learner:
    """Chooses an arm every tick, or where an episode is one sale every sale, and learns from what it earned.

    Every agent of every market learns for itself. The end of an episode is none for what is learned: play goes on.

    Attributes:
        name: Its name in tables.
        scenario: The market.
        arms: What it chooses among.
        memory: What it remembers; None before the first `act`. What a choice earned is learned with the next one.
        situations: What it tells apart.
        rules: What `learn_and_choose` takes first, compiled.
        params: Constants of how it learns and chooses.
        acts_within: Whether compiled loops know its actions.
        within: How they have them; `ELSEWHERE` where they do not.
        hears: How what every arm would have earned is told.
        seed: Of its luck.
        wants_all_seats: Whether observations come for all agents of a market, for what rivals bid is shown by seat.
    """

    def __init__(
        self,
        name: str,
        scenario: Scenario,
        arms: Arms,
        situations: Situations,
        learn: Callable[..., None],
        choose: Callable[..., int],
        params: Any,
        start: Float64s,
        *,
        weigh: Callable[..., None] = weigh_nothing,
        seed: int = 0,
        window: int = 0,
        regimes: int = 0,
        bins: int = 0,
        notes: int = 0,
        hears: Hearing = DEAF,
        num_threads: int = 1,
    ) -> None:
        """Puts a learner together.

        Args:
            name: Its name.
            scenario: The market.
            arms: What it chooses among.
            situations: What it tells apart.
            learn: See `learn_and_choose`.
            choose: See there.
            params: Constants that both take.
            start: The values of arms at first, (situations, arms) or what spreads to it.
            weigh: See `learn_and_choose`.
            seed: Of its luck.
            window: How many payoffs of each arm are kept.
            regimes: How many regimes are told apart, each with all situations; 0 where none are.
            bins: Of histograms of payoffs; 0 where none are kept.
            notes: Numbers that the learner writes down beside that.
            hears: How what every arm would have earned is told, where it is.
            num_threads: Threads that share the markets; results do not depend on it.
        """
        self.name, self.scenario, self.arms = name, scenario, arms
        self.situations, self.params, self.hears = situations, params, hears
        self.wants_all_seats = hears is not DEAF
        self.acts_within, self.within = arms.compiled is not None, arms.compiled or ELSEWHERE
        self.rules = (learn, weigh, choose, self.within.action_of, hears.meet, hears.hear, hears.rule)
        self._run = bound(learn_and_choose, *self.rules, wide=hears is not DEAF)
        rows = situations.count * max(1, regimes)
        self._sizes = {"situations": rows, "arms": len(arms.levels), "window": window}
        self._sizes |= {"regimes": regimes, "bins": bins, "notes": notes}
        self._sizes |= {"features": hears.features, "places": hears.places, "lanes": in_lanes(len(arms.levels))}
        self._start = np.broadcast_to(start, (rows, len(arms.levels)))
        self._by_sale = market_of(scenario).one_sale
        self._components = len(market_of(scenario).action_names(scenario))
        self._threads = Threads(num_threads)
        self._rooms: Room | None = None
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Knows nothing any more, and returns to the first draw of a seed.

        Raises:
            ValueError: The seed is no integer from 0 to 2^64 - 1.
        """
        market_keys(seed, 1)
        self.seed, self._calls = int(seed), 0
        self.memory: Memory | None = None
        self._fresh: Bools = np.zeros(0, dtype=np.bool_)
        self._keys = market_keys(self.seed, 0)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Learns from the last choice, and makes the next."""
        given = np.asarray(mask, dtype=np.bool_)
        agents = given.shape[-1] if given.ndim else 1
        free = given.reshape(-1, agents)
        seen = np.asarray(observations).reshape(*free.shape, np.shape(observations)[-1])
        if self.wants_all_seats and agents != self.scenario.num_agents:
            raise ValueError(
                f"{self.name} is asked for {agents} of {self.scenario.num_agents} seats: give all, for what rivals bid "
                "is shown by seat"
            )
        memory = self._begun(free.shape)
        actions: Float32s = np.empty((*(free.shape if self.acts_within else (0, 0)), 1), dtype=np.float32)
        learning = memory, self.params, self.within.constants, self.hears.rounds
        told = seen, Luck(self._keys, self._calls), self.situations.of(seen), self._fresh, free
        self._threads.over(len(free), self._run, *learning, *told, self._rooms, actions)
        self._calls += 1
        if not self.acts_within:
            actions = self._actions_of(seen, memory.played, free & (memory.played != NOTHING))
        return actions.reshape(*given.shape, actions.shape[-1])

    def _actions_of(self, seen: Observations, played: Int64s, plays: Mask) -> Actions:
        """The actions of the arms played, where one plays, those of a few markets at a time."""
        actions: Float32s = np.empty((*played.shape, self._components), dtype=np.float32)
        few = max(1, _AT_ONCE // played.shape[1])
        for begin in range(0, len(played), few):
            these = slice(begin, begin + few)
            actions[these] = masked(self.arms.play(seen[these], np.maximum(played[these], 0)), plays[these])
        return actions

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Hears what came of the tick; see `econo_env.policy.Remembering`."""
        if self.memory is None:
            return
        earned = self.memory.earned
        earned += rewards
        if self._by_sale:
            self._fresh = np.array(ended, dtype=np.bool_)

    def snapshot(self) -> Remembered:
        """A copy of all that is remembered."""
        if self.memory is None:
            return {}
        return {name: array.copy() for name, array in self.memory._asdict().items()} | {_FRESH: self._fresh.copy()}

    def restore(self, memory: Remembered) -> None:
        """Goes back to a snapshot."""
        if not memory:
            self.memory = None
            return
        self.memory = Memory(*(memory[name].copy() for name in Memory._fields))
        self._fresh = memory[_FRESH].copy()
        self._know(len(self._fresh))

    def begin(self, markets: int, start: Float64s) -> None:
        """Takes other values of arms at first than it was made with, (agents, situations, arms) for each market alike.

        Args:
            markets: How many it will play in.
            start: What arms are held to be worth, or what spreads to (markets, agents, situations, arms).
        """
        self.memory = None
        self._begun((markets, self.scenario.num_agents)).values[:] = start

    def starts(self, markets: int) -> tuple[Memory, Room]:
        """The memory with which it begins in so many markets of all their agents, and room to work in."""
        memory = self._begun((markets, self.scenario.num_agents))
        assert self._rooms is not None
        return memory, self._rooms

    def _know(self, markets: int) -> None:
        if len(self._keys) != markets:
            self._keys = market_keys(self.seed, markets)

    def _begun(self, shape: tuple[int, ...]) -> Memory:
        """The memory, made with the first act.

        Raises:
            ValueError: There are other markets or agents than at first.
        """
        if self.memory is None:
            memory = allocate(Memory, shape[0], self._sizes | {"agents": shape[1]})
            memory.values[:] = self._start
            memory.belief[..., :1] = 1.0
            memory.played[:] = NOTHING
            self.memory, self._fresh = memory, np.ones(shape[0], dtype=np.bool_)
            self._know(shape[0])
        if self._rooms is None or self._rooms.draws.shape != shape:
            self._rooms = allocate(Room, shape[0], self._sizes | {"agents": shape[1]})
        if (known := self.memory.played.shape) != shape:
            raise ValueError(
                f"{self.name} began with {known[0]} markets of {known[1]} agents, now sees {shape[0]} of {shape[1]}: "
                "reset it first"
            )
        return self.memory
