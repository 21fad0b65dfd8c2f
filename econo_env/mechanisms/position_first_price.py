"""First-price auction of slots: a click costs the own bid."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.order_statistics import mean_of_losing, rank_chances, win_probability
from econo_env.mechanisms.slots import Slots, SlotSale, fill_slots
from econo_env.mechanisms.sources import slots as equals
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places


@compiled
def clear(
    bids: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    params: Slots,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """Slots go to the highest bids per click, and each click costs the own bid; all arrays (n,).

    Payments are for the expected clicks of the slot, rounded down to whole micro-credits.
    """
    fill_slots(bids, weights, lottery, params, allocation)
    for bidder in range(bids.shape[0]):
        payments[bidder] = 0
        if allocation[bidder] > 0:
            payments[bidder] = params.click_rates[allocation[bidder] - 1] * bids[bidder]


def equilibrium(places: Places, num_bidders: int, parameters: Any) -> BidFunction:
    """b(v) = v - integral_r^v Q / Q(v), with Q the expected clicks of the value v, by revenue equivalence.

    Q sums, over slots s, x_s - x_(s+1) times the chance G_s that fewer than s rivals lie above; each part by itself is
    the equilibrium of a first-price sale of s units (Krishna 2009, section 5.1.2).

    Args:
        places: Of every bidder's value of a click.
        num_bidders: Bidders.
        parameters: With `reserve` in credits and `click_rates`.

    Returns:
        Bids per click.
    """
    places = places.cut_at(places.of(parameters.reserve))
    rates = np.append(np.asarray(parameters.click_rates, dtype=np.float64), 0.0)
    clicks, paid = np.zeros_like(places.shares), np.zeros_like(places.shares)
    for slot in range(1, len(rates)):
        weight = (rates[slot - 1] - rates[slot]) * win_probability(places.shares, num_bidders - 1, slot)
        clicks += weight
        paid += weight * mean_of_losing(places, num_bidders, slot, parameters.reserve)
    serious = (clicks > 1e-300) & (places.values >= parameters.reserve)
    bids = np.where(serious, paid / np.where(serious, clicks, 1.0), places.values)
    return BidFunction(places.shares, places.values, bids)


def expected_outcome(
    bids: NDArray[Any], below: Sequence[NDArray[Any]], parameters: Any
) -> tuple[NDArray[Any], NDArray[Any]]:
    """A bid at or above the reserve stands in slot s where s - 1 rivals stand above it, and pays itself for a click."""
    rates = np.asarray(parameters.click_rates, dtype=np.float64)
    clicks = np.where(bids >= parameters.reserve, rates @ rank_chances(below, len(rates)), 0.0)
    return clicks, bids * clicks


MECHANISM = Mechanism(
    name="position_first_price",
    summary="The highest bids per click take the slots from the top; a click costs the own bid.",
    market="position",
    rule=clear,
    parameters=SlotSale,
    claims=(
        claims.NOT_TRUTHFUL,
        claims.EFFICIENT_IN_EQUILIBRIUM,
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
        claims.MONOTONE,
    ),
    known_answer="U[0,1], n bidders, click rates x: revenue sum of (x_s - x_(s+1)) s (n - s) / (n + 1)",
    sources=(equals.own_bid,),
    reference="Edelman and Ostrovsky (2007); Krishna, Auction Theory (2009), section 5.1.2",
    equilibrium=equilibrium,
    expected_outcome=expected_outcome,
)
