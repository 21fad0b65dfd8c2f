"""What a kind of market tells those who judge it: private types, welfare, and whose payoffs are worth searching.

A market's package offers the functions of `JudgedMarket`; the evaluation knows no market beyond them. Whether
deviations are also followed through whole episodes, the scenario says: `Scenario.ticks_hang_together`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIMARY = "value"
"""The welfare measure that efficiency is about; a market may name others beside it."""


@dataclass(frozen=True)
class Welfare:
    """What the last tick of each market was worth, in credits.

    Attributes:
        realised: By measure, the welfare reached, shape (markets,); `value` is the primary one.
        optimal: By measure, the most that any allocation reaches on the true types, shape (markets,).
        revenue: What the seller or principal keeps, shape (markets,); negative is a deficit.
        created: What there was to divide between agents and principal, shape (markets,): `realised`, or where that is
            an expectation, its outcome by the books.
        revenue_at_best_reserve: What truthful bidders pay at the reserve that is best for the seller, on the same
            types, shape (markets,); None where bidders do not draw from one prior each for itself. With a regular
            prior no auction earns more in equilibrium (Myerson 1981).
    """

    realised: Mapping[str, Floats]
    optimal: Mapping[str, Floats]
    revenue: Floats
    created: Floats
    revenue_at_best_reserve: Floats | None = None


@dataclass(frozen=True)
class BidCurves:
    """The outcome of one bidder's own bid, averaged over rivals.

    Attributes:
        bids: Own bids in credits, shape (bids,); NaN is no bid.
        allocation: Expected units won, shape (bids,).
        payment: Expected payment in credits, shape (bids,).
    """

    bids: Floats
    allocation: Floats
    payment: Floats

    def utility(self, values: Floats) -> Floats:
        """Expected utility in credits of each value (..., ) at each bid: shape (..., bids)."""
        return np.asarray(values)[..., None] * self.allocation - self.payment


class JudgedMarket(Protocol):
    """The functions of a market's package that the evaluation calls."""

    def type_names(self, scenario: Any) -> tuple[str, ...]:
        """What each component of a private type means."""
        ...

    def types(self, scenario: Any, state: Any) -> Floats:
        """The true private types of the coming tick, shape (markets, agents, components); a copy."""
        ...

    def types_at(self, scenario: Any, agent: int, uniforms: Floats) -> Floats:
        """The agent's types at points of the unit cube, (..., components): its prior's quantile transform."""
        ...

    def set_types(self, scenario: Any, engine: Any, agent: int, types: Floats) -> None:
        """Gives the agent the types (markets, components) and shows them in its observations."""
        ...

    def roles(self, scenario: Any) -> tuple[tuple[int, ...], ...]:
        """The agents grouped by what the rules know of them; agents of a group are interchangeable."""
        ...

    def welfare(self, scenario: Any, state: Any, types: Floats) -> Welfare:
        """The welfare of the last tick, given the types from before it."""
        ...


class DependentMarket(JudgedMarket, Protocol):
    """A market where one agent's type can tell of the others': searches draw them from what is left possible."""

    def types_hang_together(self, scenario: Any) -> bool:
        """Whether they do in this scenario; if not, types are drawn one by one."""
        ...

    def set_types_given(self, scenario: Any, engine: Any, agent: int, types: Floats, uniforms: Floats) -> None:
        """Gives the agent the types (markets, components) and everybody else types from their distribution given those.

        `uniforms`, points of the unit cube of shape (markets, agents, components), make the draws; the agent's own
        place is free for what is shared. What items are worth later, such as a common value, is drawn along.
        """
        ...


class LuckyMarket(JudgedMarket, Protocol):
    """A market whose rewards depend on luck that can be averaged out exactly: searches then see through it."""

    def expected_rewards(self, scenario: Any, state: Any) -> Floats:
        """Rewards of the last tick in credits, in expectation over that luck, shape (markets, agents)."""
        ...


class BiddingMarket(JudgedMarket, Protocol):
    """A market whose payoff is value times units won minus payment: best responses come from outcome curves.

    Where a bid shows only over several ticks, as in a clock auction, the package also has `reveal_bids(engine, act)`,
    which leaves the bids that the policy behind `act()` amounts to in the engine's state.
    """

    def bids_made(self, scenario: Any, state: Any) -> Floats:
        """The bids of the last tick in credits, shape (markets, agents); NaN is no bid."""
        ...

    def highest_bid(self, scenario: Any, values: Floats) -> Floats:
        """The largest bid that the action space allows at each value, credits, the shape of `values`."""
        ...

    def bid_curves(self, scenario: Any, state: Any, agent: int, bids: Floats) -> BidCurves:
        """Outcomes of own bids (bids,) against the rivals' bids of the last tick, by the compiled rule."""
        ...


class OneRoundMarket(JudgedMarket, Protocol):
    """A market whose episode is one round however many ticks it takes, as the sale of a clock or the day of a book.

    Welfare, money and losses then add up over the episode before they count; without `ONE_ROUND` a tick is a round.
    Where a bidder states a limit for the whole sale, the package also has `KEPT_LIMITS`: rules that draw a limit by
    lot, such as zero intelligence, then draw one an episode.
    """

    ONE_ROUND: bool


class PlayedOutMarket(JudgedMarket, Protocol):
    """A market whose first move pays later: searches follow a deviation, under the policy, to the end."""

    PLAYED_OUT: bool


class PenalisingMarket(JudgedMarket, Protocol):
    """A market that penalises: judges count those who had not earned it."""

    def wronged(self, scenario: Any, state: Any) -> NDArray[np.bool_]:
        """Who was penalised in the last tick without cause, bool of shape (markets, agents)."""
        ...
