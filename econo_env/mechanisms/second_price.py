"""Second-price sealed-bid auction: the highest bids win and pay the best bid that lost, or the reserve."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import second_price_under, second_price_with_shills, truth
from econo_env.mechanisms.own_bid import OwnBid, Terms, rival_at, to_beat
from econo_env.mechanisms.parameters import Reserve, Units
from econo_env.mechanisms.ranking import NOBODY, highest_remaining
from econo_env.mechanisms.sources import sealed as equals
from econo_env.mechanisms.weighted_price import Payment, PaymentRule, price_over_loser


class SecondPrice(NamedTuple):
    """Parameters: reserve in credits, identical units (one a bidder), and the payment rule under weights."""

    reserve: Reserve = 0.0
    units: Units = 1
    payment: PaymentRule = Payment.critical


@compiled
def clear(
    bids: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    params: SecondPrice,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """The highest weighted bids win a unit each and pay the best losing one; all arrays (n,)."""
    allocation[:] = 0
    payments[:] = 0
    for _ in range(params.units):
        winner = highest_remaining(bids, weights, params.reserve, allocation, lottery)
        if winner == NOBODY:
            break
        allocation[winner] = 1
    loser = highest_remaining(bids, weights, params.reserve, allocation, lottery)
    for winner in range(bids.shape[0]):
        if allocation[winner] == 0:
            continue
        payments[winner] = params.reserve
        if loser != NOBODY:
            price = price_over_loser(weights[loser] * bids[loser], weights[winner], params.payment)
            payments[winner] = max(params.reserve, price)


@compiled
def terms(i: int, order: NDArray[Any], bids: NDArray[Any], weights: NDArray[Any], params: SecondPrice) -> Terms:
    """A bid wins above the last rival who would have a unit, and pays what that one bid."""
    rival = rival_at(params.units - 1, i, order)
    accepted, wins_from, ties_at = to_beat(i, rival, bids, weights, params.reserve)
    price = int(params.reserve)
    if rival != NOBODY:
        price = max(price, price_over_loser(weights[rival] * bids[rival], weights[i], params.payment))
    return Terms(accepted, wins_from, ties_at, rival, price, price, False)


MECHANISM = Mechanism(
    name="second_price",
    summary="The highest weighted bids win and pay the best bid that lost.",
    market="sealed_bid",
    rule=clear,
    parameters=SecondPrice,
    claims=(
        claims.TRUTHFUL.where("with the critical payment"),
        claims.denied(claims.TRUTHFUL.where("with the naive payment", mechanism__payment="naive", weights=(1.0, 0.5))),
        claims.EFFICIENT,
        claims.denied(claims.EFFICIENT.where("with unequal weights", weights=(1.0, 0.5))),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
        claims.MONOTONE,
        claims.denied(claims.SHILL_PROOF, claims.SHILLS),
        claims.PRICED_BY_OTHERS,
    ),
    known_answer="U[0,1], n bidders, k units: truthful, revenue k (n - k) / (n + 1)",
    sources=(equals.best_losing_bid, equals.critical_bid, equals.undivided_score, equals.reserve, equals.nothing),
    reference="Vickrey (1961); weights as in sponsored search, Varian (2007)",
    equilibrium=truth,
    equilibrium_under=second_price_under,
    under_shill_bids=second_price_with_shills,
    own_bid=OwnBid(lambda parameters: int(parameters.units) + 1, terms),
    reversible=True,
    charges_at_most_bids=lambda parameters: parameters.payment != Payment.naive,
    truth_is_dominant=lambda parameters: parameters.payment == Payment.critical,
)
