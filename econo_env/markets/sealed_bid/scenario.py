"""Configuration of a sealed-bid market."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from econo_env.engine.levers import Lever
from econo_env.levers import ranges
from econo_env.markets.built_in import one_a_rule
from econo_env.markets.feedback import check_bids_shown
from econo_env.markets.sealed_bid.config import Default, Participation, Procurement, Seller
from econo_env.mechanisms.base import reversible_names
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import LARGEST_CREDITS
from econo_env.scenario import Scenario
from econo_env.valuations.information import AnyInformation, PrivateValues
from econo_env.valuations.priors import AnyPrior, Uniform
from econo_env.valuations.utility import CARA, RETURN, AnyUtility, Budget, RiskNeutral

MARKET = "sealed_bid"
FEE = "participation.entry_fee"


class SealedBidScenario(Scenario):
    """A sealed-bid auction: one simultaneous bid each.

    The mechanism's reserve is public and fixed before the bids.

    Attributes:
        mechanism: `{name: first_price, reserve: 0.0, ...}`: a mechanism of the table and its parameters in credits.
        values: The prior of every bidder's value (of its cost in procurement), or a list of one for each bidder.
        information: What bidders know of the value: `private`, `mixture`, `wallet`, `common` or `affiliated`.
        utility: `risk_neutral`, `crra`, `cara`, `budget` or `return_on_investment`: what rewards are.
        participation: Chance to be there, entry fee and entry cost.
        procurement: The reverse form, with its ceiling; none by default.
        default: Winners learn more after the sale and may walk away for a stake; none by default.
        seller: A secret reserve, or shill bids after seeing the bids; neither by default.
        weights: Public reputation weights, one a bidder, in steps of 0.001; bids are ranked by weight times bid.
        bids: What the action means: `share_of_value`, (1 + a) times the own value, so that 0 is the truth; or
            `amount`, (1 + a) times the highest value, whatever the own value is.
        largest_bid: The bid of action 1, as a multiple of the own or the highest value: 2 by default; with another
            one, bids are (1 + a) largest_bid / 2 times it.
        feedback: What a bidder sees of the last round: `nothing`, its `own_result`, or also the `winning_bid`, or its
            own result and `all_bids`.
    """

    market: Literal["sealed_bid"] = "sealed_bid"
    values: AnyPrior | tuple[AnyPrior, ...] = Uniform()
    weights: tuple[float, ...] | None = None
    bids: Literal["share_of_value", "amount"] = "share_of_value"
    feedback: Literal["nothing", "own_result", "winning_bid", "all_bids"] = "own_result"
    information: AnyInformation = PrivateValues()
    utility: AnyUtility = RiskNeutral()
    participation: Participation = Participation()
    procurement: Procurement | None = None
    default: Default | None = None
    seller: Seller = Seller()
    largest_bid: float = Field(2.0, gt=0.0, le=1000.0)

    @field_validator("weights")
    @classmethod
    def _whole_thousandths(cls, weights: tuple[float, ...] | None) -> tuple[float, ...] | None:
        for weight in weights or ():
            if not 1 / WEIGHT_UNIT <= weight <= 1000 or abs(weight * WEIGHT_UNIT - round(weight * WEIGHT_UNIT)) > 1e-6:
                raise ValueError(f"a weight of {weight}: weights run from 0.001 to 1000 in steps of 0.001")
        return weights

    @model_validator(mode="after")
    def _one_for_each_bidder(self) -> Self:
        for name, given in (("values", self.values), ("weights", self.weights)):
            if isinstance(given, tuple) and len(given) != self.num_agents:
                raise ValueError(f"{name} lists {len(given)} entries for {self.num_agents} bidders: give one each")
        if self.largest_bid > 2.0 and self.largest_amount > LARGEST_CREDITS:
            raise ValueError("the largest bid would leave the range of money: rescale the values to smaller credits")
        if self.weights and self.largest_amount * max(self.weights) > LARGEST_CREDITS:
            raise ValueError("weighted bids would leave the range of money: rescale the values to smaller credits")
        check_bids_shown(self.feedback, self.num_agents * self.bids_each)
        if self.utility.model == CARA and self.utility.parameter * self.largest_amount > 500.0:
            raise ValueError("utility cara: a times the largest bid is beyond 500: choose a smaller a")
        if not self.information.private and len(set(self.priors())) > 1:
            raise ValueError(f"information {self.information.name!r} needs one prior for all bidders")
        return self

    @model_validator(mode="after")
    def _procurement_makes_sense(self) -> Self:
        if self.procurement is None:
            return self
        row, costs_to_enter = self.row(), self.entry_costs > 0.0
        said = None
        if not row.reversible:
            said = f"{row.name!r} has no procurement form, for losers pay: choose one of {reversible_names(row.market)}"
        elif self.weights or not self.information.private or self.utility.model == RETURN:
            said = "procurement goes without weights, with private costs, and not with return_on_investment"
        elif self.utility.budget is not None:
            said = "a budget means nothing to bidders who are paid"
        elif self.bids != "amount":
            said = "in procurement bids lie above the own cost: set bids: amount"
        elif costs_to_enter and self.largest_amount <= self.ceiling:
            said = "with an entry fee or cost a bid above the ceiling stays out: choose a larger largest_bid"
        if said:
            raise ValueError(said)
        return self

    @model_validator(mode="after")
    def _default_makes_sense(self) -> Self:
        if self.default is None:
            return self
        row = self.row()
        if not row.reversible:
            raise ValueError(
                f"default: under {row.name!r} losers pay, so there is more to walk away from than a sale: "
                f"choose one of {reversible_names(row.market)}"
            )
        if not self.information.private or self.utility.model == RETURN:
            raise ValueError("default goes with private values, and not with return_on_investment")
        return self

    def priors(self) -> tuple[AnyPrior, ...]:
        """The prior of each bidder, length num_agents."""
        return self.values if isinstance(self.values, tuple) else (self.values,) * self.num_agents

    @property
    def ticks_hang_together(self) -> bool:
        """Only through what is shown of the last round: values are drawn afresh in each."""
        return self.max_cycles > 1 and (self.feedback != "nothing" or self.economy is not None)

    @property
    def _highest_draw(self) -> float:
        return max(prior.highest for prior in self.priors())

    @property
    def highest_signal(self) -> float:
        """The largest value, signal or cost that a bidder can see, in credits; observations are scaled by it."""
        return self.information.highest_signal(self._highest_draw)

    @property
    def highest_value(self) -> float:
        """The largest value (in procurement cost) that winning can realise, in credits, shocks after the sale aside."""
        return self.information.highest_value(self._highest_draw, self.num_agents)

    @property
    def bid_unit(self) -> float:
        """What bids are multiples of at most, in credits: the highest signal, or with `amount` the highest value."""
        return self.highest_value if self.bids == "amount" else self.highest_signal

    @property
    def largest_amount(self) -> float:
        """The largest bid that any bidder can place, in credits."""
        return self.largest_bid * self.bid_unit

    @property
    def ceiling(self) -> float:
        """In procurement the most that the buyer pays, in credits."""
        given = self.procurement.ceiling if self.procurement else None
        return self.highest_value if given is None else given

    @property
    def bids_each(self) -> int:
        """Bids that a bidder places in a round."""
        return 1

    @property
    def is_plain(self) -> bool:
        """Whether this is a sale to risk-neutral bidders with independent private values who are all there."""
        return (
            isinstance(self.utility, RiskNeutral)
            and isinstance(self.information, PrivateValues)
            and self.participation == Participation()
            and self.procurement is None
            and self.default is None
            and not self.seller.bids
            and FEE not in ranges(self)
        )

    @property
    def entry_costs(self) -> float:
        """Entry fee and cost together, in credits."""
        return self.participation.entry_fee + self.participation.entry_cost


class PlainBidsScenario(SealedBidScenario):
    """What other markets take over from the sealed bid: private values, risk-neutral bidders, all of them there."""

    information: PrivateValues = PrivateValues()
    utility: RiskNeutral = RiskNeutral()
    procurement: None = None
    default: None = None
    largest_bid: float = Field(2.0, ge=2.0, le=2.0)

    @field_validator("participation")
    @classmethod
    def _everybody_is_there(cls, participation: Participation) -> Participation:
        if participation != Participation():
            raise ValueError(
                "a chance to be there, entry fees and entry costs are for sealed-bid markets: leave it out"
            )
        return participation

    @field_validator("seller")
    @classmethod
    def _the_seller_does_not_bid(cls, seller: Seller) -> Seller:
        if seller.bids:
            raise ValueError("a secret reserve and shill bids are for sealed-bid markets: leave it out")
        return seller


def levers(scenario: SealedBidScenario) -> tuple[Lever, ...]:
    """What may be moved: the rule's own parameters, and the fee that a bid pays."""
    limited = "what a budget leaves for the bid is computed from it"
    fixed = limited if isinstance(scenario.utility, Budget) else None
    fee = Lever(FEE, ("frictions.entry_fee",), "the fee that a bid pays to the seller", fixed=fixed)
    return (*scenario.row().levers, fee)


def built_in() -> list[Scenario]:
    """One scenario for each sealed-bid mechanism, its name with `_v0`: two bidders, U[0, 1], one round.

    Where only winners pay, also the procurement form.
    """
    return one_a_rule(SealedBidScenario, 0, reverse=1, num_agents=2)
