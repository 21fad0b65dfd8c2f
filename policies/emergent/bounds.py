"""Bounds of a population: where it falls apart, earns less or errs, the fallback plays in the whole market.

Beside `policies.guard`, which judges each agent by itself, this judges what only a population has: whether its members
act together. All three are looked at over the same few ticks, so that a fault is met within ten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.player import Players
from econo_env.policy import Actions, Mask, Memory, Named, Observations, Rewards, masked

FINE, SCATTERED, POOR, ERRING = 0, 1, 2, 3
REASONS = ("", "its members do not act together", "it earns less than it should", "too many actions are none")
"""Why the fallback plays, by number."""
Coherence = Callable[[Actions, Mask], NDArray[np.float64]]
"""How far those who act do so together, 0 to 1, (markets,)."""
_OWN = "bounds/"


def agreement(actions: Actions, mask: Mask) -> NDArray[np.float64]:
    """The length of the mean direction of the first component: 1 where all go one way, 0 where half go each way.

    The order parameter of Vicsek et al. (1995), and Kuramoto's, on a line.
    """
    counted = np.asarray(mask, dtype=np.bool_) & np.isfinite(actions[..., 0])
    signs = np.where(counted, np.sign(np.nan_to_num(actions[..., 0])), 0.0)
    here = counted.sum(axis=-1)
    return np.asarray(np.where(here > 0, np.abs(signs.sum(axis=-1)) / np.maximum(here, 1), 1.0))


@dataclass(frozen=True)
class PopulationLimits:
    """When a population gives way to its fallback.

    Attributes:
        coherence: Least mean coherence of the window.
        lost: Largest share of the baseline that may be missing from what the window earns.
        errors: Largest share of actions in the window that are none.
        window: Ticks over which all three are taken.
        warm_up: Ticks after which what was earned is the baseline, where none is given.
        hold: Ticks for which the fallback then plays.
    """

    coherence: float = 0.5
    lost: float = 0.2
    errors: float = 0.1
    window: int = 10
    warm_up: int = 50
    hold: int = 100

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            ValueError: A limit is out of range.
        """
        shares = (self.coherence, self.lost, self.errors)
        if not all(0.0 <= share <= 1.0 for share in shares):
            raise ValueError(f"coherence={self.coherence}, lost={self.lost}, errors={self.errors}: from 0 to 1")
        if not (1 <= self.window <= self.warm_up and self.hold >= 1):
            raise ValueError(f"window={self.window}, warm_up={self.warm_up}, hold={self.hold}: 1 <= window <= warm_up")


@dataclass
class _Seen:
    """What is remembered of each market; the window's columns go round."""

    coherence: NDArray[np.float64]  # (markets, window)
    earned: NDArray[np.float64]  # credits an agent, (markets, window)
    errors: NDArray[np.float64]  # share of actions, (markets, window)
    baseline: NDArray[np.float64]  # (markets,)
    ticks: NDArray[np.int64]  # of its own play since it last began, (markets,)
    held: NDArray[np.int64]  # ticks for which the fallback still plays
    reason: NDArray[np.int64]
    trips: NDArray[np.int64]


