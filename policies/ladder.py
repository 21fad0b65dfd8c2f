"""A ladder: agents rise to the next level, or fall to the one below, by what each level earns them.

A share of ticks, drawn by lot, is a trial of a neighbouring level. After `window` trials the neighbour's mean income is
held against the own level's over the same time: the agent moves where the neighbour earns more by the hysteresis, with
confidence, and has given no action that is none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.digest import plain
from econo_env.engine.rng import LEARNING, TWO_TO_MINUS_53, market_keys, philox
from econo_env.player import Players
from econo_env.policies.standing import DEMOTION, PROMOTION, Standing, standing_of
from econo_env.policy import Actions, Mask, Memory, Named, Observations, Rewards, masked

_OWN = "ladder/"
_BELOW, _SELF, _ABOVE = 0, 1, 2
_SHIFT = np.uint64(11)


@dataclass(frozen=True)
class Rungs:
    """When an agent moves.

    Attributes:
        trials: Share of ticks in which a neighbouring level plays.
        window: Trials of a neighbour after which it is judged.
        hysteresis: Share of the own level's mean income by which the neighbour must earn more.
        confidence: Standard errors by which it must.
    """

    trials: float = 0.1
    window: int = 200
    hysteresis: float = 0.1
    confidence: float = 4.0

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            ValueError: One is out of range.
        """
        if not 0.0 < self.trials < 1.0:
            raise ValueError(f"trials={self.trials!r}: a share of ticks between 0 and 1")
        if self.window < 2:
            raise ValueError(f"window={self.window!r}: at least 2 trials")
        if not (0.0 <= self.hysteresis < math.inf and 0.0 <= self.confidence < math.inf):
            raise ValueError(f"hysteresis={self.hysteresis!r}, confidence={self.confidence!r}: numbers from 0 on")


@dataclass
class _Standing:
    """What the ladder remembers, (markets, agents) and (markets, agents, below | own | above)."""

    level: NDArray[np.int64]
    changes: NDArray[np.int64]  # (markets, agents, down | up)
    turn: NDArray[np.int64]  # which of the three played last, -1 for none
    count: NDArray[np.int64]
    mean: NDArray[np.float64]  # credits a tick
    square: NDArray[np.float64]  # sum of squared differences from it
    faults: NDArray[np.int64]  # actions that were none


