"""Posted price in a two-sided market: all who accept the price trade, the longer side by lot."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.crossing import BY_LOT, sort_offers, trade
from econo_env.mechanisms.parameters import Posted
from econo_env.mechanisms.sources import offers as equals


class PostedPrice(NamedTuple):
    """Parameters: the price in credits, fixed before anyone offers."""

    price: Posted = 0.5


@compiled
def clear(
    bids: NDArray[Any],
    asks: NDArray[Any],
    lottery: Lottery,
    params: PostedPrice,
    order: NDArray[Any],
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """Buyers who bid the price or more trade with sellers who ask the price or less; the longer side is drawn by lot.

    Bids (m,), asks (n,), the others (m + n,), buyers first; `order` is scratch space.
    """
    buyers = bids.shape[0]
    demand, supply = 0, 0
    for buyer in range(buyers):
        if bids[buyer] >= 0 and bids[buyer] >= params.price:
            order[demand] = buyer
            demand += 1
    for seller in range(asks.shape[0]):
        if 0 <= asks[seller] <= params.price:
            order[buyers + supply] = seller
            supply += 1
    # by lot, not by offer: a better place for a higher bid would be worth lying for
    sort_offers(bids, BY_LOT, lottery, 0, order[:buyers], demand)
    sort_offers(asks, BY_LOT, lottery, buyers, order[buyers:], supply)
    trade(order, buyers, min(demand, supply), params.price, params.price, allocation, payments)


MECHANISM = Mechanism(
    name="posted_price",
    summary="All who accept a price fixed in advance trade at it; the longer side is drawn by lot.",
    market="double_auction",
    rule=clear,
    parameters=PostedPrice,
    claims=(
        claims.TRUTHFUL,
        claims.denied(claims.EFFICIENT, claims.BILATERAL_TRADE),
        claims.EX_POST_RATIONAL,
        claims.BUDGET_BALANCED,
        claims.PRICED_BY_OTHERS,
    ),
    known_answer="one buyer, one seller, U[0,1], price 1/2: gains from trade 1/8",
    sources=(equals.posted_price,),
    reference="Hagerty and Rogerson, Robust trading mechanisms, Journal of Economic Theory 42 (1987)",
    equilibrium=truth,
    truth_is_dominant=lambda _: True,
)
