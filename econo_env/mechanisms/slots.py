"""Slots with click rates: who stands where, which the position auctions share."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Float64s
from econo_env.mechanisms.parameters import Reserve
from econo_env.mechanisms.ranking import NOBODY, highest_remaining


class SlotSale(NamedTuple):
    """Parameters: the reserve price of a click in credits."""

    reserve: Reserve = 0.0


class Slots(NamedTuple):
    """What the rules take: the reserve, and the expected clicks of each slot, shape (slots,), not increasing."""

    reserve: Any
    click_rates: Float64s


@compiled
def fill_slots(
    bids: NDArray[Any], weights: NDArray[Any], lottery: Lottery, params: Slots, allocation: NDArray[Any]
) -> None:
    """Seats the highest weighted bids at or above the reserve; `allocation` (n,) is the slot from 1, 0 for none."""
    allocation[:] = 0
    for slot in range(params.click_rates.shape[0]):
        winner = highest_remaining(bids, weights, params.reserve, allocation, lottery)
        if winner == NOBODY:
            return
        allocation[winner] = slot + 1


@compiled
def occupant(allocation: NDArray[Any], slot: int) -> int:
    """Who stands in a slot, counted from 1, or `NOBODY`."""
    for bidder in range(allocation.shape[0]):
        if allocation[bidder] == slot:
            return bidder
    return NOBODY


@compiled
def follower(
    bids: NDArray[Any], weights: NDArray[Any], lottery: Lottery, params: Slots, allocation: NDArray[Any], slot: int
) -> int:
    """Who comes after a slot, counted from 1: the next slot's occupant, after the last slot the best loser."""
    if slot < params.click_rates.shape[0]:
        return occupant(allocation, slot + 1)
    return highest_remaining(bids, weights, params.reserve, allocation, lottery)


@compiled
def price_to_stay(bids: NDArray[Any], weights: NDArray[Any], params: Slots, bidder: int, rival: int) -> float:
    """The least bid per click that still stands above the rival (or `NOBODY`), and reaches the reserve."""
    price = float(params.reserve)
    if rival != NOBODY:
        price = max(price, weights[rival] * bids[rival] / weights[bidder])
    return price
