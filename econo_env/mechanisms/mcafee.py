"""McAfee's dominant-strategy double auction: trade at the losers' midpoint, or without the least valuable trade."""

from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.crossing import cross, trade
from econo_env.mechanisms.reasons import Reason
from econo_env.mechanisms.rounds import TwoSidedRound
from econo_env.money import Credits, written


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
    params: McAfee,
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
    next_bid = bids[order[trades]] if trades < num_bids else params.lowest_bid
    if trades < num_asks:
        next_ask = asks[order[buyers + trades]]
        next_bid = min(next_bid, next_ask)
    else:
        # a stand-in below a losing bid would sell to that bidder below its bid: worth lying for
        next_ask = max(params.highest_ask, next_bid)
    price = next_bid + (next_ask - next_bid) / 2.0
    if marginal_ask <= price <= marginal_bid:
        trade(order, buyers, trades, price, price, allocation, payments)
    else:
        trade(order, buyers, trades - 1, marginal_bid, marginal_ask, allocation, payments)


def losers_midpoint(cleared: TwoSidedRound, trader: int) -> Reason | None:
    """Halfway between the first losing offers, or the amounts that stand in for them."""
    margin, options = cleared.margin(), cleared.options
    if margin is None:
        return None
    low = margin.next_bid if np.isfinite(margin.next_bid) else float(options.lowest_bid)
    low = min(low, margin.next_ask)
    high = margin.next_ask if np.isfinite(margin.next_ask) else max(float(options.highest_ask), low)
    words = f"halfway between the next bid {written(low)} and the next ask {written(high)}"
    return Reason(words, cleared.side(trader) * (low + high) / 2.0, cut=True)


def left_out_pair(cleared: TwoSidedRound, trader: int) -> Reason | None:
    """The offer of the own side in the least valuable pair, which does not trade."""
    margin, side = cleared.margin(), cleared.side(trader)
    if margin is None:
        return None
    kind, offer = ("bid", margin.bid) if side == 1 else ("ask", margin.ask)
    return Reason(f"the {kind} {written(offer)} of the least valuable pair, which is left out", side * offer)


MECHANISM = Mechanism(
    name="mcafee",
    summary="Trade at the midpoint of the first losing offers if it suits the marginal pair, else without that pair.",
    market="double_auction",
    rule=clear,
    parameters=McAfee,
    claims=(
        claims.TRUTHFUL,
        claims.denied(claims.EFFICIENT, claims.BILATERAL_TRADE),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
        claims.PRICED_BY_OTHERS,
        claims.LOSES_THE_LEAST_TRADE,
    ),
    known_answer="2 buyers, 2 sellers, U[0,1]: truthful, 79/96 (0.823) of the gains from trade",
    sources=(losers_midpoint, left_out_pair),
    reference="McAfee, A dominant strategy double auction, Journal of Economic Theory 56 (1992)",
    equilibrium=truth,
    truth_is_dominant=lambda _: True,
)
