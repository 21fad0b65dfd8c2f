"""One round of price competition in words: who sells to how many, what that brings, and why."""

from collections.abc import Sequence

import numpy as np

from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.reasons import reason
from econo_env.mechanisms.rounds import PriceRound
from econo_env.money import written


def explained(row: Mechanism, cleared: PriceRound, only: Sequence[int] | None = None) -> list[str]:
    """One line a firm, or for `only` some of them, and one about those who buy nothing."""
    firms = range(len(cleared.prices)) if only is None else only
    nobody = 1.0 - float(cleared.shares.sum())
    return [*(_line(i, row, cleared) for i in firms), f"{nobody:.2%} of consumers buy nothing"]


def _line(firm: int, row: Mechanism, cleared: PriceRound) -> str:
    name, received = cleared.name_of(firm), 0.0 - float(cleared.payments[firm])
    if np.isnan(cleared.prices[firm]):
        return f"{name} asks no price and sells nothing"
    told = f"{name} asks {written(cleared.prices[firm])}: {cleared.shares[firm]:.2%} of consumers buy of it"
    if received == 0.0:
        return f"{told}; it receives nothing"
    why = reason(row.sources, cleared, firm, -received)
    cost = cleared.shares[firm] * cleared.cost
    return f"{told}; it receives {written(received)}, {why}; its goods cost {written(cost)}"
