"""Rollouts of deviations: what one action adds to what the mean action would have earned in its place.

Everybody plays the mean action. At each tick each learning seat also draws an action around its mean, and the engine
plays the tick once more with that action changed and everything else the same, luck included; where the two ways part
both are played to the end of the episode. The sample's advantage is the difference in what the seat earns.

This is the policy gradient with a baseline that depends on everything but the seat's own draw, so it is unbiased, and
the luck of rivals' values, which moves rewards far more than the draw does, is gone from it (Wolpert and Tumer 2002,
"Optimal payoff functions for members of collectives"; the counterfactual baseline of Foerster et al. 2018). What it
climbs is the payoff among policies that play their means, each single action blurred by its own draw: nobody learns to
answer the exploration of others, or its own at later ticks. A draw that changes nothing has a difference of exactly 0,
hence no gradient, and is no sample: in a clock auction nearly all of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine, Snapshot
from econo_env.engine.state import Bools, Float32s, Float64s, Int64s, StepBuffers, columns
from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.player import joined, markets_of
from econo_env.policy import Memory, Policy

_WRITTEN_FIRST = frozenset({"actions", "rewards", "invalid_actions", "bids", "award.worth"})
"""Arrays that every tick writes before it reads them: a difference there is none in what comes."""


@dataclass(frozen=True)
class _Fork:
    """Markets that go on differently for what one seat did.

    Attributes:
        tick: Tick of the rollout.
        place: The seat's place among the learning ones.
        markets: Numbers of the markets, shape (forks,).
        branches: The markets with the seat's draw, then those with its mean action, (2 * forks, ...).
        memories: What the policies of other seats remember there, one of 2 * forks markets each.
    """

    tick: int
    place: int
    markets: Int64s
    branches: Snapshot
    memories: list[Memory]


class Deviations:
    """The differences that single actions make on the way of the mean policy.

    Attributes:
        env: The markets; their learning seats are those that deviate.
        gamma: Discount a tick; with 0 no branch is played on.
    """

    def __init__(self, env: MarketVecEnv, gamma: float) -> None:
        self.env, self.gamma = env, gamma
        self._engine = Engine(env.scenario, env.num_markets)

    def start(self) -> None:
        """Begins a rollout."""
        self._differences: list[Float64s] = []
        self._forks: list[_Fork] = []
        self._now = self.env.engine.snapshot()
        self._remembered = self.env.memories()

    def step(self, means: Float32s, draws: Float32s) -> tuple[Float32s, Float32s, Bools]:
        """One tick of the mean policy, and of each seat's deviation from it.

        Args:
            means: float32 (num_envs, components), the mean actions.
            draws: The same shape: the actions to try, one at a time; both in [-1, 1].

        Returns:
            Observations, rewards and dones of the mean policy, as `MarketVecEnv.step` gives them.
        """
        env, before = self.env, self._now
        env.step_async(means)
        acted_with = env.memories()
        seen, rewards, dones = env.advance()
        self._now, self._remembered = env.engine.snapshot(), env.memories()
        tried = draws.reshape(env.num_markets, len(env.seats), env.components)
        differences = np.zeros(tried.shape[:2])
        for place, seat in enumerate(env.seats):
            acted = self._branch(before, seat, tried[:, place])
            differences[:, place] = acted.buffers.rewards[:, seat] - env.engine.buffers.rewards[:, seat]
            if self.gamma > 0.0:
                self._keep_forks(place, acted_with)
        self._differences.append(differences)
        return seen, rewards, dones

    def finish(self, learner: Policy) -> Float64s:
        """The differences of the whole rollout, (ticks, num_envs), in credits discounted to their tick.

        Args:
            learner: Plays the learning seats, (markets, seats, ...), of both branches to the end; it is one without
                memory.
        """
        differences = np.stack(self._differences)
        if self._forks:
            lengths = [2 * len(fork.markets) for fork in self._forks]
            seats = np.repeat([self.env.seats[fork.place] for fork in self._forks], lengths)
            self.env.recall([joined(list(parts)) for parts in zip(*(f.memories for f in self._forks), strict=True)])
            earned = self._played_on(_joined([fork.branches for fork in self._forks]), seats, learner)
            self.env.recall(self._remembered)
            for fork, part in zip(self._forks, np.split(earned, np.cumsum(lengths)[:-1]), strict=True):
                acted, instead = np.split(part, 2)
                differences[fork.tick, fork.markets, fork.place] += self.gamma * (acted - instead)
        return differences.reshape(len(differences), -1)

    def _branch(self, before: Snapshot, seat: int, tried: Float32s) -> Engine:
        """The markets after the tick just played, had one seat acted otherwise."""
        engine = self._engine
        engine.restore(before)
        actions = engine.buffers.actions
        actions[...] = self.env.engine.buffers.actions
        actions[:, seat] = tried
        engine.step(actions)
        return engine

    def _keep_forks(self, place: int, acted_with: list[Memory]) -> None:
        """Keeps the markets in which the branch just played parts from the way of the mean policy."""
        env, acted = self.env, self._engine
        env.recall(acted_with)
        env.tell_others(acted.buffers)
        memories = env.memories()
        env.recall(self._remembered)
        parted = _parted(acted, env.engine)
        for one, two in zip(memories, self._remembered, strict=True):
            parted |= _remember_differently(one, two) & ~acted.buffers.ended & ~env.engine.buffers.ended
        markets = np.flatnonzero(parted)
        if markets.size:
            branches = _joined([_rows(acted.snapshot(), markets), _rows(self._now, markets)])
            both = zip(memories, self._remembered, strict=True)
            remembered = [joined([markets_of(memory, markets) for memory in pair]) for pair in both]
            self._forks.append(_Fork(len(self._differences), place, markets, branches, remembered))

    def _played_on(self, start: Snapshot, seats: Int64s, learner: Policy) -> Float64s:
        """What one seat of each market earns to the end of the episode, discounted to the first tick."""
        env, engine = self.env, Engine(self.env.scenario, len(seats))
        engine.restore(start)
        buffers, which = engine.buffers, np.arange(len(seats))
        earned, discount, live = np.zeros(len(seats)), 1.0, ~buffers.ended
        while live.any():
            seen, mask = buffers.observations[:, env.seats], buffers.action_mask[:, env.seats]
            buffers.actions[:, env.seats] = learner.act(seen, mask)
            env.act_for_others(buffers)
            engine.step(buffers.actions)
            env.tell_others(buffers)
            earned += np.where(live, discount * buffers.rewards[which, seats], 0.0)
            discount *= self.gamma
            live &= ~buffers.ended
        return earned


def _parted(acted: Engine, mean: Engine) -> NDArray[np.bool_]:
    """Which markets go on, in one of two engines or in both, and may earn differently from here on."""
    over, other = acted.buffers.ended, mean.buffers.ended
    parted: NDArray[np.bool_] = over != other
    both = ~over & ~other
    of_state = (name.removeprefix("market.") for name in columns(type(acted.world)))
    names = [*of_state, *StepBuffers._fields]
    for name, one, two in zip(names, acted.arrays(), mean.arrays(), strict=True):
        if name not in _WRITTEN_FIRST:
            parted |= (one != two).reshape(len(both), -1).any(axis=1) & both
    return parted


def _remember_differently(one: Memory, two: Memory) -> NDArray[np.bool_]:
    """Of which markets two snapshots hold different things, bool (markets,); False of snapshots of nothing."""
    apart: NDArray[np.bool_] = np.zeros((), dtype=np.bool_)
    for name, array in one.items():
        apart = apart | (array != two[name]).reshape(len(array), -1).any(axis=1)
    return apart


def _rows(whole: Snapshot, which: Int64s) -> Snapshot:
    return Snapshot(tuple(a[which] for a in whole.state), tuple(a[which] for a in whole.buffers))


def _joined(parts: list[Snapshot]) -> Snapshot:
    state = tuple(np.concatenate(arrays) for arrays in zip(*(part.state for part in parts), strict=True))
    buffers = tuple(np.concatenate(arrays) for arrays in zip(*(part.buffers for part in parts), strict=True))
    return Snapshot(state, buffers)
