"""One sale of identical units in words: what each bidder wins, and where its payment comes from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.markets.form import Floats

Ints = NDArray[np.int64]


def explained(
    mechanism: Any, bids: Floats, allocation: Ints, payments: Floats, only: Sequence[int] | None = None
) -> list[str]:
    """One line a bidder.

    Args:
        mechanism: The section with the rule's name and reserve.
        bids: Marginal bids in credits, not increasing along a row, NaN for none, shape (n, units wanted).
        allocation: Units won, shape (n,).
        payments: Credits, shape (n,).
        only: The bidders to tell of, all by default.
    """
    called = [f"bidder_{i}" for i in range(len(bids))]
    told = range(len(called)) if only is None else only
    return [_line(i, mechanism, bids, allocation, payments, called) for i in told]


def _listed(amounts: Floats) -> str:
    return " + ".join(f"{amount:.6g}" for amount in amounts)


def _line(i: int, mechanism: Any, bids: Floats, allocation: Ints, payments: Floats, names: Sequence[str]) -> str:
    won, reserve = int(allocation[i]), float(mechanism.reserve)
    own = bids[i][~np.isnan(bids[i])]
    if own.size == 0:
        return f"{names[i]} made no bid"
    if won == 0:
        limit = f"the reserve {reserve:.6g}" if own[0] < reserve else "the winning bids"
        tied = any(own[0] == bids[w, allocation[w] - 1] for w in np.flatnonzero(allocation))
        reason = "the lot fell to an equal bid" if tied and own[0] >= reserve else f"below {limit}"
        return f"{names[i]} wins nothing: its bid {own[0]:.6g}, {reason}"
    units = "1 unit" if won == 1 else f"{won} units"
    source = _source(i, mechanism, bids, allocation, payments, names)
    return f"{names[i]} wins {units}: bids {_listed(own[:won])}; pays {payments[i]:.6g}, {source}"


def _source(i: int, mechanism: Any, bids: Floats, allocation: Ints, payments: Floats, names: Sequence[str]) -> str:
    """The reason of a winner's payment in words."""
    won, reserve = int(allocation[i]), float(mechanism.reserve)
    losing = losing_bids(bids, allocation)
    if mechanism.name == "discriminatory":
        return "its own bids"
    if mechanism.name == "vickrey":
        losing[i] = np.nan
        rivals = np.sort(losing[~np.isnan(losing) & (losing >= reserve)])[::-1][:won]
        prices = np.concatenate([rivals, np.full(won - len(rivals), reserve)])
        return f"the rivals' bids (or the reserve) that its units displace: {_listed(prices)}"
    price = payments[i] / won
    if np.isnan(losing).all() or not np.nanmax(losing) >= reserve:
        return f"{price:.6g} a unit, the reserve, for no bid above it lost"
    owner = int(np.nanargmax(np.nanmax(np.where(np.isnan(losing), -1.0, losing), axis=1)))
    return f"{price:.6g} a unit, the highest losing bid ({names[owner]})"


def losing_bids(bids: Floats, allocation: Ints) -> Floats:
    """The marginal bids that won nothing, NaN for the others, the shape of `bids`."""
    return np.where(np.arange(bids.shape[1]) >= allocation[:, None], bids, np.nan)
