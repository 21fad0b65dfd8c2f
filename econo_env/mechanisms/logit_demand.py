"""Logit demand: consumers choose among the firms' goods, and none, by price; the stage game of price competition."""

import math
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Float64s
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.sources import demand as equals


class LogitDemand(NamedTuple):
    """Parameters in credits: what goods are worth, what they cost, how they differ, what buying none is worth."""

    quality: Annotated[float, Field(ge=-1000.0, le=1000.0)] = 2.0
    cost: Annotated[float, Field(ge=0.0, le=1000.0)] = 1.0
    differentiation: Annotated[float, Field(ge=1e-3, le=1000.0)] = 0.25
    outside: Annotated[float, Field(ge=-1000.0, le=1000.0)] = 0.0


@compiled
def clear(prices: Float64s, asks: Bools, params: LogitDemand, shares: Float64s) -> None:
    """q_i = exp((a - p_i) / mu) / (sum_j exp((a - p_j) / mu) + exp(a_0 / mu)) among firms that ask a price.

    Args:
        prices: Credits, (n,).
        asks: Which firms ask theirs, (n,); the others sell nothing.
        params: The demand.
        shares: Filled in: the share of consumers that each sells to, (n,).
    """
    best = params.outside
    for i in range(prices.shape[0]):
        if asks[i]:
            best = max(best, params.quality - prices[i])
    total = math.exp((params.outside - best) / params.differentiation)
    for i in range(prices.shape[0]):
        shares[i] = math.exp((params.quality - prices[i] - best) / params.differentiation) if asks[i] else 0.0
        total += shares[i]
    for i in range(prices.shape[0]):
        shares[i] /= total


def share_of_each(price: float, firms: int, params: LogitDemand) -> float:
    """What each firm sells where all ask the same price, credits."""
    lead = (params.outside - params.quality + price) / params.differentiation
    return 1.0 / (firms + math.exp(min(700.0, lead)))


def _solved(firms: int, params: LogitDemand, rivals_count: bool) -> float:
    """The price at which p - c = mu / (1 - q n') holds, n' = 1 for each firm alone, n for all as one; by halving."""
    together = firms if rivals_count else 1
    low, high = params.cost, params.cost + params.differentiation * 1e3 + abs(params.quality) + abs(params.outside)
    for _ in range(200):
        price = 0.5 * (low + high)
        slack = 1.0 - together * share_of_each(price, firms, params)
        if (price - params.cost) * slack < params.differentiation:
            low = price
        else:
            high = price
    return 0.5 * (low + high)


def nash_price(firms: int, params: LogitDemand) -> float:
    """The equilibrium price of one round, credits: p - c = mu / (1 - q) (Anderson and de Palma 1992)."""
    return _solved(firms, params, rivals_count=False)


def monopoly_price(firms: int, params: LogitDemand) -> float:
    """The price that earns all firms together the most, p - c = mu / (1 - n q), credits."""
    return _solved(firms, params, rivals_count=True)


def profit_of_each(price: float, firms: int, params: LogitDemand) -> float:
    """What each firm earns in a round where all ask the same price, credits."""
    return (price - params.cost) * share_of_each(price, firms, params)


def consumer_surplus(prices: Float64s, params: LogitDemand) -> Float64s:
    """Mu ln(sum_j exp((a - p_j) / mu) + exp(a_0 / mu)), credits, for prices (..., n)."""
    worth = np.concatenate([params.quality - prices, np.full((*prices.shape[:-1], 1), params.outside)], axis=-1)
    surplus: Float64s = params.differentiation * np.logaddexp.reduce(worth / params.differentiation, axis=-1)
    return surplus


MECHANISM = Mechanism(
    name="logit_demand",
    summary="Firms ask prices; consumers choose among their goods, and none, by logit demand.",
    market="pricing",
    rule=clear,
    parameters=LogitDemand,
    claims=(),
    sources=(equals.own_price,),
    known_answer="2 firms, a = 2, c = 1, mu = 1/4, a_0 = 0: Nash price 1.4729, monopoly price 1.9250",
    reference=(
        "Anderson, de Palma and Thisse (1992); Calvano, Calzolari, Denicolo and Pastorello, American Economic Review "
        "110 (2020)"
    ),
)
