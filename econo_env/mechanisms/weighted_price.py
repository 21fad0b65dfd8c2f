"""What a winner pays when bids are ranked by weight times bid."""

from enum import IntEnum
from typing import Annotated, Any

from econo_env.engine.compiled import compiled
from econo_env.mechanisms.choices import read_as, written_as
from econo_env.mechanisms.ranking import WEIGHT_UNIT


class Payment(IntEnum):
    """What a winner pays when bids are ranked by weight times bid.

    `critical` is the least bid that still wins, the losing weighted bid divided by the winner's weight: truthful.
    `naive` charges the losing weighted bid undivided; it is defective and kept as a benchmark for learners.
    """

    critical = 0
    naive = 1


PaymentRule = Annotated[Payment, read_as(Payment, "payment"), written_as(Payment)]

CRITICAL = int(Payment.critical)


@compiled
def price_over_loser(losing_score: Any, weight: Any, payment: int) -> Any:
    """What a winner of the given weight in thousandths pays over the best losing weight times bid.

    In whole micro-credits it is rounded up: the least amount that times the weight reaches the losing score.
    """
    divisor = weight if payment == CRITICAL else WEIGHT_UNIT
    if isinstance(losing_score, float):
        return losing_score / divisor
    return (losing_score + divisor - 1) // divisor
