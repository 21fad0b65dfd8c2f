"""Configuration of a coordination market, in the words of the design from which it comes."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError, field_validator, model_validator

from econo_env.engine.levers import Lever
from econo_env.markets.coordination.auctions import AUCTION_TYPES, AuctionRow, AuctionType
from econo_env.markets.coordination.incentives import EconomicIncentives, in_both_places, with_incentives
from econo_env.markets.task_market.scenario import Agents, TaskMarketScenario
from econo_env.mechanisms.base import Options, options_of
from econo_env.mechanisms.combinatorial.rule import Payment, PaymentRule
from econo_env.mechanisms.combinatorial.small import LARGEST_SMALL_GAME
from econo_env.money import LARGEST_CREDITS, Credits
from econo_env.scenario import Scenario

_LARGEST_REQUEST = 64


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Auction(_Section):
    """What the auctions are played by; each takes what it has a use for.

    Attributes:
        reserve: Credits that the holder of a task owes at least.
        increment: Step in credits of the clocks, English and Dutch.
        payment: What winners of a combinatorial auction owe.
    """

    reserve: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e3)
    increment: Credits = Field(0.02, gt=0.0, le=LARGEST_CREDITS / 1e3)
    payment: PaymentRule = Payment.vcg


class CurrentDemand(_Section):
    """How requests arrive and wait.

    Attributes:
        waiting: Requests that wait at the start of an episode.
        arrivals: Chance that another one arrives at a tick.
        most: As many wait at most; more are turned away.
    """

    waiting: int = Field(1, ge=0, le=1_000_000)
    arrivals: float = Field(1.0, ge=0.0, le=1.0)
    most: int = Field(16, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.waiting > self.most:
            raise ValueError(f"waiting={self.waiting} is more than most={self.most}: choose a smaller one")
        return self


class MarketPrice(_Section):
    """A price that follows what holders of tasks owe.

    Attributes:
        start: Credits at the start of an episode.
        weight: Of the price of a tick in the next market price; the rest is what it was.
        reserve_share: What is owed at least, as a share of the market price. Bidders can lower it by bidding less, so
            0 by default.
    """

    start: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e3)
    weight: float = Field(0.1, ge=0.0, le=1.0)
    reserve_share: float = Field(0.0, ge=0.0, le=1.0)


class CoordinationAgents(Agents):
    """The agents' private types, and how costs of several tasks add up.

    Attributes:
        synergy: A second task, and any further one, costs 1 - this times the first: below 0 costs are super-additive.
            Only a combinatorial auction gives one agent several tasks of a request.
    """

    synergy: float = Field(0.0, ge=-10.0, lt=1.0)


class CoordinationScenario(TaskMarketScenario):
    """Requests for work arrive, an auction decides who takes it, contracts, stake and reputation do the rest.

    Attributes:
        auction_type: `english`, `dutch`, `sealed_bid`, `vickrey`, `combinatorial`, or `scoring`, in which agents report
            their types and not a bid.
        resource_type: What is asked for, a name.
        available_supply: Tasks of a request, all of one value; an agent takes one, in a combinatorial auction several.
        current_demand: How requests arrive and wait.
        market_price: A price that follows what holders of tasks owe.
        economic_incentives: What conduct earns, weighs and stakes.
        auction: What the auctions are played by.
        tasks: The value of a task of a request.
        agents: The private types.
        bids: What a bid means: `share_of_value`, (1 + a) times what the contract is worth to the agent, its expected
            value less its cost, so that 0 is the truth; or `amount`, (1 + a) times what success at the tasks is
            worth, 0 for no bid.
        mechanism: Follows from the auction type and cannot be given.
    """

    market: Literal["coordination"] = "coordination"  # type: ignore[assignment]  # a kind of its own
    mechanism: SerializeAsAny[Options] = Field(exclude=True)
    auction_type: AuctionType = "vickrey"
    resource_type: str = Field("work", pattern=r"^[a-z][a-z0-9_]*$", max_length=64)
    available_supply: int = Field(1, ge=1, le=_LARGEST_REQUEST)
    current_demand: CurrentDemand = CurrentDemand()
    market_price: MarketPrice = MarketPrice()
    economic_incentives: EconomicIncentives = EconomicIncentives()
    auction: Auction = Auction()
    agents: CoordinationAgents = CoordinationAgents()
    bids: Literal["share_of_value", "amount"] = "share_of_value"

    @model_validator(mode="before")
    @classmethod
    def _says_all_once(cls, document: Any) -> Any:
        if not isinstance(document, Mapping):
            return document
        if "mechanism" in document:
            raise ValueError(
                "mechanism follows from auction_type: leave it out, and give reserve, increment and payment in auction"
            )
        made = with_incentives(document, _usual_economy())
        made["mechanism"] = _mechanism_of(made)
        return made

    @field_validator("mechanism", mode="before")
    @classmethod
    def _of_the_table(cls, section: Any) -> Options:
        row = AUCTION_TYPES[section["auction_type"]]
        options = {parameter: section[key] for parameter, key in row.takes.items()}
        return options_of({"name": row.mechanism, **options}, row.market)

    @model_validator(mode="after")
    def _can_be_played(self) -> Self:
        row, incentives = AUCTION_TYPES[self.auction_type], self.economic_incentives
        if row.bundles and self.available_supply > LARGEST_SMALL_GAME:
            raise ValueError(
                f"available_supply={self.available_supply}: a combinatorial auction clears up to {LARGEST_SMALL_GAME}"
            )
        if not row.sealed and (incentives.reputation_weight or incentives.naive):
            raise ValueError(
                f"auction_type {self.auction_type!r} ranks no weighted bids and has no naive forms: set "
                "economic_incentives.reputation_weight to 0 and leave naive out, or choose sealed_bid, vickrey or "
                "scoring"
            )
        if self.auction.increment < 1e-6 * self.highest_success:
            raise ValueError(
                f"auction.increment={self.auction.increment:g}: a clock would take more than a million ticks: choose a "
                "larger one"
            )
        return self

    @property
    def auction_row(self) -> AuctionRow:
        """What its auction type is."""
        return AUCTION_TYPES[self.auction_type]

    @property
    def reports_change_later_ticks(self) -> bool:
        """Also where a request goes through several ticks."""
        return self.auction_row.clock or super().reports_change_later_ticks

    @property
    def sells_bundles(self) -> bool:
        """Whether agents bid for several tasks at once."""
        return self.auction_row.bundles

    @property
    def sizes(self) -> int:
        """The most tasks of a request that one agent takes."""
        return self.available_supply if self.sells_bundles else 1

    @property
    def highest_success(self) -> float:
        """What success at a task is worth at most, credits: nobody gains more by a task."""
        return self.contracts.schedule.success * self.tasks.value.highest

    @property
    def one_tick_each(self) -> bool:
        """Whether every tick is a request of its own, with types of its own, that is over within it."""
        always = self.current_demand.arrivals == 1.0 and self.current_demand.waiting > 0
        return always and not AUCTION_TYPES[self.auction_type].clock

    def replace(self, **changes: Any) -> Self:
        """As of any scenario; an incentive is changed in both of the places that say it."""
        return super().replace(**in_both_places(changes, self.economic_incentives, self.economy or {}))


def _usual_economy() -> dict[str, Any]:
    """The economy of the task market, as far as it says more than its parts do."""
    usual = TaskMarketScenario.model_fields["economy"].get_default(call_default_factory=True, validated_data={})
    return {name: section.model_dump(mode="json", exclude_unset=True) for name, section in usual.items()}


def _mechanism_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the mechanism's section follows from; where a key is off, the usual, for its own validation says so."""
    kind = document.get("auction_type", "vickrey")
    try:
        auction = Auction.model_validate(document.get("auction", {}))
        incentives = EconomicIncentives.model_validate(document.get("economic_incentives", {}))
    except ValidationError:
        auction, incentives = Auction(), EconomicIncentives()
    supply = document.get("available_supply", 1)
    return {
        "auction_type": kind if kind in AUCTION_TYPES else "vickrey",
        "reserve": auction.reserve,
        "increment": auction.increment,
        "units": supply if isinstance(supply, int) and supply >= 1 else 1,
        "payment": "naive" if "reputation_weight" in incentives.naive else "critical",
        "core": auction.payment,
    }


def levers(scenario: CoordinationScenario) -> tuple[Lever, ...]:
    """What may be moved: the least that the holder of a task owes; a request keeps that with which it came on offer."""
    return (Lever("auction.reserve", ("rule.reserve",), "the least that is owed for a task of the next request"),)


def built_in() -> list[Scenario]:
    """Five agents, 64 requests an episode, full liability, Vickrey."""
    return [
        CoordinationScenario(id="coordination_market_v0", num_agents=5, max_cycles=64)  # type: ignore[call-arg]
    ]
