"""A solved game: what everybody bids, and how far that is from an equilibrium."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.equilibrium.losses import Loss
from econo_env.scenario import Scenario
from econo_env.valuations.bid_function import MIDDLE, Strategy

Floats = NDArray[np.float64]

ACCEPTED_LOSS = 1e-3
"""Mean gain of the best deviation over the mean utility of the strategy, beyond which a solution is refused."""


@dataclass(frozen=True)
class Solution:
    """Bid functions that nobody gains much from leaving.

    Attributes:
        scenario: The market.
        roles: Agents of each role.
        functions: What each role bids: a `BidFunction`, or `UnitBids` where a bidder places two.
        losses: How far each role is from a best response.
    """

    scenario: Scenario
    roles: tuple[tuple[int, ...], ...]
    functions: tuple[Strategy, ...]
    losses: tuple[Loss, ...]

    @property
    def relative_loss(self) -> float:
        """The largest, over roles, mean gain of a best response over mean utility."""
        return max(loss.mean / max(loss.utility, 1e-12) for loss in self.losses)

    @property
    def score(self) -> float:
        """The loss on average, and some of the loss of the type that loses most: what solutions are chosen by."""
        worst = max(loss.worst / max(loss.utility, 1e-12) for loss in self.losses)
        return self.relative_loss + 0.02 * worst

    @property
    def certificate(self) -> float | None:
        """A bound in credits of what any type of any role gains; None where outcomes come from a sample."""
        bounds = [loss.certificate for loss in self.losses]
        known = [bound for bound in bounds if bound is not None]
        return max(known) if len(known) == len(bounds) else None

    def bids(self, types: Floats, role_of: NDArray[np.int64], luck: ArrayLike = MIDDLE) -> Floats:
        """Bids in credits of types of any shape, given the number of each one's role, of a shape that fits it.

        Where bids are mixed `luck`, draws uniform in [0, 1) of a shape that fits too, decides.
        """
        made = np.zeros(np.shape(types))
        for number, function in enumerate(self.functions):
            made = np.where(role_of == number, function(types, luck), made)
        return made

    def __str__(self) -> str:
        bound = "" if self.certificate is None else f", at most {self.certificate:.1e} credits at any type"
        return f"solved numerically: the best deviation gains {self.relative_loss:.1e} of utility on average{bound}"
