"""McAfee's dominant-strategy double auction: trade at the losers' midpoint, or without the least valuable trade."""

from typing import Annotated, Any, NamedTuple

from numpy.typing import NDArray
from pydantic import Field

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import properties as has
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.crossing import cross, trade
from econo_env.money import Credits


class McAfee(NamedTuple):
    """Parameters: the bid b_(m+1) and the ask s_(n+1) in credits that stand in where no offer loses.

    Where the other side's losing offer lies beyond, the stand-in moves to it, so that truth stays dominant.
    """

    lowest_bid: Annotated[Credits, Field(ge=0.0)] = 0.0
    highest_ask: Annotated[Credits, Field(ge=0.0)] = 1.0


@compiled
def clear(
    bids: NDArray[Any],
    asks: NDArray[Any],
    lottery: Lottery,
    terms: McAfee,
    order: NDArray[Any],
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """All q efficient trades at p = (b_(q+1) + s_(q+1)) / 2 if s_q <= p <= b_q, else q - 1 trades at b_q and s_q.

    Bids (m,), asks (n,), the others (m + n,), buyers first; `order` is scratch space. The market maker keeps what
    buyers pay beyond what sellers get.
    """
    buyers = bids.shape[0]
    trades, num_bids, num_asks = cross(bids, asks, lottery, order)
    if trades == 0:
        trade(order, buyers, 0, 0, 0, allocation, payments)
        return
    marginal_bid, marginal_ask = bids[order[trades - 1]], asks[order[buyers + trades - 1]]
    next_bid = bids[order[trades]] if trades < num_bids else terms.lowest_bid
    if trades < num_asks:
        next_ask = asks[order[buyers + trades]]
        next_bid = min(next_bid, next_ask)
    else:
        # a stand-in below a losing bid would sell to that bidder below its bid: worth lying for
        next_ask = max(terms.highest_ask, next_bid)
    price = next_bid + (next_ask - next_bid) / 2.0
    if marginal_ask <= price <= marginal_bid:
        trade(order, buyers, trades, price, price, allocation, payments)
    else:
        trade(order, buyers, trades - 1, marginal_bid, marginal_ask, allocation, payments)


MECHANISM = Mechanism(
    name="mcafee",
    summary="Trade at the midpoint of the first losing offers if it suits the marginal pair, else without that pair.",
    market="double_auction",
    rule=clear,
    parameters=McAfee,
    properties=(
        has.TRUTHFUL,
        has.denied(has.EFFICIENT, has.BILATERAL_TRADE),
        has.EX_POST_RATIONAL,
        has.NO_DEFICIT,
        has.PRICED_BY_OTHERS,
        has.LOSES_THE_LEAST_TRADE,
    ),
    known_answer="2 buyers, 2 sellers, U[0,1]: truthful, 79/96 (0.823) of the gains from trade",
    reference="McAfee, A dominant strategy double auction, Journal of Economic Theory 56 (1992)",
    equilibrium=truth,
    truth_is_dominant=lambda _: True,
)
