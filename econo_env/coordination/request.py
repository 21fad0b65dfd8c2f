"""What is asked for and who applies, in the words of the design from which coordination markets come."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from econo_env.markets.coordination.auctions import AUCTION_TYPES, AuctionType
from econo_env.markets.coordination.incentives import EconomicIncentives
from econo_env.markets.coordination.scenario import Auction, CoordinationScenario
from econo_env.money import LARGEST_CREDITS, Credits
from econo_env.settings import validated

_TICKS = 1_000_000
"""The longest sale of a clock, and more."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CoordinationRequest(_Section):
    """One request for work, and the market that is made for it.

    Attributes:
        resource_type: What is asked for, a name.
        available_supply: Tasks of the request.
        value: Credits that satisfactory work at a task is worth.
        market_price: What a task has been owed for of late, credits.
        reserve_share: What is owed at least, as a share of the market price.
        auction_type: As in a scenario.
        economic_incentives: As in a scenario.
        auction: As in a scenario.
        reputation: Least lower bound of the reputation that may bid.
        synergy: A further task costs 1 - this times the first.
    """

    resource_type: str = "work"
    available_supply: int = Field(1, ge=1)
    value: Credits = Field(1.0, gt=0.0, le=LARGEST_CREDITS / 1e3)
    market_price: Credits = Field(0.0, ge=0.0)
    reserve_share: float = Field(0.0, ge=0.0, le=1.0)
    auction_type: AuctionType = "vickrey"
    economic_incentives: EconomicIncentives = EconomicIncentives()
    auction: Auction = Auction()
    reputation: float = Field(0.3, ge=0.0, le=1.0)
    synergy: float = 0.0


class CoordinationAgent(_Section):
    """An agent: what it can do, what it has, how it is known, and what it does where that is not the best it can.

    Attributes:
        cost: Credits of one task at full effort.
        reliability: Chance of success at full effort.
        stake: Free money, credits.
        kept: Contracts it has kept, as evidence of its reputation.
        broken: Contracts it has broken.
        bid: Credits that it bids for one task, or for 1, 2, ... tasks, on a clock the limit up to which it says yes;
            None for what contracts are truly worth to it.
        reported_cost: In a scoring auction the cost that it reports; None for the truth.
        reported_reliability: The reliability that it reports there; None for the truth.
        effort: From 0 to 1; None for the efficient one.
        forges: Does no work and submits a forged proof.
    """

    cost: Credits = Field(ge=0.0, le=LARGEST_CREDITS / 1e3)
    reliability: float = Field(ge=0.0, le=1.0)
    stake: Credits = Field(10.0, ge=0.0, le=LARGEST_CREDITS / 1e3)
    kept: float = Field(10.0, ge=0.0, le=1e6)
    broken: float = Field(0.0, ge=0.0, le=1e6)
    bid: float | tuple[float, ...] | None = None
    reported_cost: float | None = Field(None, ge=0.0)
    reported_reliability: float | None = Field(None, ge=0.0, le=1.0)
    effort: float | None = Field(None, ge=0.0, le=1.0)
    forges: bool = False

    @model_validator(mode="after")
    def _bids_are_amounts(self) -> Self:
        if any(one < 0.0 for one in self.bids):
            raise ValueError(f"bid={self.bid}: give amounts of at least 0, or leave it out for the truth")
        return self

    @property
    def bids(self) -> tuple[float, ...]:
        """The bids for 1, 2, ... tasks, none where they are true."""
        if self.bid is None:
            return ()
        return self.bid if isinstance(self.bid, tuple) else (self.bid,)


def read(
    request: CoordinationRequest | Mapping[str, Any], agents: Sequence[CoordinationAgent | Mapping[str, Any]]
) -> tuple[CoordinationRequest, tuple[CoordinationAgent, ...]]:
    """Request and agents, validated.

    Raises:
        ValueError: A key or value is not allowed, nobody applies, or a bid says what no bid can.
    """
    if not isinstance(request, CoordinationRequest):
        request = validated(CoordinationRequest, request, "request")
    known = tuple(
        one if isinstance(one, CoordinationAgent) else validated(CoordinationAgent, one, f"agent {number}")
        for number, one in enumerate(agents)
    )
    if not known:
        raise ValueError("agents: give at least one")
    sizes = request.available_supply if AUCTION_TYPES[request.auction_type].bundles else 1
    for number, agent in enumerate(known):
        if agent.bids and AUCTION_TYPES[request.auction_type].reports:
            raise ValueError(f"agent {number}: in a scoring auction agents report cost and reliability: leave bid out")
        if len(agent.bids) not in (0, sizes):
            raise ValueError(f"agent {number}: {len(agent.bids)} bids, give one for each number of tasks, {sizes}")
        reports = (agent.reported_cost, agent.reported_reliability)
        if any(one is not None for one in reports) and not AUCTION_TYPES[request.auction_type].reports:
            raise ValueError(f"agent {number}: reports are for scoring auctions, give a bid")
        if agent.reported_cost is not None and agent.reported_cost > 2.0 * agent.cost:
            raise ValueError(f"agent {number}: reported_cost={agent.reported_cost:g} is above twice the cost")
    return request, known


def scenario_of(request: CoordinationRequest, agents: Sequence[CoordinationAgent]) -> CoordinationScenario:
    """The market of the request: the first tick only brings it, for reputations and money to be there before it."""
    dearest = max(agent.cost for agent in agents) / request.value
    document = {
        "id": "coordination_v0",
        "num_agents": len(agents),
        "max_cycles": _TICKS,
        "auction_type": request.auction_type,
        "resource_type": request.resource_type,
        "available_supply": request.available_supply,
        "current_demand": {"waiting": 0, "arrivals": 1.0, "most": 1},
        "market_price": {"start": request.market_price, "reserve_share": request.reserve_share},
        "economic_incentives": request.economic_incentives.model_dump(mode="json"),
        "auction": request.auction.model_dump(mode="json"),
        "tasks": {"value": {"name": "empirical", "quantiles": [request.value, request.value]}},
        "agents": {
            "cost": {"name": "uniform", "low": 0.0, "high": max(dearest, 1e-3)},
            "synergy": request.synergy,
        },
        "bids": "amount" if any(agent.bids for agent in agents) else "share_of_value",
        "economy": {
            "ledger": {"house": LARGEST_CREDITS / 4},
            "staking": {},
            "contracts": {},
            "reputation": {},
            "eligibility": {"threshold": request.reputation, "open_share": 0.0},
        },
    }
    return validated(CoordinationScenario, document, "request")


def require_sayable(scenario: CoordinationScenario, agents: Sequence[CoordinationAgent]) -> None:
    """Raises a ValueError where a bid is beyond what an action can say: twice what success is worth."""
    for number, agent in enumerate(agents):
        for tasks, bid in enumerate(agent.bids, 1):
            most = 2.0 * tasks * scenario.highest_success
            if bid > most:
                raise ValueError(f"agent {number}: bid={bid:g}: give at most {most:g}, twice what success is worth")
