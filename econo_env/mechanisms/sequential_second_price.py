"""Sequential second-price sale: one unit a round, the highest bid wins, pays the next one and leaves."""

from typing import Any

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.ranking import NOBODY, two_highest
from econo_env.mechanisms.sources import sealed as equals
from econo_env.mechanisms.unit_rounds import RoundMechanism, UnitRounds, expected_last_price
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places


@compiled
def clear(
    bids: NDArray[Any], lottery: Lottery, params: UnitRounds, allocation: NDArray[Any], payments: NDArray[Any]
) -> None:
    """One round: the highest bid wins the unit and pays the second highest, or the reserve; all arrays (n,)."""
    allocation[:] = 0
    payments[:] = 0
    winner, loser = two_highest(bids, params.reserve, lottery)
    if winner != NOBODY:
        allocation[winner] = 1
        payments[winner] = params.reserve if loser == NOBODY else max(params.reserve, bids[loser])


def equilibrium(places: Places, num_bidders: int, parameters: Any, units_left: int = 1) -> BidFunction:
    """Truth in the last round; before it, the price expected in the next one (Krishna 2009, section 15.2)."""
    if units_left <= 1:
        return truth(places, num_bidders, parameters)
    return expected_last_price(places, max(1, num_bidders - 1), units_left - 1, parameters.reserve)


MECHANISM = RoundMechanism(
    name="sequential_second_price",
    summary="One unit a round; the highest bid wins, pays the second highest and leaves.",
    market="sequential",
    rule=clear,
    parameters=UnitRounds,
    claims=(
        claims.NOT_TRUTHFUL,
        claims.EFFICIENT_IN_EQUILIBRIUM,
        claims.INTERIM_RATIONAL,
        claims.NO_DEFICIT,
    ),
    known_answer="U[0,1], n bidders, k units: round l < k bids (n - k) v / (n - l), the last one v; prices are a "
    "martingale, revenue k (n - k) / (n + 1)",
    sources=(equals.best_losing_bid, equals.reserve, equals.nothing),
    reference="Weber (1983); Milgrom and Weber (2000); Krishna, Auction Theory (2009), section 15.2",
    equilibrium=equilibrium,
    truthful_in_the_last_round=True,
)
