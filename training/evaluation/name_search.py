"""The best found way to act under 1, 2, ... names against given profiles of rivals.

Splits that the market knows are tried first, all of them; then a random local search changes one report after another.
What k names can do, k + 1 can, for a name may stay idle, so what is found never falls with the number of names; and
what turns out to need fewer names is what fewer can do.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_BID = -1
_SPREAD = 0.4  # standard deviation of the logarithm by which a bid is changed
_ABOVE = 1.5  # fresh bids are drawn up to so many times the highest one at hand
_BESIDE = (-1, 1)  # micro-credits: a tie would let the luck of the lottery look like skill
_ROUNDING = 1e-9  # credits: sums of the same whole micro-credits may differ by less


@dataclass(frozen=True)
class Effort:
    """How hard to search.

    Attributes:
        screen: Profiles that every split meets.
        finalists: Splits that meet all profiles.
        rounds: Of the local search, for each number of names.
        proposals: Changes tried in a round.
        patience: The local search ends where so many names and more are idle; splits are tried for all. One name is
            searched for so many times as long, for several names get as much before it ends.
    """

    screen: int = 16
    finalists: int = 16
    rounds: int = 3
    proposals: int = 12
    patience: int = 3


class Names(Protocol):
    """A market, an agent and its rivals, as the search sees them."""

    def play(self, own: Int64s, first: int = 0) -> Floats:
        """Utility of strategies (strategies, names, components) against the first so many profiles, 0 for all.

        Credits, shape (strategies, profiles).
        """
        ...

    def splits(self, names: int) -> Int64s:
        """Ways to act under exactly so many names, (strategies, names, components)."""
        ...

    def merged(self, own: Int64s) -> Int64s | None:
        """The bids of all names (names, components) as one report, if one can make them."""
        ...

    def thresholds(self) -> Int64s:
        """Bids of rivals, beside which an own bid may matter."""
        ...


def best_by_names(
    names: Names, report: Int64s, most: int, effort: Effort, rng: np.random.Generator
) -> tuple[list[Int64s], Floats]:
    """The best strategy found for each number of names, and what it earns beyond the own report under one name.

    Args:
        names: What there is to play.
        report: The own report under one name, shape (components,).
        most: Names at most.
        effort: How hard to search.
        rng: Of the local search.

    Returns:
        Strategies (names used, components), one for each number of names from 1, and their gains on these profiles.
    """
    own = float(names.play(report[None, None]).mean())
    best, found, seen = _Best(report[None, :], own), [], names.thresholds()
    for count in range(1, most + 1):
        tried = names.splits(count)
        if len(tried) > effort.finalists:
            first = names.play(tried, effort.screen).mean(axis=1)
            tried = tried[np.argsort(-first, kind="stable")[: effort.finalists]]
        best = best.or_of(names, tried)
        if count - len(best.strategy) <= effort.patience:
            for _ in range(effort.rounds * (effort.patience if count == 1 else 1)):
                best = best.or_of(names, _changed(best.strategy, count, effort.proposals, seen, rng))
        found.append(best)
    _hand_down(names, found)
    return [one.strategy for one in found], np.array([one.value for one in found]) - own


class _Best(NamedTuple):
    """A strategy (names, components), and what it earns."""

    strategy: Int64s
    value: float

    def or_of(self, names: Names, tried: Int64s) -> "_Best":
        """The best of these, if it is better."""
        if not len(tried):
            return self
        earned = names.play(tried).mean(axis=1)
        at = int(np.argmax(earned))
        return _Best(tried[at], float(earned[at])) if earned[at] > self.value + _ROUNDING else self


def _hand_down(names: Names, found: list[_Best]) -> None:
    """Gives what several names do no better than fewer to the fewer: luck of the search is no profit of splitting."""
    for best in found[:0:-1]:
        fewer = _without_idle(names, best)
        for at in range(len(fewer.strategy) - 1, len(found)):
            more, now = fewer.value - found[at].value, len(found[at].strategy)
            if more > _ROUNDING or (more >= -_ROUNDING and len(fewer.strategy) < now):
                found[at] = fewer


def _without_idle(names: Names, best: _Best) -> _Best:
    """The same with as few names as earn as much."""
    while len(best.strategy) > 1:
        tried = [np.delete(best.strategy, name, axis=0) for name in range(len(best.strategy))]
        one = names.merged(best.strategy)
        tried = tried if one is None else [one[None, :], *tried]
        earned = [float(names.play(fewer[None]).mean()) for fewer in tried]
        enough = [at for at, value in enumerate(earned) if value >= best.value - _ROUNDING]
        if not enough:
            break
        best = _Best(tried[enough[0]], earned[enough[0]])
    return best


def _changed(best: Int64s, names: int, count: int, seen: Int64s, rng: np.random.Generator) -> Int64s:
    """So many neighbours of a strategy, under up to `names` names.

    In each of them one or more bids are multiplied, drawn afresh, set beside a rival's or struck, and a name may take
    over another's report.
    """
    used, components = best.shape
    held = min(names, used + 1)  # one more name at a time
    tried = np.full((count, held, components), NO_BID, dtype=np.int64)
    tried[:, :used] = best
    highest = max(int(best.max(initial=0)), int(seen.max(initial=0)), 1)
    for one in tried:
        if held > 1 and rng.random() < 0.2:
            one[rng.integers(held)] = one[rng.integers(held)]
        for _ in range(1 + rng.integers(2)):
            name, component = rng.integers(held), rng.integers(components)
            bid, kind = one[name, component], rng.random()
            if kind < 0.4 and bid >= 0:
                one[name, component] = int(bid * np.exp(_SPREAD * rng.standard_normal()) + 0.5)
            elif kind < 0.6:
                one[name, component] = int(rng.random() * _ABOVE * highest)
            elif kind < 0.85 and len(seen):
                one[name, component] = max(0, int(rng.choice(seen)) + int(rng.choice(_BESIDE)))
            else:
                one[name, component] = NO_BID
    return tried
