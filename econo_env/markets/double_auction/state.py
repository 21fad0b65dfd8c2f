"""What a sealed two-sided market holds: its state, its constants, and the meaning of observations and actions."""

from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.award import Award
from econo_env.engine.state import Column, Int64s, UInt64s
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario
from econo_env.markets.feedback import bids_shown, whose_bid
from econo_env.mechanisms.base import mechanism
from econo_env.money import MICRO, to_credits, to_money
from econo_env.valuations.drawing import DrawTables, draw_tables


class State(NamedTuple):
    """A batch of two-sided markets; the first axis of every array is the market; buyers come before sellers."""

    key: Annotated[UInt64s, Column(np.uint64, (), "random key of the market")]
    episode: Annotated[Int64s, Column(np.int64, (), "episodes since the seed")]
    tick: Annotated[Int64s, Column(np.int64, (), "rounds played in this episode")]
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, a buyer's value or a seller's cost")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits bid or asked, -1 for none")]
    award: Award
    order: Annotated[Int64s, Column(np.int64, ("agents",), "scratch: traders of each side, best offer first")]


class Params(NamedTuple):
    """The constants of a scenario, as the compiled phases take them."""

    rule: Any  # the mechanism's own parameters
    num_buyers: int
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's value or cost comes from
    quantiles: DrawTables  # micro-credits, one a prior
    highest_price: float  # micro-credits
    price_scale: float  # 1 / highest_price
    bids_are_amounts: bool
    shows_prior: bool
    shows_result: bool
    shows_price: bool
    shows_all_bids: bool
    largest_offer: float  # micro-credits


def axes(scenario: DoubleAuctionScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    return {
        "agents": scenario.num_agents,
        "exposed": 0,
        "features": len(observation_names(scenario)),
        "actions": len(action_names(scenario)),
    }


def action_names(scenario: DoubleAuctionScenario) -> tuple[str, ...]:
    """What each action component means."""
    return ("offer",)


def _unlike(scenario: DoubleAuctionScenario) -> bool:
    sides = scenario.priors()[: scenario.num_buyers], scenario.priors()[scenario.num_buyers :]
    return any(len(set(side)) > 1 for side in sides)


def observation_names(scenario: DoubleAuctionScenario) -> tuple[str, ...]:
    """What each feature of an observation means; all lie in [0, 1].

    `value`: the own value or cost over the highest price. `rounds_left`: the share of the episode to come. `seller`: 1
    for sellers. `prior` (where traders of a side differ): the own prior's number over their count. `traded`, `paid`,
    `price` (in repeated play, as far as the feedback goes): the own result of the last round, what was paid or received
    and the mean of what buyers paid, over the highest price. `offer_of_0`, ...: with `all_bids`, each offer of the last
    round over the largest possible one, 0 for none.
    """
    names = ["value", "rounds_left", "seller"]
    if _unlike(scenario):
        names.append("prior")
    if scenario.max_cycles > 1 and scenario.feedback != "nothing":
        names += ["traded", "paid"]
        if scenario.feedback == "price":
            names.append("price")
        if scenario.feedback == "all_bids":
            names += bids_shown(action_names(scenario), scenario.num_agents)
    return tuple(names)


def params(scenario: DoubleAuctionScenario) -> Params:
    """The scenario's constants for the compiled phases."""
    distinct = list(dict.fromkeys(scenario.priors()))
    names = observation_names(scenario)
    highest = float(to_money(scenario.highest_value))
    return Params(
        rule=mechanism(scenario.mechanism.name).params(scenario.mechanism),
        num_buyers=scenario.num_buyers,
        max_cycles=scenario.max_cycles,
        truncates=scenario.end_of_episode == "truncation",
        prior_of=np.array([distinct.index(prior) for prior in scenario.priors()], dtype=np.int64),
        quantiles=draw_tables([prior.quantile_table() for prior in distinct], float(MICRO)),
        highest_price=highest,
        price_scale=1.0 / highest,
        bids_are_amounts=scenario.bids == "amount",
        shows_prior="prior" in names,
        shows_result="traded" in names,
        shows_price="price" in names,
        shows_all_bids=any(map(whose_bid, names)),
        largest_offer=highest if scenario.bids == "amount" else 2.0 * highest,
    )


def info(scenario: DoubleAuctionScenario, state: State) -> dict[str, NDArray[Any]]:
    """What the dict APIs tell in `infos`, arrays (markets, agents): `won` (traded) and `paid`, of the last round."""
    return {"won": state.award.units.astype(np.bool_), "paid": to_credits(state.award.pays)}
