"""The parts of the economy, one file and one row each."""

from typing import Any

from econo_env.economy.part import PARTS, Part
from econo_env.economy.parts import (
    audit,
    breakers,
    change_detection,
    default,
    enforcement,
    incentives,
    ledger,
    pricing,
    reputation,
    staking,
)


def rows() -> list[Part[Any]]:
    """The parts, in the order in which they act within a stage: those that others stand on first.

    The journal is empty before any other part acts.
    """
    return [
        audit.PART,
        ledger.PART,
        staking.PART,
        default.PART,
        reputation.PART,
        change_detection.PART,
        incentives.PART,
        enforcement.PART,
        breakers.PART,
        pricing.PART,
    ]


PARTS.fill(rows)
