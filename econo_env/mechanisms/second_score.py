"""Second-score auction: the highest score wins and is paid so much that its score falls to the best losing one."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.parameters import Reserve
from econo_env.mechanisms.ranking import NOBODY, two_highest
from econo_env.mechanisms.sources import scores as equals


class SecondScore(NamedTuple):
    """Parameters: the least score that the buyer accepts, in credits."""

    reserve: Reserve = 0.0


@compiled
def clear(
    scores: NDArray[Any],
    prices: NDArray[Any],
    lottery: Lottery,
    params: SecondScore,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """The highest score at or above the reserve wins, keeps its quality, and is paid down to the best losing score.

    The price it receives is its own plus the lead of its score over the best losing one, or over the reserve where no
    other score is accepted. All arrays (n,).
    """
    allocation[:] = 0
    payments[:] = 0
    winner, loser = two_highest(scores, params.reserve, lottery)
    if winner == NOBODY:
        return
    allocation[winner] = 1
    to_match = params.reserve if loser == NOBODY else scores[loser]
    payments[winner] = prices[winner] + scores[winner] - to_match


MECHANISM = Mechanism(
    name="second_score",
    summary="The offer with the highest score wins, keeps its quality, and is paid down to the best losing score.",
    market="scoring",
    rule=clear,
    parameters=SecondScore,
    claims=(
        claims.TRUTHFUL,
        claims.EFFICIENT.where("where the true worth is scored"),
        claims.denied(claims.EFFICIENT.where("where half of it is", scoring__scale=0.5)),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT.where("where at most the true worth is scored"),
        claims.denied(claims.NO_DEFICIT.where("where more is", scoring__scale=1.5)),
    ),
    known_answer="V = 2 sqrt(q), c = theta q, theta U[1/2,1], two suppliers: q = 1 / theta^2, price theta q, the buyer "
    "gains 4 (1 - ln 2), as in first_score",
    sources=(equals.down_to_the_next_score,),
    reference="Che (1993); Asker and Cantillon (2008)",
    equilibrium=truth,
    truth_is_dominant=lambda _: True,
)
