"""One sale of identical units in words: what each bidder wins, and where its payment comes from.

In procurement the same of suppliers: the lowest bids win, and are paid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.markets.form import BY_ITS_RULE, SAME, Floats
from econo_env.money import written

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class UnitRound:
    """A round that has been cleared.

    Attributes:
        mechanism: The section with the rule's name and reserve.
        bids: Marginal bids in credits, not increasing along a row (in procurement not decreasing), NaN for none, shape
            (n, units wanted).
        allocation: Units won, shape (n,).
        payments: Credits paid, shape (n,); negative where it is received.
        ceiling: In procurement the most that the buyer pays for a unit, credits; None in a sale.
    """

    mechanism: Any
    bids: Floats
    allocation: Ints
    payments: Floats
    ceiling: float | None = None

    @property
    def reverse(self) -> bool:
        """Whether the lowest bids win and are paid."""
        return self.ceiling is not None

    @property
    def limit(self) -> float:
        """The worst bid that may win: the reserve, or in procurement the ceiling less the reserve."""
        reserve = float(self.mechanism.reserve)
        return reserve if self.ceiling is None else self.ceiling - reserve

    @property
    def limit_name(self) -> str:
        """What that limit is called."""
        if self.ceiling is None:
            return "the reserve"
        return "the ceiling less the reserve" if self.mechanism.reserve else "the ceiling"

    def accepted(self, amounts: Floats) -> NDArray[np.bool_]:
        """Which amounts may win; NaN may not."""
        with np.errstate(invalid="ignore"):
            return amounts <= self.limit + SAME if self.reverse else amounts >= self.limit - SAME

    def best_first(self, amounts: Floats) -> Floats:
        """Amounts without NaN, sorted."""
        kept = np.sort(amounts[~np.isnan(amounts)])
        return kept if self.reverse else kept[::-1]


def explained(cleared: UnitRound, only: Sequence[int] | None = None) -> list[str]:
    """One line a bidder, or for `only` some of them."""
    called = [f"bidder_{i}" for i in range(len(cleared.bids))]
    return [_line(i, cleared, called) for i in (range(len(called)) if only is None else only)]


def _listed(amounts: Floats) -> str:
    return " + ".join(map(written, amounts.tolist()))


def _line(i: int, cleared: UnitRound, names: Sequence[str]) -> str:
    bids, won = cleared.bids, int(cleared.allocation[i])
    own = bids[i][~np.isnan(bids[i])]
    if own.size == 0:
        return f"{names[i]} made no bid"
    worse = "above" if cleared.reverse else "below"
    if won == 0:
        meets = bool(cleared.accepted(own[:1])[0])
        limit = "the winning bids" if meets else f"{cleared.limit_name} {written(cleared.limit)}"
        tied = any(own[0] == bids[w, cleared.allocation[w] - 1] for w in np.flatnonzero(cleared.allocation))
        reason = "the lot fell to an equal bid" if tied and meets else f"{worse} {limit}"
        return f"{names[i]} wins nothing: its bid {written(own[0])}, {reason}"
    units = "1 unit" if won == 1 else f"{won} units"
    paid = f"{'is paid' if cleared.reverse else 'pays'} {written(abs(cleared.payments[i]))}"
    return f"{names[i]} wins {units}: bids {_listed(own[:won])}; {paid}, {_source(i, cleared, names)}"


def _source(i: int, cleared: UnitRound, names: Sequence[str]) -> str:
    """The reason of a winner's payment in words."""
    won, limit = int(cleared.allocation[i]), cleared.limit
    losing = losing_bids(cleared.bids, cleared.allocation)
    losing[~cleared.accepted(losing)] = np.nan
    name = cleared.limit_name.removesuffix(" less the reserve")
    if cleared.mechanism.name == "discriminatory":
        return "its own bids"
    if cleared.mechanism.name == "vickrey":
        losing[i] = np.nan
        rivals = cleared.best_first(losing)[:won]
        prices = np.concatenate([rivals, np.full(won - len(rivals), limit)])
        return f"the rivals' bids (or {name}) that its units displace: {_listed(prices)}"
    if cleared.mechanism.name != "uniform_price":
        return BY_ITS_RULE
    price = abs(cleared.payments[i]) / won
    worse, best = ("below", "lowest") if cleared.reverse else ("above", "highest")
    if np.isnan(losing).all():
        return f"{written(price)} a unit, {cleared.limit_name}, for no bid {worse} it lost"
    first = cleared.best_first(losing)[0]
    owner = int(np.flatnonzero((losing == first).any(axis=1))[0])
    return f"{written(price)} a unit, the {best} losing bid ({names[owner]})"


def losing_bids(bids: Floats, allocation: Ints) -> Floats:
    """The marginal bids that won nothing, NaN for the others, the shape of `bids`."""
    return np.where(np.arange(bids.shape[1]) >= allocation[:, None], bids, np.nan)
