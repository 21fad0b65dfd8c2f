"""The dynamic pivot mechanism where serving makes eligible: truth is best in every period, and the plan is efficient.

A task is bought in each period from one of a few agents, whose costs are fresh draws from U[0, 1]. In a closed period
only the eligible may serve; who has served is eligible from then on. Under a static second-score rule agents report
less than their cost to become eligible, or to keep others out. Here the planner ranks by V - c_i plus the discounted
social value of the eligibility that serving brings, and pays flow marginal contributions (Bergemann and Valimaki,
"The dynamic pivot mechanism", Econometrica 2010): what an agent receives is what its presence adds in the period for
all others, so its utility from a period on is W - W without it, whatever it reports.

It needs the value of the game with and without each agent: 2^agents states a period, so it is for a few agents.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_AGENTS = 10
NOBODY = -1


class PivotAward(NamedTuple):
    """What a period's reports lead to.

    Attributes:
        winner: The agent that serves, -1 for nobody.
        received: What each agent receives, negative where it pays, shape (agents,).
    """

    winner: int
    received: NDArray[np.float64]


@dataclass(frozen=True)
class EligibilityGame:
    """A buyer, a few agents and a few periods; sets of agents are bit masks.

    Attributes:
        agents: How many there are.
        value: V, what a served task is worth to the buyer; it may do without.
        discount: d in [0, 1], of the next period.
        open_to_all: Of each period, whether all may serve; else the eligible alone.
    """

    agents: int
    value: float
    discount: float
    open_to_all: tuple[bool, ...]
    _known: dict[tuple[int, int, int], float] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the numbers.

        Raises:
            ValueError: Too many agents, none, or a discount outside [0, 1].
        """
        if not 1 <= self.agents <= MOST_AGENTS:
            raise ValueError(f"agents={self.agents}: the states are sets of agents, so give 1 to {MOST_AGENTS}")
        if not 0.0 <= self.discount <= 1.0:
            raise ValueError(f"discount={self.discount:g}: give one in [0, 1]")

    @property
    def everybody(self) -> int:
        """The set of all agents."""
        return (1 << self.agents) - 1

    def social_value(self, period: int, eligible: int, present: int) -> float:
        """W: expected value less costs from a period on, before its costs are known, where only some are there."""
        if period == len(self.open_to_all):
            return 0.0
        key = (period, eligible & present, present)
        if key not in self._known:
            offers = [offer for _, offer in self._offers(*key)]
            self._known[key] = expected_best(self._next(period, key[1], present), offers)
        return self._known[key]

    def marginal_contribution(self, period: int, eligible: int, agent: int) -> float:
        """W - W without the agent: its expected utility from a period on, before costs are known."""
        without = self.everybody & ~(1 << agent)
        return self.social_value(period, eligible, self.everybody) - self.social_value(period, eligible, without)

    def award(self, period: int, eligible: int, costs: ArrayLike) -> PivotAward:
        """Who serves at these reported costs, shape (agents,), and what everybody receives."""
        reported = np.asarray(costs, dtype=np.float64)
        winner, _ = self._best(period, eligible, self.everybody, reported)
        served = eligible | (1 << winner) if winner != NOBODY else eligible
        received = np.zeros(self.agents)
        for i in range(self.agents):
            without = self.everybody & ~(1 << i)
            theirs = self._next(period, served, without)
            if winner != NOBODY:
                theirs += self.value - (reported[winner] if winner != i else 0.0)
            received[i] = theirs - self._best(period, eligible, without, reported)[1]
        return PivotAward(winner, received)

    def _next(self, period: int, eligible: int, present: int) -> float:
        return self.discount * self.social_value(period + 1, eligible, present)

    def _offers(self, period: int, eligible: int, present: int) -> list[tuple[int, float]]:
        """Who may serve, and what that is worth before its cost, later periods included."""
        may = present if self.open_to_all[period] else eligible & present
        return [
            (i, self.value + self._next(period, eligible | (1 << i), present))
            for i in range(self.agents)
            if may & (1 << i)
        ]

    def _best(self, period: int, eligible: int, present: int, costs: NDArray[np.float64]) -> tuple[int, float]:
        """Who serves among those present, and the value of that from the period on."""
        best, winner = self._next(period, eligible, present), NOBODY
        for i, offer in self._offers(period, eligible, present):
            if offer - costs[i] > best:
                best, winner = offer - costs[i], i
        return winner, best


def expected_best(otherwise: float, offers: list[float]) -> float:
    """E[max(otherwise, max_i (b_i - c_i))] for c_i from U[0, 1], independent; exact but for rounding.

    The distribution of the best is a polynomial between the ends of the offers' ranges, so Gauss-Legendre is exact.

    Args:
        otherwise: What there is without any offer.
        offers: The b_i.
    """
    if not offers:
        return otherwise
    ends = np.array(offers)
    cuts = np.unique(np.clip(np.concatenate([ends, ends - 1.0, [otherwise]]), otherwise, max(otherwise, ends.max())))
    nodes, weights = np.polynomial.legendre.leggauss(len(offers) // 2 + 1)
    total = otherwise
    for low, high in pairwise(cuts):
        points = 0.5 * (high - low) * nodes + 0.5 * (high + low)
        below = np.clip(points[:, None] - ends + 1.0, 0.0, 1.0).prod(axis=1)
        total += 0.5 * (high - low) * float(weights @ (1.0 - below))
    return total
