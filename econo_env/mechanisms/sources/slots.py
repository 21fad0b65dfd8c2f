"""What payments for slots can be; they are for the expected clicks, in whole micro-credits."""

import numpy as np

from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.reasons import SAME, Reason
from econo_env.mechanisms.rounds import SlotRound
from econo_env.money import written


def own_bid(sold: SlotRound, bidder: int) -> Reason | None:
    """Its own bid for every click."""
    return Reason("its own bid", _clicks(sold, bidder) * float(sold.bids[bidder]), cut=True)


def bid_to_stay(sold: SlotRound, bidder: int) -> Reason | None:
    """For every click the least bid that keeps the slot."""
    price, words = _price_to_stay(bidder, sold.follower(int(sold.allocation[bidder])), sold)
    return Reason(f"the least bid that keeps the slot: {words}", _clicks(sold, bidder) * price, cut=True)


def externality(sold: SlotRound, bidder: int) -> Reason | None:
    """What those below lose by its presence: over the slots from its own on, the clicks lost times the next bid."""
    slot, said, total = int(sold.allocation[bidder]), [], 0.0
    for place in range(slot, len(sold.click_rates) + 1):
        further = float(sold.click_rates[place]) if place < len(sold.click_rates) else 0.0
        occupied = place == slot or np.any(sold.allocation == place)
        price = _price_to_stay(bidder, sold.follower(place) if occupied else None, sold)[0]
        here = float(sold.click_rates[place - 1])
        lost = f"({here:.12g} - {further:.12g})" if further else f"{here:.12g}"
        said.append(f"{lost} x {written(price)}")
        total += (here - further) * price
    return Reason(f"in all what those below lose by its presence: {' + '.join(said)}", total, cut=True)


def _clicks(sold: SlotRound, bidder: int) -> float:
    return float(sold.click_rates[sold.allocation[bidder] - 1])


def _price_to_stay(bidder: int, rival: int | None, sold: SlotRound) -> tuple[float, str]:
    """The least bid that stands above the rival's: as an amount, and in words."""
    reserve = reserve_of(sold.options)
    if rival is None:
        return reserve, f"the reserve {written(reserve)}"
    own, other = sold.weights[bidder], sold.weights[rival] * sold.bids[rival]
    if other / own < reserve - SAME:
        return reserve, f"the reserve {written(reserve)}"
    if np.all(sold.weights == 1.0):
        return float(sold.bids[rival]), f"{sold.name_of(rival)}'s bid {written(sold.bids[rival])}"
    return float(other / own), f"{sold.name_of(rival)}'s weighted bid {written(other, 9)} / {written(own)}"
