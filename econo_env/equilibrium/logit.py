"""The logit equilibrium of a discretised game, followed from much noise to little by Newton's method.

A type picks bid b with a chance in proportion to width(b) exp(U(v, b) / noise). At high noise the equilibrium is near
the uniform one; each step lowers the noise and starts from the last solution (McKelvey and Palfrey 1995; Turocy 2005).
What is solved for are the distributions of bids, one a role, for payoffs depend on nothing else.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from econo_env.equilibrium.grids import Choices

Floats = NDArray[np.float64]

FIRST_NOISE = 0.1
"""Where a path starts, in credits where values reach 1."""

_MOST_NEWTON_STEPS = 32
_TOLERANCE = 1e-8  # sum of absolute differences of chances
_LOST = 1e-2  # as large a difference is no equilibrium
_SMALLEST_STEP = 1e-3
_LEAST_CHANCE = 1e-16


class Outcome(NamedTuple):
    """What a role's choices bring against given bids of everybody.

    Attributes:
        allocation: Expected units, shape (choices,).
        payment: Expected payment in credits, shape (choices,).
        allocation_by: By role, derivatives with respect to the chances of its choices, shape (choices, its choices).
        payment_by: The same of payments.
    """

    allocation: Floats
    payment: Floats
    allocation_by: tuple[Floats, ...]
    payment_by: tuple[Floats, ...]


class DiscreteGame(Protocol):
    """A game of roles on grids of types and bids."""

    @property
    def choices(self) -> tuple[Choices, ...]:
        """Of each role."""
        ...

    def outcome(self, role: int, chances: list[Floats]) -> Outcome:
        """Units and payments of each of the role's choices, given everybody's chances of choices."""
        ...


Respond = Callable[[list[Floats], float, bool], tuple[Floats, Floats]]
"""Everybody's logit response to distributions at a noise, concatenated, and its derivative where asked for."""


def path(respond: Respond, start: list[Floats], first: float, last: float) -> Iterator[tuple[float, list[Floats]]]:
    """Noise, and chances of choices in the logit equilibrium, at ever less noise, halved from step to step.

    Ends early where Newton's method loses the path.

    Args:
        respond: The logit response of the discretised game.
        start: Chances to begin with, one array for each distribution that payoffs depend on, such as one a role.
        first: The first noise, credits.
        last: The last one.
    """
    chances, noise = start, first
    while True:
        chances, size = _newton(respond, chances, noise)
        yield noise, chances
        if noise <= last or size > _LOST:
            return
        noise = max(noise / 2.0, last)


def _newton(respond: Respond, chances: list[Floats], noise: float) -> tuple[list[Floats], float]:
    counts = np.cumsum([len(one) for one in chances])[:-1]
    for _ in range(_MOST_NEWTON_STEPS):
        answer, jacobian = respond(chances, noise, True)
        rest = answer - np.concatenate(chances)
        size = float(np.abs(rest).sum())
        if size < _TOLERANCE:
            break
        step = np.linalg.solve(np.eye(len(rest)) - jacobian, rest)
        length = 1.0
        while True:
            moved = np.maximum(np.concatenate(chances) + length * step, _LEAST_CHANCE)
            tried = [one / one.sum() for one in np.split(moved, counts)]
            left = float(np.abs(respond(tried, noise, False)[0] - np.concatenate(tried)).sum())
            if left < size * (1.0 - 0.1 * length) or length < _SMALLEST_STEP:
                break
            length /= 2.0
        chances = tried
    return chances, size


def response(game: DiscreteGame, chances: list[Floats], noise: float, slopes: bool) -> tuple[Floats, Floats]:
    """The logit response of a game of roles, and its derivative with respect to the chances."""
    firsts = np.cumsum([0] + [len(one) for one in chances])
    answer, jacobian = np.zeros(firsts[-1]), np.zeros((firsts[-1], firsts[-1]) if slopes else (0, 0))
    for role, choices in enumerate(game.choices):
        own = slice(firsts[role], firsts[role + 1])
        outcome = game.outcome(role, chances)
        weighed = (choices.types[:, None] * outcome.allocation - outcome.payment) / noise + choices.log_width
        picked = np.exp(weighed - weighed.max(axis=1, keepdims=True))
        picked /= picked.sum(axis=1, keepdims=True)
        answer[own] = choices.mass @ picked
        if not slopes:
            continue
        by_units = _covariance(picked, choices.mass * choices.types) / noise
        by_credits = _covariance(picked, choices.mass) / noise
        for other in range(len(chances)):
            theirs = slice(firsts[other], firsts[other + 1])
            jacobian[own, theirs] = by_units @ outcome.allocation_by[other] - by_credits @ outcome.payment_by[other]
    return answer, jacobian


def _covariance(picked: Floats, weight: Floats) -> Floats:
    """Sum over types of weight times the covariance of choices, shape (choices, choices)."""
    weighted = picked * weight[:, None]
    return np.asarray(np.diag(weighted.sum(axis=0)) - picked.T @ weighted)
