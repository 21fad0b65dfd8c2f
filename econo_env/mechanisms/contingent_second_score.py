"""Execution-contingent second-score auction: the highest score wins and owes the best losing score."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.parameters import Reserve
from econo_env.mechanisms.ranking import NOBODY, two_highest
from econo_env.mechanisms.sources import scores as equals


class ContingentSecondScore(NamedTuple):
    """Parameters: the least score that is served, in credits."""

    reserve: Reserve = 0.0


@compiled
def clear(
    scores: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    params: ContingentSecondScore,
    allocation: NDArray[Any],
    second_scores: NDArray[Any],
) -> None:
    """The highest score at or above the reserve wins the task and owes S2, the best losing score or the reserve.

    Negative scores never win. All arrays (n,); `second_scores` is nonzero for the winner only.
    """
    allocation[:] = 0
    second_scores[:] = 0
    winner, loser = two_highest(scores, params.reserve, lottery)
    if winner == NOBODY:
        return
    allocation[winner] = 1
    second_scores[winner] = params.reserve if loser == NOBODY else max(params.reserve, scores[loser])


MECHANISM = Mechanism(
    name="contingent_second_score",
    summary="Tasks go to the highest expected value minus cost; pay is V(realised grade) minus the best losing score.",
    market="task_market",
    rule=clear,
    parameters=ContingentSecondScore,
    claims=(
        claims.TRUTHFUL.where("in cost, reliability and effort under full liability"),
        claims.denied(claims.TRUTHFUL.where("without stake", economy__contracts__stake_cap=0.0)),
        claims.EFFICIENT,
        claims.INTERIM_RATIONAL,
        claims.NO_DEFICIT.where("where forgery leaves evidence", economy__contracts__detection=1.0),
        claims.denied(claims.NO_DEFICIT.where("where forgery passes", economy__contracts__detection=0.0)),
    ),
    known_answer="stake S2 - V(byzantine) makes truth dominant; a lower cap lets reliability be exaggerated",
    sources=(equals.best_losing_score, equals.least_score),
    reference="Porter, Ronen, Shoham and Tennenholtz (2008); Dash, Ramchurn and Jennings (2004); Che (1993)",
)