class Bounds(Players):
    """Lets a population play, and its fallback where it leaves its bounds, market by market.

    Attributes:
        name: What tables call it.
        above: The population's policy.
        below: The fallback.
        limits: The bounds.
    """

    def __init__(
        self,
        above: Named,
        below: Named,
        limits: PopulationLimits | None = None,
        *,
        coherence: Coherence = agreement,
        baseline: float | None = None,
        name: str = "emergent",
    ) -> None:
        """Puts both together.

        Args:
            above: Plays all agents of a market.
            below: Plays them where it fails.
            limits: The bounds.
            coherence: What acting together means.
            baseline: What an agent earns a tick, credits; by default what it earns in the warm-up.
            name: What tables call it.
        """
        super().__init__(above, below)
        self.name, self.above, self.below = name, above, below
        self.limits, self._coherence, self._baseline = limits or PopulationLimits(), coherence, baseline
        self._seen: _Seen | None = None

    def reset(self, seed: int) -> None:
        """Starts both over, each with luck of its own."""
        self.above.reset(seed)
        self.below.reset(int(np.random.SeedSequence([seed, 1]).generate_state(1)[0]))
        self._seen = None

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The population's actions, or the fallback's; an action that is none is the fallback's at once."""
        given = np.asarray(mask, dtype=np.bool_)
        seen = self._begun(len(given))
        own_turn = (seen.held == 0)[:, None]
        own = np.asarray(self.above.act(observations, given & own_turn), dtype=np.float32)
        with np.errstate(invalid="ignore"):
            sound = np.isfinite(own).all(axis=-1) & (np.abs(own) <= 1.0).all(axis=-1)
        plays = given & own_turn & sound
        other = self.below.act(observations, given & ~plays)
        place = seen.ticks % self.limits.window
        markets = np.arange(len(given))
        asked = np.maximum(given.sum(axis=-1), 1)
        seen.coherence[markets, place] = self._coherence(own, given & sound)
        seen.errors[markets, place] = (given & own_turn & ~sound).sum(axis=-1) / asked
        return masked(np.where(plays[..., None], own, other), given)

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Hears what was earned, and judges the population."""
        super().observe(rewards, ended)
        seen, limits = self._seen, self.limits
        if seen is None:
            return
        markets, own_turn = np.arange(len(rewards)), seen.held == 0
        seen.earned[markets, seen.ticks % limits.window] = np.asarray(rewards, dtype=np.float64).mean(axis=-1)
        seen.ticks = seen.ticks + own_turn
        learns = own_turn & (seen.ticks <= limits.warm_up) & np.isnan(self._given())
        weight = 1.0 / np.maximum(seen.ticks, 1)
        now = np.asarray(rewards, dtype=np.float64).mean(axis=-1)
        seen.baseline = np.where(
            learns & (seen.trips == 0), seen.baseline + weight * (now - seen.baseline), seen.baseline
        )
        judged = own_turn & (seen.ticks >= limits.window)
        knows = judged & ((seen.ticks > limits.warm_up) | (seen.trips > 0) | ~np.isnan(self._given()))
        poor = knows & (seen.earned.mean(axis=1) < seen.baseline - limits.lost * np.abs(seen.baseline) - 1e-9)
        scattered = judged & (seen.coherence.mean(axis=1) < limits.coherence)
        errs = judged & (seen.errors.mean(axis=1) > limits.errors)
        seen.held = np.maximum(seen.held - 1, 0)
        for where, reason in ((poor, POOR), (scattered, SCATTERED), (errs, ERRING)):
            seen.reason = np.where(where, reason, seen.reason)
        trips = poor | scattered | errs
        seen.held = np.where(trips, limits.hold, seen.held)
        seen.trips = seen.trips + trips
        seen.ticks = np.where(trips, 0, seen.ticks)

    def reasons(self) -> NDArray[np.int64]:
        """Why the fallback plays, by number of `REASONS`, (markets,); 0 where it does not."""
        assert self._seen is not None, "nobody has acted yet"
        return np.asarray(np.where(self._seen.held > 0, self._seen.reason, FINE))

    @property
    def trips(self) -> NDArray[np.int64]:
        """How often the population gave way, (markets,)."""
        assert self._seen is not None, "nobody has acted yet"
        return self._seen.trips.copy()

    def snapshot(self) -> Memory:
        """What both remember, and how the population stands."""
        own: dict[str, NDArray[Any]] = {}
        if self._seen is not None:
            own = {_OWN + name: array.copy() for name, array in vars(self._seen).items()}
        return {**super().snapshot(), **own}

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        super().restore({name: array for name, array in memory.items() if not name.startswith(_OWN)})
        own = {name.removeprefix(_OWN): array.copy() for name, array in memory.items() if name.startswith(_OWN)}
        self._seen = _Seen(**own) if own else None

    def _given(self) -> float:
        return float("nan") if self._baseline is None else self._baseline

    def _begun(self, markets: int) -> _Seen:
        if self._seen is None:
            shape, counts = (markets, self.limits.window), np.zeros(markets, dtype=np.int64)
            self._seen = _Seen(
                coherence=np.ones(shape), earned=np.zeros(shape), errors=np.zeros(shape),
                baseline=np.zeros(markets) if self._baseline is None else np.full(markets, self._baseline),
                ticks=counts, held=counts.copy(), reason=counts.copy(), trips=counts.copy(),
            )  # fmt: skip
        return self._seen
