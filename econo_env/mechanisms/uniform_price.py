"""Uniform-price auction of identical units: every winner pays the highest losing bid for each unit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.marginal_bids import UnitMechanism, UnitSale, award, next_winner
from econo_env.mechanisms.ranking import NOBODY
from econo_env.mechanisms.sources import units as equals
from econo_env.valuations.priors import Prior


@compiled
def clear(
    bids: NDArray[Any], lottery: Lottery, params: UnitSale, allocation: NDArray[Any], payments: NDArray[Any]
) -> None:
    """The highest marginal bids, (n, units wanted), win a unit each at the highest losing one; results (n,).

    With u units that is the (u + 1)-th highest bid, or the reserve.
    """
    award(bids, params, lottery, allocation)
    price = params.reserve
    loser = next_winner(bids, params.reserve, allocation, lottery)
    if loser != NOBODY:
        price = max(price, bids[loser, allocation[loser]])
    for bidder in range(bids.shape[0]):
        payments[bidder] = allocation[bidder] * price


def zero_revenue_holds(own: Prior, rival: Prior) -> bool:
    """Whether bidding (v1, 0) answers a rival who does, with two bidders who want both of two units and no reserve.

    A second bid b wins the second unit at the rival's first bid w, with cdf F = F_rival^2, and else raises the price of
    the first: with v2 as high as can be, it gains (h - b) F(b) - integral_0^b (1 - 2 F) (Engelbrecht-Wiggans and Kahn
    1998). On U[0, 1] that is b^2 - b^3/3 - b <= 0.
    """
    bids = np.linspace(0.0, own.highest, 4097)
    shares = rival.cdf(bids) ** 2
    steps = np.diff(bids) * (shares[1:] + shares[:-1] - 1.0)
    gains = (own.highest - bids) * shares + np.concatenate([[0.0], np.cumsum(steps)])
    return bool(gains.max() <= 1e-9 * own.highest)


MECHANISM = UnitMechanism(
    name="uniform_price",
    summary="The highest marginal bids win a unit each; every unit costs the highest losing bid.",
    market="multi_unit",
    rule=clear,
    parameters=UnitSale,
    claims=(
        claims.TRUTHFUL.where("with single-unit demand", demand=1, num_agents=3),
        claims.denied(claims.TRUTHFUL.where("with several units wanted"), claims.GROVES),
        claims.EFFICIENT.where("with single-unit demand", demand=1, num_agents=3),
        claims.denied(claims.EFFICIENT_IN_EQUILIBRIUM.where("with several units wanted"), claims.DEMAND_REDUCTION),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
        claims.MONOTONE,
    ),
    known_answer="single-unit demand, U[0,1], n bidders, k units: revenue k (n - k) / (n + 1); 2 bidders who want both "
    "of 2 units, U[0,1]: bidding (v1, 0) is an equilibrium with revenue 0",
    sources=(equals.best_losing_bid,),
    reference="Krishna, Auction Theory (2009), sections 12.1 and 13.3; Engelbrecht-Wiggans and Kahn (1998)",
    equilibrium=truth,
    reversible=True,
    truthful_for_one_unit=True,
    second_bid_of_zero=zero_revenue_holds,
)
