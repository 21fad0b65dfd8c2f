"""The right to default: the winner of a second-price sale learns what it is worth, and keeps it or gives up a stake."""

from typing import Annotated, Any, NamedTuple

from numpy.typing import NDArray
from pydantic import Field

from econo_env.engine.compiled import compiled
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.parameters import Adjustable
from econo_env.money import LARGEST_CREDITS, Credits


class RightToDefault(NamedTuple):
    """Parameters in credits: the largest change of the worth after the sale, and what walking away costs."""

    shock: Annotated[Credits, Field(gt=0.0, le=LARGEST_CREDITS)] = 0.2
    stake: Annotated[Credits, Field(ge=0.0, le=LARGEST_CREDITS), Adjustable("what walking away costs")] = 0.05


@compiled
def keep_or_walk(
    winner: int,
    keeps: bool,
    worth: float,
    price: int,
    params: RightToDefault,
    units: NDArray[Any],
    pays: NDArray[Any],
    worths: NDArray[Any],
) -> None:
    """Settles a sale once its winner has chosen.

    Args:
        winner: Its winner.
        keeps: Whether it keeps what it won; else it gives up the stake and has nothing.
        worth: What keeping it is worth, micro-credits.
        price: What it was sold for, micro-credits.
        params: Shock and stake, micro-credits.
        units: Filled in, (n,).
        pays: Filled in, micro-credits (n,).
        worths: Filled in, micro-credits (n,).
    """
    units[:] = 0
    pays[:] = 0
    worths[:] = 0.0
    units[winner] = 1 if keeps else 0
    pays[winner] = price if keeps else int(params.stake)
    worths[winner] = worth if keeps else 0.0


MECHANISM = Mechanism(
    name="right_to_default",
    summary="The highest bid wins at the second highest; then its winner learns the worth, and keeps it or walks away.",
    market="default",
    rule=keep_or_walk,
    parameters=RightToDefault,
    claims=(),
    known_answer="shock a, stake D < a: v + (sqrt(a) - sqrt(D))^2 is dominant; two bidders of U[0,1] who bid so and "
    "D >= a never default, truthful ones with a = 0.5 and D = 0 in 5/24 of sales",
    reference="Waehrer, Journal of Economic Theory 67 (1995)",
)
