"""VCG double auction: efficient and truthful, and the market maker pays the difference."""

import math
from typing import Any, NamedTuple

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.crossing import cross, trade
from econo_env.mechanisms.reasons import Reason
from econo_env.mechanisms.rounds import TwoSidedRound
from econo_env.money import written


class VcgDoubleAuction(NamedTuple):
    """There are no parameters."""


@compiled
def clear(
    bids: NDArray[Any],
    asks: NDArray[Any],
    lottery: Lottery,
    params: VcgDoubleAuction,
    order: NDArray[Any],
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """All q efficient trades; buyers pay max(b_(q+1), s_q), sellers get min(s_(q+1), b_q), the pivotal payments.

    Without a buyer, either the next one takes its place or the marginal seller keeps the unit; likewise for a seller.
    Bids (m,), asks (n,), the others (m + n,), buyers first; `order` is scratch space.
    """
    buyers = bids.shape[0]
    trades, num_bids, num_asks = cross(bids, asks, lottery, order)
    if trades == 0:
        trade(order, buyers, 0, 0, 0, allocation, payments)
        return
    marginal_bid, marginal_ask = bids[order[trades - 1]], asks[order[buyers + trades - 1]]
    buyers_pay = max(marginal_ask, bids[order[trades]]) if trades < num_bids else marginal_ask
    sellers_get = min(marginal_bid, asks[order[buyers + trades]]) if trades < num_asks else marginal_bid
    trade(order, buyers, trades, buyers_pay, sellers_get, allocation, payments)


def others_offer(cleared: TwoSidedRound, trader: int) -> Reason | None:
    """Of a buyer the higher of the last ask that trades and the next bid; of a seller the mirror image."""
    margin = cleared.margin()
    if margin is None:
        return None
    if cleared.side(trader) == 1:
        words = f"the higher of the last ask that trades, {written(margin.ask)},{_beside('bid', margin.next_bid)}"
        return Reason(words, max(margin.ask, margin.next_bid))
    words = f"the lower of the last bid that trades, {written(margin.bid)},{_beside('ask', margin.next_ask)}"
    return Reason(words, -min(margin.bid, margin.next_ask))


def _beside(kind: str, amount: float) -> str:
    return f" and the next {kind}, {written(amount)}" if math.isfinite(amount) else f" for there is no next {kind}"


MECHANISM = Mechanism(
    name="vcg_double_auction",
    summary="Every efficient trade takes place; each trader gets its whole contribution, at the market maker's cost.",
    market="double_auction",
    rule=clear,
    parameters=VcgDoubleAuction,
    claims=(
        claims.TRUTHFUL,
        claims.EFFICIENT,
        claims.EX_POST_RATIONAL,
        claims.denied(claims.NO_DEFICIT, claims.BILATERAL_TRADE),
        claims.PRICED_BY_OTHERS,
    ),
    known_answer="one buyer, one seller, U[0,1]: truthful, gains from trade 1/6, and a deficit of as much",
    sources=(others_offer,),
    reference="Vickrey (1961); Myerson and Satterthwaite (1983)",
    equilibrium=truth,
    truth_is_dominant=lambda _: True,
)
