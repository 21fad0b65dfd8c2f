"""Second-price sealed-bid auction: the highest bids win and pay the best bid that lost, or the reserve."""

from enum import IntEnum
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BeforeValidator, Field, PlainSerializer

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import properties as has
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import second_price_under
from econo_env.mechanisms.ranking import NOBODY, WEIGHT_UNIT, highest_remaining
from econo_env.money import Credits
from econo_env.valuations.priors import Prior


class Payment(IntEnum):
    """What a winner pays when bids are ranked by weight times bid.

    `critical` is the least bid that still wins, the losing weighted bid divided by the winner's weight: truthful.
    `naive` charges the losing weighted bid undivided; it is defective and kept as a benchmark for learners.
    """

    critical = 0
    naive = 1


def _payment(choice: object) -> object:
    if isinstance(choice, str):
        if choice not in Payment.__members__:
            raise ValueError(f"payment {choice!r} is unknown: choose one of {', '.join(Payment.__members__)}")
        return Payment[choice]
    return choice


PaymentRule = Annotated[Payment, BeforeValidator(_payment), PlainSerializer(lambda choice: Payment(choice).name)]


CRITICAL = int(Payment.critical)


class SecondPrice(NamedTuple):
    """Parameters: reserve in credits, identical units (one a bidder), and the payment rule under weights."""

    reserve: Annotated[Credits, Field(ge=0.0)] = 0.0
    units: Annotated[int, Field(ge=1)] = 1
    payment: PaymentRule = Payment.critical


@compiled
def quotient_rounded_up(amount: Any, weight: Any) -> Any:
    """Amount / weight; in whole micro-credits the least amount that times `weight` reaches `amount`."""
    if isinstance(amount, float):
        return amount / weight
    return (amount + weight - 1) // weight


@compiled
def clear(
    bids: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    terms: SecondPrice,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """The highest weighted bids win a unit each and pay the best losing one; all arrays (n,)."""
    allocation[:] = 0
    payments[:] = 0
    for _ in range(terms.units):
        winner = highest_remaining(bids, weights, terms.reserve, allocation, lottery)
        if winner == NOBODY:
            break
        allocation[winner] = 1
    loser = highest_remaining(bids, weights, terms.reserve, allocation, lottery)
    for winner in range(bids.shape[0]):
        if allocation[winner] == 0:
            continue
        price = terms.reserve
        if loser != NOBODY:
            divisor = weights[winner] if terms.payment == CRITICAL else WEIGHT_UNIT
            price = max(price, quotient_rounded_up(weights[loser] * bids[loser], divisor))
        payments[winner] = price


def equilibrium(values: ArrayLike, prior: Prior, num_bidders: int, parameters: SecondPrice) -> NDArray[Any]:
    """Truth is a dominant strategy under the critical payment (Vickrey 1961)."""
    return np.asarray(values, dtype=np.float64)


MECHANISM = Mechanism(
    name="second_price",
    summary="The highest weighted bids win and pay the best bid that lost.",
    market="sealed_bid",
    rule=clear,
    parameters=SecondPrice,
    properties=(
        has.TRUTHFUL.where("with the critical payment"),
        has.denied(has.TRUTHFUL.where("with the naive payment", mechanism__payment="naive", weights=(1.0, 0.5))),
        has.EFFICIENT,
        has.denied(has.EFFICIENT.where("with unequal weights", weights=(1.0, 0.5))),
        has.EX_POST_RATIONAL,
        has.NO_DEFICIT,
        has.MONOTONE,
        has.PRICED_BY_OTHERS,
    ),
    known_answer="U[0,1], n bidders, k units: truthful, revenue k (n - k) / (n + 1)",
    reference="Vickrey (1961); weights as in sponsored search, Varian (2007)",
    equilibrium=equilibrium,
    equilibrium_under=second_price_under,
    reversible=True,
    truth_is_dominant=lambda parameters: parameters.payment == Payment.critical,
)
