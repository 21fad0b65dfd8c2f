"""Identical units and marginal bids: who wins how many, which the multi-unit rules share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from numpy.typing import NDArray
from pydantic import Field

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery, ticket
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.parameters import Reserve, Units
from econo_env.mechanisms.ranking import NOBODY
from econo_env.valuations.priors import Prior

MOST_UNITS = 4096
"""Units on sale: payments of one bidder stay inside int64."""


@dataclass(frozen=True)
class UnitMechanism(Mechanism):
    """A row of the table for a rule that sells identical units.

    Attributes:
        truthful_for_one_unit: Whether bidding the value is dominant where everybody wants one unit.
        second_bid_of_zero: Whether, with two bidders who want both of two units and no reserve, bidding (v1, 0) answers
            a rival who does, given the own prior and the rival's; None where it never does.
    """

    truthful_for_one_unit: bool = False
    second_bid_of_zero: Callable[[Prior, Prior], bool] | None = None


class UnitSale(NamedTuple):
    """Parameters: identical units for sale, and the reserve price of each in credits."""

    units: Annotated[Units, Field(le=MOST_UNITS)] = 2
    reserve: Reserve = 0.0


@compiled
def make_non_increasing(bids: NDArray[Any]) -> None:
    """Lowers every marginal bid, (n, units wanted), to the one before it: no unit without those before it."""
    for bidder in range(bids.shape[0]):
        for unit in range(1, bids.shape[1]):
            bids[bidder, unit] = min(bids[bidder, unit], bids[bidder, unit - 1])


@compiled
def next_winner(bids: NDArray[Any], reserve: Any, allocation: NDArray[Any], lottery: Lottery) -> int:
    """The bidder whose next marginal bid is the highest.

    Args:
        bids: Marginal bids, shape (n, units wanted), not increasing along a row; a negative entry is no bid.
        reserve: Bids below it are excluded.
        allocation: Units won so far, shape (n,).
        lottery: Breaks ties between marginal bids.

    Returns:
        The bidder's index, or `NOBODY`.
    """
    wanted = bids.shape[1]
    best, highest = NOBODY, bids[0, 0]
    for bidder in range(bids.shape[0]):
        unit = allocation[bidder]
        if unit >= wanted:
            continue
        bid = bids[bidder, unit]
        if bid < 0 or bid < reserve or (best != NOBODY and bid < highest):
            continue
        if best != NOBODY and bid == highest:
            rival = best * wanted + allocation[best]
            if ticket(lottery, bidder * wanted + unit) < ticket(lottery, rival):
                continue
        best, highest = bidder, bid
    return best


@compiled
def award(bids: NDArray[Any], params: UnitSale, lottery: Lottery, allocation: NDArray[Any]) -> None:
    """Gives the units to the highest marginal bids at or above the reserve; `allocation` (n,) counts them."""
    allocation[:] = 0
    for _ in range(params.units):
        winner = next_winner(bids, params.reserve, allocation, lottery)
        if winner == NOBODY:
            return
        allocation[winner] += 1
