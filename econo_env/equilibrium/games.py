"""Discretised games: by the chance to stand above each rival, or by the outcome of every profile of bids."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.equilibrium.grids import Choices
from econo_env.equilibrium.logit import Outcome
from econo_env.market import market_of
from econo_env.money import to_credits
from econo_env.scenario import Scenario

Floats = NDArray[np.float64]

ExpectedOutcome = Callable[[Floats, Sequence[Floats]], tuple[Floats, Floats]]
"""Expected units and payment of own bids in credits, given each rival's chance to stand below them."""

_CHUNK = 1 << 16  # markets settled at once


@dataclass(frozen=True, eq=False)
class RankGame:
    """A rule under which a bid's outcome depends on itself and on how many rivals stand above it.

    Attributes:
        choices: Of each role.
        counts: Bidders of each role.
        weights: Public weight of each role: bids are ranked by weight times bid.
        expected: The rule.
    """

    choices: tuple[Choices, ...]
    counts: tuple[int, ...]
    weights: tuple[float, ...]
    expected: ExpectedOutcome

    def outcome(self, role: int, chances: list[Floats]) -> Outcome:
        """Units and payments of each choice of a role; derivatives are exact, for both are affine in each chance."""
        own = self.choices[role]
        spread = [
            other.share_below(own.bids * self.weights[role] / weight)
            for other, weight in zip(self.choices, self.weights, strict=True)
        ]
        rivals = [count - (other == role) for other, count in enumerate(self.counts)]
        below = [shares @ one for shares, one in zip(spread, chances, strict=True)]
        everybody = [below[other] for other, count in enumerate(rivals) for _ in range(count)]
        allocation, payment = self._padded(own, *self.expected(own.bids, everybody))
        by_units, by_credits = [], []
        for other, count in enumerate(rivals):
            size = (len(allocation), len(chances[other]))
            if count == 0:
                by_units.append(np.zeros(size))
                by_credits.append(np.zeros(size))
                continue
            rest = list(everybody)
            rest.pop(sum(rivals[:other]))
            ends = [self.expected(own.bids, [*rest, np.full(len(own.bids), end)]) for end in (0.0, 1.0)]
            slopes = self._padded(own, *(high - low for low, high in zip(*ends, strict=True)))
            shares = np.vstack([np.zeros((len(allocation) - len(own.bids), size[1])), spread[other]])
            by_units.append(count * slopes[0][:, None] * shares)
            by_credits.append(count * slopes[1][:, None] * shares)
        return Outcome(allocation, payment, tuple(by_units), tuple(by_credits))

    @staticmethod
    def _padded(own: Choices, *results: Floats) -> tuple[Floats, ...]:
        """The same with nothing won nor paid in front, where staying out is a choice."""
        return tuple(np.concatenate([[0.0], one]) for one in results) if own.may_stay_out else results


@dataclass(frozen=True, eq=False)
class TableGame:
    """Any rule for a few bidders: the outcome of every profile of bids, as the engine settles it.

    Attributes:
        choices: Of each role.
        roles: Agents of each role.
        units: By role, units of its first agent in every profile, shape (own bids, bids of each other agent in order).
        payments: The same of payments in credits.
    """

    choices: tuple[Choices, ...]
    roles: tuple[tuple[int, ...], ...]
    units: tuple[Floats, ...]
    payments: tuple[Floats, ...]

    def outcome(self, role: int, chances: list[Floats]) -> Outcome:
        """Units and payments of each choice of a role."""
        role_of = {agent: number for number, agents in enumerate(self.roles) for agent in agents}
        others = [role_of[agent] for agent in sorted(role_of) if agent != self.roles[role][0]]
        average, by = [], []
        for table in (self.units[role], self.payments[role]):
            slopes = [np.zeros((len(table), len(theirs))) for theirs in chances]
            for other in set(others):
                slopes[other] = _averaged(table, others, chances, keep=others.index(other))
            average.append(slopes[others[0]] @ chances[others[0]])
            by.append(tuple(others.count(other) * slope for other, slope in enumerate(slopes)))
        return Outcome(average[0], average[1], by[0], by[1])


def _averaged(table: Floats, others: list[int], chances: list[Floats], keep: int) -> Floats:
    """The table averaged over the other agents' bids, but for the one that is kept as the second axis."""
    for at in range(len(others) - 1, -1, -1):
        if at != keep:
            table = np.tensordot(table, chances[others[at]], axes=(at + 1, 0))
    return table


def settled(scenario: Scenario, agent: int, bids: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Units and payments in credits of an agent in every profile of the given bids, as the engine settles them.

    Where the own bid meets an equal one it stands above it in one of two runs, for a bid is a cell's middle. A bid of 0
    stays 0: it is none where there is a reserve.

    Args:
        scenario: The market; a bid may be any amount there.
        agent: Whose outcome.
        bids: The bids of each agent in credits, one array each.

    Returns:
        Both of shape (own bids, bids of each other agent in order).
    """
    from econo_env.engine.engine import Engine

    market: Any = market_of(scenario)
    free = scenario.replace(bids="amount")
    order = [agent, *(i for i in range(len(bids)) if i != agent)]
    shape = tuple(len(bids[i]) for i in order)
    total = int(np.prod(shape))
    quarter = np.diff(bids[agent]).min() / 4.0
    units, payments = np.zeros(total), np.zeros(total)
    highest = market.types.at(scenario, agent, np.ones((1, 1)))
    engine = Engine(free, min(_CHUNK, total))
    for first in range(0, total, _CHUNK):
        count = min(_CHUNK, total - first)
        if count < engine.num_markets:
            engine = Engine(free, count)
        places = np.unravel_index(np.arange(first, first + count), shape)
        for shift in (-quarter, quarter):
            engine.reset(0)
            market.types.put(free, engine, agent, np.repeat(highest, count, axis=0))
            engine.show()
            placed = np.zeros((count, len(bids)))
            for i, place in zip(order, places, strict=True):
                made = bids[i][place]
                placed[:, i] = np.where(made > 0.0, np.maximum(made + (shift if i == agent else 0.0), 0.0), 0.0)
            # what an amount is as an action does not depend on what the bidder sees
            seen = engine.buffers.observations
            actions = market.baselines.bids.place(
                free, seen, placed.reshape(market.baselines.bids.values(free, seen).shape)
            )
            engine.step(np.reshape(actions, (count, len(bids), 1)))
            paid = to_credits(engine.state.award.pays[:, agent])
            payments[first : first + count] += paid / 2.0
            units[first : first + count] += (engine.buffers.rewards[:, agent] + paid) / highest[0, 0] / 2.0
    return units.reshape(shape), payments.reshape(shape)
