"""k-double auction, also called a call market: one price between the marginal bid and the marginal ask."""

from enum import IntEnum
from typing import Annotated, Any, NamedTuple

from numpy.typing import NDArray
from pydantic import Field

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.choices import read_as, written_as
from econo_env.mechanisms.crossing import cross, trade
from econo_env.mechanisms.reasons import Reason
from econo_env.mechanisms.rounds import TwoSidedRound
from econo_env.money import written
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places
from econo_env.valuations.priors import Uniform


class Between(IntEnum):
    """The ends between which k places the price.

    `marginal_pair`: the lowest bid and the highest ask that trade. `clearing_prices`: the prices at which demand equals
    supply, so that nobody who is left out envies a trader; the losing offers count too.
    """

    marginal_pair = 0
    clearing_prices = 1


CLEARING_PRICES = int(Between.clearing_prices)


class DoubleAuction(NamedTuple):
    """Parameters: the weight of the lower end in the price, and what the ends are."""

    k: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    between: Annotated[Between, read_as(Between, "between"), written_as(Between)] = Between.marginal_pair


@compiled
def clear(
    bids: NDArray[Any],
    asks: NDArray[Any],
    lottery: Lottery,
    params: DoubleAuction,
    order: NDArray[Any],
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """Every efficient trade takes place at k times the lower end plus 1 - k times the upper end of the price range.

    Bids (m,), asks (n,), the others (m + n,), buyers first; `order` is scratch space. The price is never below the
    marginal ask nor above the marginal bid, also in whole money.
    """
    buyers = bids.shape[0]
    trades, num_bids, num_asks = cross(bids, asks, lottery, order)
    price = 0.0
    if trades > 0:
        upper, lower = bids[order[trades - 1]], asks[order[buyers + trades - 1]]
        if params.between == CLEARING_PRICES:
            if trades < num_bids:
                lower = max(lower, bids[order[trades]])
            if trades < num_asks:
                upper = min(upper, asks[order[buyers + trades]])
        price = lower + (1.0 - params.k) * (upper - lower)
    trade(order, buyers, trades, price, price, allocation, payments)


def equilibrium(places: Places, num_bidders: int, parameters: DoubleAuction) -> BidFunction:
    """The buyer's bid in the linear equilibrium of one buyer and one seller, both U[low, high].

    On U[0, 1] with h = 1 - k the weight of the bid: B(v) = v / (1 + h) + h (1 - h) / (2 (1 + h)); the seller's ask is
    the mirror image with 1 - k, S(c) = 1 - B(1 - c) (Chatterjee and Samuelson 1983).

    Raises:
        ValueError: More than one trader a side, or another prior: no closed form is known.
    """
    if num_bidders != 2 or not isinstance(places.prior, Uniform):
        raise ValueError("the closed form is that of one buyer and one seller with uniform priors")
    weight = 1.0 - parameters.k
    bids = (places.shares + weight * (1.0 - weight) / 2.0) / (1.0 + weight)
    return BidFunction(places.shares, places.values, places.lowest + (places.highest - places.lowest) * bids)


def between_the_ends(cleared: TwoSidedRound, trader: int) -> Reason | None:
    """K times the lower end plus 1 - k times the upper end of the price range."""
    margin, k = cleared.margin(), float(cleared.options.k)
    if margin is None:
        return None
    bid, ask = margin.bid, margin.ask
    if cleared.options.between == CLEARING_PRICES:
        bid, ask = min(bid, margin.next_ask), max(ask, margin.next_bid)
    words = f"{k:.12g} x {written(ask)} + {1 - k:.12g} x {written(bid)}, between the ends of the price range"
    return Reason(words, cleared.side(trader) * (k * ask + (1 - k) * bid), cut=True)


MECHANISM = Mechanism(
    name="double_auction",
    summary="Every efficient trade takes place at one price, k of the way from the marginal bid down to the ask.",
    market="double_auction",
    rule=clear,
    parameters=DoubleAuction,
    claims=(
        claims.denied(claims.TRUTHFUL),
        claims.denied(
            claims.EFFICIENT_IN_EQUILIBRIUM.where("between one buyer and one seller", num_agents=2),
            claims.BILATERAL_TRADE,
        ),
        claims.EX_POST_RATIONAL,
        claims.BUDGET_BALANCED,
    ),
    known_answer="one buyer, one seller, U[0,1], k = 1/2: B(v) = 2v/3 + 1/12, S(c) = 2c/3 + 1/4, gains from trade 9/64",
    sources=(between_the_ends,),
    reference="Chatterjee and Samuelson (1983); Satterthwaite and Williams (1989); "
    "Rustichini, Satterthwaite and Williams (1994)",
    equilibrium=equilibrium,
)
