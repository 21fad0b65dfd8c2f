"""VCG auction of slots: every bidder pays what its presence costs those below it."""

from typing import Any

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import truth
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
    """Slots go to the highest bids per click; slot s costs the sum over t >= s of (x_t - x_(t+1)) b_(t+1).

    All arrays (n,). With weights, each b_(t+1) is the least own bid that stands above it, the critical payment.
    Payments are for expected clicks, rounded down to whole micro-credits.
    """
    fill_slots(bids, weights, lottery, params, allocation)
    slots = params.click_rates.shape[0]
    for bidder in range(bids.shape[0]):
        payments[bidder] = 0
        if allocation[bidder] == 0:
            continue
        total = 0.0
        for slot in range(allocation[bidder], slots + 1):
            further = params.click_rates[slot] if slot < slots else 0.0
            rival = NOBODY
            if slot == allocation[bidder] or occupant(allocation, slot) != NOBODY:
                rival = follower(bids, weights, lottery, params, allocation, slot)
            price = price_to_stay(bids, weights, params, bidder, rival)
            total += (params.click_rates[slot - 1] - further) * price
        payments[bidder] = total


MECHANISM = Mechanism(
    name="position_vcg",
    summary="The highest bids per click take the slots from the top; each pays the clicks it takes from those below.",
    market="position",
    rule=clear,
    parameters=SlotSale,
    claims=(
        claims.TRUTHFUL,
        claims.EFFICIENT,
        claims.denied(claims.EFFICIENT.where("with unequal weights", weights=(1.0, 0.5, 0.5))),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
        claims.MONOTONE,
        claims.PRICED_BY_OTHERS,
    ),
    known_answer="U[0,1], n bidders, click rates x: truthful, revenue sum of (x_s - x_(s+1)) s (n - s) / (n + 1)",
    sources=(equals.externality,),
    reference="Edelman, Ostrovsky and Schwarz (2007); Varian (2007)",
    equilibrium=truth,
    truth_is_dominant=lambda _: True,
)
