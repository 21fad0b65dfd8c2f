"""Sequential first-price sale: one unit a round, the highest bid wins, pays itself and leaves."""

from typing import Any

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.ranking import NOBODY, two_highest
from econo_env.mechanisms.sources import sealed as equals
from econo_env.mechanisms.unit_rounds import UnitRounds, expected_last_price
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places


@compiled
def clear(
    bids: NDArray[Any], lottery: Lottery, params: UnitRounds, allocation: NDArray[Any], payments: NDArray[Any]
) -> None:
    """One round: the highest bid at or above the reserve wins the unit and pays itself; all arrays (n,)."""
    allocation[:] = 0
    payments[:] = 0
    winner, _ = two_highest(bids, params.reserve, lottery)
    if winner != NOBODY:
        allocation[winner] = 1
        payments[winner] = bids[winner]


def equilibrium(places: Places, num_bidders: int, parameters: Any, units_left: int = 1) -> BidFunction:
    """Bids of a round with so many bidders and units left: E[the last price | all rivals below the own value]."""
    return expected_last_price(places, num_bidders, units_left, parameters.reserve)


MECHANISM = Mechanism(
    name="sequential_first_price",
    summary="One unit a round; the highest bid wins, pays itself and leaves.",
    market="sequential",
    rule=clear,
    parameters=UnitRounds,
    claims=(
        claims.NOT_TRUTHFUL,
        claims.EFFICIENT_IN_EQUILIBRIUM,
        claims.INTERIM_RATIONAL,
        claims.NO_DEFICIT,
    ),
    known_answer="U[0,1], n bidders, k units: round l bids (n - k) v / (n - l + 1), prices are a martingale, revenue "
    "k (n - k) / (n + 1)",
    sources=(equals.own_bid,),
    reference="Weber (1983); Milgrom and Weber (2000); Krishna, Auction Theory (2009), section 15.1",
    equilibrium=equilibrium,
)
