"""The parts of the economy, one file and one row each."""

from typing import Any

from econo_env.economy.part import PARTS, Part
from econo_env.economy.parts import (
    appeals,
    audit,
    bonding,
    breakers,
    change_detection,
    contracts,
    credit,
    default,
    downtime,
    eligibility,
    enforcement,
    evidence,
    fees,
    identities,
    incentives,
    insurance,
    lasting_contracts,
    ledger,
    lottery,
    newcomers,
    pricing,
    regimes,
    replication,
    reputation,
    staking,
    standing,
    testimony,
    weighting,
    withdrawal,
)


def rows() -> list[Part[Any]]:
    """The parts, in the order in which they act within a stage: those that others stand on first.

    The journal is empty before any other part acts.
    """
    acting = [
        ledger,
        staking,
        default,
        contracts,
        lasting_contracts,
        withdrawal,
        appeals,
        replication,
        reputation,
        eligibility,
        weighting,
        lottery,
        change_detection,
        incentives,
        fees,
        insurance,
        credit,
        enforcement,
        downtime,
        bonding,
        evidence,
        standing,
        testimony,
        identities,
        newcomers,
        breakers,
        pricing,
        regimes,
    ]
    return [audit.PART, *(part.PART for part in acting)]


PARTS.fill(rows)
