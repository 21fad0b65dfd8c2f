"""Multi-unit Vickrey auction: every winner pays the losing bids that its units displace."""

from typing import Any

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.marginal_bids import UnitSale, award
from econo_env.mechanisms.ranking import NOBODY
from econo_env.mechanisms.sources import units as equals


@compiled
def displaced_bid(bids: NDArray[Any], allocation: NDArray[Any], winner: int, below: int) -> int:
    """The next of the rivals' losing bids, the highest first.

    Args:
        bids: Marginal bids, shape (n, units wanted), not increasing along a row.
        allocation: Units won, shape (n,).
        winner: Whose rivals are meant.
        below: Place of the bid found last, bidder times units wanted plus unit, or `NOBODY` to start.

    Returns:
        The place of the next bid in the order of amount, then place; `NOBODY` when there is none.
    """
    wanted = bids.shape[1]
    found, highest = NOBODY, bids[0, 0]
    last = bids[max(below, 0) // wanted, max(below, 0) % wanted]
    for bidder in range(bids.shape[0]):
        if bidder == winner:
            continue
        for unit in range(allocation[bidder], wanted):
            bid, place = bids[bidder, unit], bidder * wanted + unit
            if below != NOBODY and (bid > last or (bid == last and place <= below)):
                continue
            if bid >= 0 and (found == NOBODY or bid > highest):
                found, highest = place, bid
            break  # the bidder's further bids are no higher
    return found


@compiled
def clear(
    bids: NDArray[Any], lottery: Lottery, params: UnitSale, allocation: NDArray[Any], payments: NDArray[Any]
) -> None:
    """The highest marginal bids, (n, units wanted), win; q units cost the rivals' q highest losing bids; results (n,).

    The seller stands behind every unit with a bid of the reserve.
    """
    award(bids, params, lottery, allocation)
    wanted = bids.shape[1]
    for winner in range(bids.shape[0]):
        payments[winner] = 0
        place = NOBODY
        for unit in range(allocation[winner]):
            price = params.reserve
            if unit == 0 or place != NOBODY:
                place = displaced_bid(bids, allocation, winner, place)
                if place != NOBODY:
                    price = max(price, bids[place // wanted, place % wanted])
            payments[winner] += price


MECHANISM = Mechanism(
    name="vickrey",
    summary="The highest marginal bids win a unit each; q units cost the q highest losing bids of the others.",
    market="multi_unit",
    rule=clear,
    parameters=UnitSale,
    claims=(
        claims.TRUTHFUL,
        claims.EFFICIENT,
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
        claims.MONOTONE,
        claims.PRICED_BY_OTHERS,
    ),
    known_answer="2 bidders who want both of 2 units, marginal values from U[0,1]: truthful, revenue 3/5, welfare 7/5, "
    "utility 2/5 each",
    sources=(equals.displaced_bids,),
    reference="Vickrey (1961); Krishna, Auction Theory (2009), section 12.1",
    equilibrium=truth,
    truth_is_dominant=lambda _: True,
    reversible=True,
)