class Ladder(Players):
    """Several levels, of which each agent plays the one that earns it most; by market and agent.

    Only who plays is asked for an action.

    Attributes:
        name: Its name in tables.
        levels: The levels, the lowest first.
        rungs: When agents move.
    """

    def __init__(
        self,
        levels: Sequence[Named],
        rungs: Rungs | None = None,
        *,
        start: int = 0,
        seed: int = 0,
        name: str = "ladder",
    ) -> None:
        """Puts levels in a row.

        Args:
            levels: The lowest first.
            rungs: When agents move.
            start: The level at which all begin.
            seed: Of the luck of trials.
            name: Its name.

        Raises:
            ValueError: There is no level, or none of the number to start from.
        """
        if not 0 <= start < len(levels):
            raise ValueError(f"start={start!r}: one of the {len(levels)} levels, from 0")
        super().__init__(*levels)
        self.name, self.levels, self.rungs, self._start = name, tuple(levels), rungs or Rungs(), start
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Starts over, everybody at the first level; all levels have luck of their own."""
        for number, level in enumerate(self.levels):
            level.reset(int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) if number else seed)
        self._seed, self._calls = int(seed), 0
        self._keys = market_keys(self._seed, 0)
        self._standing: _Standing | None = None

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The action of the level that plays, for each agent."""
        given = np.asarray(mask, dtype=np.bool_)
        standing = self._begun(given.shape)
        standing.turn = np.where(given, self._turns(standing), -1)
        plays = standing.level + standing.turn - _SELF
        actions: NDArray[np.float32] | None = None
        for number, level in enumerate(self.levels):
            theirs = given & (plays == number)
            own = np.asarray(level.act(observations, theirs), dtype=np.float32)
            actions = np.zeros_like(own) if actions is None else actions
            with np.errstate(invalid="ignore"):
                sound = np.isfinite(own).all(axis=-1) & (np.abs(own) <= 1.0).all(axis=-1)
            fault = theirs & ~sound
            standing.faults[fault, standing.turn[fault]] += 1
            actions = np.where((theirs & sound)[..., None], own, actions)
        assert actions is not None
        return masked(actions, given)

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Hears what was earned; moves those whose trials are done."""
        super().observe(rewards, ended)
        standing = self._standing
        if standing is None:
            return
        at = np.nonzero(standing.turn >= 0)
        entry = (*at, standing.turn[at])
        standing.count[entry] += 1
        gap = np.asarray(rewards, dtype=np.float64)[at] - standing.mean[entry]
        standing.mean[entry] += gap / standing.count[entry]
        standing.square[entry] += gap**2 * (1.0 - 1.0 / standing.count[entry])
        for neighbour in (_BELOW, _ABOVE):
            self._judge(standing, neighbour)

    def _judge(self, standing: _Standing, neighbour: int) -> None:
        done = (standing.count[..., neighbour] >= self.rungs.window) & (standing.count[..., _SELF] >= 2)
        if not done.any():
            return
        own = standing.mean[..., _SELF]
        error = np.sqrt(_error(standing, neighbour) + _error(standing, _SELF))
        better = standing.mean[..., neighbour] - own - self.rungs.confidence * error
        clean = standing.faults[..., neighbour] == 0
        moves = done & clean & (better > self.rungs.hysteresis * np.abs(own))
        fails = done & (standing.faults[..., _SELF] > 0) & clean & (neighbour == _BELOW)
        moves |= fails  # a level that gives actions that are none is left, whatever it earns
        standing.level = standing.level + np.where(moves, neighbour - _SELF, 0)
        standing.changes[..., int(neighbour == _ABOVE)] += moves
        _forget(standing, moves, range(3))
        _forget(standing, done & ~moves, (neighbour, _SELF))

    def _turns(self, standing: _Standing) -> NDArray[np.int64]:
        """Who has the turn: the own level, or by lot one of its neighbours."""
        words = np.arange(standing.level.shape[1], dtype=np.uint64)[None]
        call, apart = np.uint64(self._calls), np.uint64(1)
        first, second = plain(philox)(self._keys[:, None], call, np.uint64(LEARNING), words, apart)
        self._calls += 1
        lot, side = (first >> _SHIFT) * TWO_TO_MINUS_53, (second >> _SHIFT) * TWO_TO_MINUS_53
        turn = np.where(lot < self.rungs.trials, np.where(side < 0.5, _BELOW, _ABOVE), _SELF)
        there = standing.level + turn - _SELF
        return np.where((there >= 0) & (there < len(self.levels)), turn, _SELF)

    @property
    def standing(self) -> NDArray[np.int64]:
        """The level of each agent, (markets, agents)."""
        assert self._standing is not None, "nobody has acted yet"
        return self._standing.level.copy()

    @property
    def changes(self) -> NDArray[np.int64]:
        """How often each agent has moved, (markets, agents)."""
        assert self._standing is not None, "nobody has acted yet"
        return np.asarray(self._standing.changes.sum(axis=-1))

    def stands(self, shape: tuple[int, int]) -> Standing:
        """Where its agents stand, see `policies.standing`; a trial of another level is no move."""
        below = [standing_of(level, shape) for level in self.levels]
        counts = np.sum([one.counts for one in below], axis=0)
        own = self._standing
        at = np.full(shape, self._start, dtype=np.int64) if own is None else own.level
        if own is not None:
            counts[..., DEMOTION] += own.changes[..., 0]
            counts[..., PROMOTION] += own.changes[..., 1]
        return Standing(np.choose(at, [one.level for one in below]), counts)

    def snapshot(self) -> Memory:
        """What all levels remember and where agents stand."""
        own = {} if self._standing is None else {_OWN + n: a.copy() for n, a in vars(self._standing).items()}
        return {**super().snapshot(), **own}

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        super().restore({name: array for name, array in memory.items() if not name.startswith(_OWN)})
        own: dict[str, Any] = {n.removeprefix(_OWN): a.copy() for n, a in memory.items() if n.startswith(_OWN)}
        self._standing = _Standing(**own) if own else None
        if self._standing is not None:
            self._know(len(self._standing.level))

    def _know(self, markets: int) -> None:
        if len(self._keys) != markets:
            self._keys = market_keys(self._seed, markets)

    def _begun(self, shape: tuple[int, ...]) -> _Standing:
        if self._standing is None:
            self._standing = _Standing(
                level=np.full(shape, self._start, dtype=np.int64),
                changes=np.zeros((*shape, 2), dtype=np.int64),
                turn=np.full(shape, -1, dtype=np.int64),
                count=np.zeros((*shape, 3), dtype=np.int64),
                mean=np.zeros((*shape, 3)),
                square=np.zeros((*shape, 3)),
                faults=np.zeros((*shape, 3), dtype=np.int64),
            )
            self._know(shape[0])
        return self._standing


def _error(standing: _Standing, who: int) -> NDArray[np.float64]:
    """The squared standard error of a mean, infinite before there are two."""
    count = standing.count[..., who]
    enough = count > 1
    spread = standing.square[..., who] / np.where(enough, count - 1, 1)
    return np.asarray(np.where(enough, spread / np.where(enough, count, 1), np.inf))


def _forget(standing: _Standing, where: NDArray[np.bool_], who: Sequence[int]) -> None:
    """Begins to count anew."""
    for one in who:
        for array in (standing.count, standing.mean, standing.square, standing.faults):
            array[where, one] = 0
