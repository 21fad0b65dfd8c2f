"""Sections of a sealed-bid scenario: who comes, the reverse form, what the seller may do, and walking away."""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from econo_env.money import LARGEST_CREDITS, Credits, whole_enough
from econo_env.settings import Section
from econo_env.valuations.priors import AnyPrior


class Participation(Section):
    """Who comes to bid.

    Attributes:
        probability: Chance that a bidder is there in a round; the others cannot tell how many are.
        entry_fee: What placing a bid pays to the seller, credits; with a fee or cost, a bid of 0 stays out.
        entry_cost: What placing a bid costs the bidder, to nobody's gain, credits.
    """

    probability: float = Field(1.0, gt=0.0, le=1.0)
    entry_fee: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS)
    entry_cost: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS)


class Procurement(Section):
    """The reverse form: a buyer, bidders with costs; the lowest bid wins and is paid what the rule says.

    The rule sees `ceiling - bid`, so the highest bid wins in its eyes, and what it charges is left off the ceiling.

    Attributes:
        ceiling: The most that the buyer pays, credits; bids above it are no bids. The highest cost by default. If
            the rule has a reserve, bids above the ceiling minus the reserve do not win.
    """

    ceiling: Credits | None = Field(None, gt=0.0, le=LARGEST_CREDITS)


class Default(Section):
    """Winners learn after the sale what the item is worth to them, and may walk away from it for a stake.

    A winner's value is v + e, its cost in procurement c + e, with e uniform on [-shock, shock], independent of all
    else and seen by nobody before. A winner walks away where keeping the sale would lose it more than the stake: then
    it gives up the stake instead of paying, the seller keeps item and stake, and nobody else is served.

    Attributes:
        shock: The largest e, credits.
        stake: What walking away costs, credits.
    """

    shock: Credits = Field(gt=0.0, le=LARGEST_CREDITS)
    stake: Credits = Field(ge=0.0, le=LARGEST_CREDITS)

    @property
    def premium(self) -> float:
        """What the right to walk away adds to the highest price worth accepting, credits: 0 from stake = shock on.

        Winning at price p is worth h(v - p) with h(x) = E[max(x + e, -D)]. Where both ends of e matter,
        h(x) = -D + (x + D + a)^2 / (4 a), which is 0 at x = -(sqrt(a) - sqrt(D))^2; with D >= a nobody ever walks
        away at x = 0, so h(0) = E[e] = 0. As h falls in p alone, a rule that charges a winner the least bid that wins
        makes it dominant to bid v + premium.
        """
        return (math.sqrt(self.shock) - math.sqrt(min(self.stake, self.shock))) ** 2


class Seller(Section):
    """What the seller (in procurement the buyer) does beside announcing the mechanism's reserve. One bid is all it has.

    A bid of the seller's that wins leaves its unit unsold; if no bidder wins, nobody pays.

    Attributes:
        secret_reserve: A bid that the seller places before it sees the others, unseen by them: an amount in credits,
            or a prior that it is drawn from anew every round. None by default.
        shill_bids: `never`, or `after_bids`: having seen all bids the seller places the bid that earns it most, if
            any earns more than none.
    """

    secret_reserve: float | AnyPrior | None = None
    shill_bids: Literal["never", "after_bids"] = "never"

    @model_validator(mode="after")
    def _one_bid(self) -> Self:
        reserve = self.secret_reserve
        if isinstance(reserve, float) and not 0.0 <= whole_enough(reserve) <= LARGEST_CREDITS:
            raise ValueError(f"a secret reserve of {reserve}: give 0 to {LARGEST_CREDITS:g} credits, or a prior")
        if reserve is not None and self.shill_bids != "never":
            raise ValueError("the seller has one bid: a secret_reserve before the others, or shill_bids after them")
        return self

    @property
    def bids(self) -> bool:
        """Whether the seller may place a bid."""
        return self.secret_reserve is not None or self.shill_bids != "never"
