"""The donation game: who gives bears a cost, and the recipient has a larger benefit."""

from typing import Annotated, NamedTuple

from pydantic import Field

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Float64s, Int64s
from econo_env.mechanisms.base import Mechanism


class Donation(NamedTuple):
    """Parameters in credits: what a gift is worth to its recipient, and what it costs its donor."""

    benefit: Annotated[float, Field(ge=0.0, le=1000.0)] = 3.0
    cost: Annotated[float, Field(ge=0.0, le=1000.0)] = 1.0


@compiled
def give(gives: Bools, recipient: Int64s, params: Donation, units: Int64s, worth: Float64s) -> None:
    """Hands every gift over.

    Args:
        gives: Who gives, (n,).
        recipient: To whom, (n,).
        params: Benefit and cost.
        units: Filled in: gifts received less gifts given, (n,).
        worth: Filled in: what they are worth, credits, (n,).
    """
    for i in range(gives.shape[0]):
        units[i] = 0
        worth[i] = 0.0
    for i in range(gives.shape[0]):
        if gives[i]:
            units[i] -= 1
            worth[i] -= params.cost
            units[recipient[i]] += 1
            worth[recipient[i]] += params.benefit


MECHANISM = Mechanism(
    name="donation",
    summary="Who gives bears a cost, the recipient has a benefit; nothing is paid for.",
    market="donation",
    rule=give,
    parameters=Donation,
    claims=(),
    known_answer="b = 3, c = 1, others refuse those known to refuse: giving pays from a chance to know of c / b on",
    reference="Nowak and Sigmund, Nature 437 (2005); Nowak, Science 314 (2006)",
)
