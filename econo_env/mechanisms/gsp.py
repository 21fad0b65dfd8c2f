"""Generalised second-price auction of slots: a click costs the next bid."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.ranking import NOBODY
from econo_env.mechanisms.slots import Slots, SlotSale, fill_slots, follower, occupant, price_to_stay
from econo_env.mechanisms.sources import slots as equals


@compiled
def clear(
    bids: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    params: Slots,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """Slots go to the highest bids per click; each click costs the least bid that keeps the slot; all arrays (n,).

    Payments are for the expected clicks of the slot, rounded down to whole micro-credits.
    """
    fill_slots(bids, weights, lottery, params, allocation)
    payments[:] = 0
    for slot in range(1, params.click_rates.shape[0] + 1):
        bidder = occupant(allocation, slot)
        if bidder == NOBODY:
            return
        rival = follower(bids, weights, lottery, params, allocation, slot)
        payments[bidder] = params.click_rates[slot - 1] * price_to_stay(bids, weights, params, bidder, rival)


def envy_free_bids(
    values: ArrayLike, click_rates: ArrayLike, bound: Literal["lowest", "highest"] = "lowest"
) -> NDArray[np.float64]:
    """Bids of the locally envy-free equilibria with the lowest and the highest revenue, every value known to all.

    With rates x: b_s x_(s-1) = (x_(s-1) - x_s) w + x_s b_(s+1), where w is the own value v_s in the lowest equilibrium,
    whose payments are those of VCG (Edelman, Ostrovsky and Schwarz 2007), and the value v_(s-1) of the bidder above in
    the highest (Varian 2007). The first bidder bids its value or more.

    Args:
        values: Values of a click in credits, highest first, shape (..., n).
        click_rates: Expected clicks of each slot, positive, not increasing, shape (slots,).
        bound: Which equilibrium.

    Returns:
        Bids per click in credits, shape (..., n).
    """
    values = np.asarray(values, dtype=np.float64)
    rates = np.asarray(click_rates, dtype=np.float64)
    n, bids = values.shape[-1], values.copy()
    for place in range(min(n - 1, len(rates)), 0, -1):
        above = rates[place - 1]
        own = rates[place] if place < len(rates) else 0.0
        after = bids[..., place + 1] if place + 1 < n else 0.0
        deciding = values[..., place] if bound == "lowest" else values[..., place - 1]
        bids[..., place] = ((above - own) * deciding + own * after) / above
    bids[..., 0] = np.maximum(values[..., 0], bids[..., min(1, n - 1)])
    return bids


MECHANISM = Mechanism(
    name="gsp",
    summary="The highest bids per click take the slots from the top; a click costs the next bid.",
    market="position",
    rule=clear,
    parameters=SlotSale,
    claims=(
        claims.denied(claims.TRUTHFUL.where("with several slots"), claims.GROVES),
        claims.TRUTHFUL.where("with one slot", click_rates=(1.0,)),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
        claims.MONOTONE,
        claims.PRICED_BY_OTHERS,
    ),
    known_answer="truthful bids, U[0,1], click rates x: revenue sum of x_s (n - s) / (n + 1); the locally envy-free "
    "equilibrium with the lowest revenue has the payments of VCG",
    sources=(equals.bid_to_stay,),
    reference="Edelman, Ostrovsky and Schwarz (2007); Varian (2007)",
)
