"""VCG double auction: efficient and truthful, and the market maker pays the difference."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import properties as has
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.crossing import cross, trade


class VcgDoubleAuction(NamedTuple):
    """There are no parameters."""


@compiled
def clear(
    bids: NDArray[Any],
    asks: NDArray[Any],
    lottery: Lottery,
    terms: VcgDoubleAuction,
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


MECHANISM = Mechanism(
    name="vcg_double_auction",
    summary="Every efficient trade takes place; each trader gets its whole contribution, at the market maker's cost.",
    market="double_auction",
    rule=clear,
    parameters=VcgDoubleAuction,
    properties=(
        has.TRUTHFUL,
        has.EFFICIENT,
        has.EX_POST_RATIONAL,
        has.denied(has.NO_DEFICIT, has.BILATERAL_TRADE),
        has.PRICED_BY_OTHERS,
    ),
    known_answer="one buyer, one seller, U[0,1]: truthful, gains from trade 1/6, and a deficit of as much",
    reference="Vickrey (1961); Myerson and Satterthwaite (1983)",
    equilibrium=truth,
    truth_is_dominant=lambda _: True,
)
