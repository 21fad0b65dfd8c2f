"""Discriminatory (pay-as-bid) auction of identical units."""

from typing import Any

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.first_price import expected_outcome
from econo_env.mechanisms.marginal_bids import UnitSale, award
from econo_env.mechanisms.order_statistics import sold_to_the_highest
from econo_env.mechanisms.sources import units as equals
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places


@compiled
def clear(
    bids: NDArray[Any], lottery: Lottery, params: UnitSale, allocation: NDArray[Any], payments: NDArray[Any]
) -> None:
    """The highest marginal bids, (n, units wanted), win a unit each and are paid; results (n,)."""
    award(bids, params, lottery, allocation)
    for bidder in range(bids.shape[0]):
        payments[bidder] = 0
        for unit in range(allocation[bidder]):
            payments[bidder] += bids[bidder, unit]


def equilibrium(places: Places, num_bidders: int, parameters: UnitSale) -> BidFunction:
    """Single-unit demand: b(v) = E[the best losing value | below v] (Weber 1983; Krishna 2009, section 13.4)."""
    return sold_to_the_highest(places, num_bidders, parameters.units, parameters.reserve)


MECHANISM = Mechanism(
    name="discriminatory",
    summary="The highest marginal bids win a unit each and pay what they bid.",
    market="multi_unit",
    rule=clear,
    parameters=UnitSale,
    claims=(
        claims.NOT_TRUTHFUL,
        claims.EFFICIENT_IN_EQUILIBRIUM.where("with single-unit demand", demand=1, num_agents=3),
        claims.denied(claims.EFFICIENT_IN_EQUILIBRIUM.where("with several units wanted")),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
        claims.MONOTONE,
    ),
    known_answer="single-unit demand, U[0,1], n bidders, k units: revenue k (n - k) / (n + 1); 2 bidders who want both "
    "of 2 units, U[0,1]: revenue 0.675 and 98.0 % of the best welfare, solved for numerically",
    sources=(equals.own_bids,),
    reference="Krishna, Auction Theory (2009), sections 12.1 and 13.4; Engelbrecht-Wiggans and Kahn, Games and "
    "Economic Behavior 23 (1998); Ausubel et al. (2014)",
    equilibrium=equilibrium,
    expected_outcome=expected_outcome,
    reversible=True,
)
