"""First-score auction: the offer with the highest score wins, is delivered, and is paid its price."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.order_statistics import sold_to_the_highest
from econo_env.mechanisms.parameters import Reserve
from econo_env.mechanisms.ranking import NOBODY, two_highest
from econo_env.mechanisms.sources import scores as equals
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places


class FirstScore(NamedTuple):
    """Parameters: the least score that the buyer accepts, in credits."""

    reserve: Reserve = 0.0


@compiled
def clear(
    scores: NDArray[Any],
    prices: NDArray[Any],
    lottery: Lottery,
    params: FirstScore,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """The highest score at or above the reserve wins and receives its own price; all arrays (n,)."""
    allocation[:] = 0
    payments[:] = 0
    winner, _ = two_highest(scores, params.reserve, lottery)
    if winner != NOBODY:
        allocation[winner] = 1
        payments[winner] = prices[winner]


def equilibrium(places: Places, num_bidders: int, parameters: FirstScore) -> BidFunction:
    """Scores are the bids of a first-price auction among the best scores at cost (Asker and Cantillon 2008).

    Args:
        places: Of best scores at cost, max over q of s(q) - c(q, theta), credits.
        num_bidders: Suppliers.
        parameters: With `reserve` in credits.

    Returns:
        Scores that are bid; quality stays the one that reaches the best score.
    """
    return sold_to_the_highest(places, num_bidders, 1, parameters.reserve)


MECHANISM = Mechanism(
    name="first_score",
    summary="The offer with the highest score, worth of its quality minus price, wins and is paid its price.",
    market="scoring",
    rule=clear,
    parameters=FirstScore,
    claims=(
        claims.NOT_TRUTHFUL,
        claims.EFFICIENT_IN_EQUILIBRIUM.where("where the true worth is scored"),
        claims.denied(claims.EFFICIENT_IN_EQUILIBRIUM.where("where half of it is", scoring__scale=0.5)),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT.where("where at most the true worth is scored"),
        claims.denied(claims.NO_DEFICIT.where("where more is", scoring__scale=1.5)),
    ),
    known_answer="V = 2 sqrt(q), c = theta q, theta U[1/2,1], two suppliers: q = 1 / theta^2, price "
    "2 / theta + ln(theta) / (1 - theta), the buyer gains 4 (1 - ln 2)",
    sources=(equals.own_price,),
    reference="Che (1993); Asker and Cantillon (2008)",
    equilibrium=equilibrium,
)
