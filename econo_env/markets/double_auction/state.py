"""What a sealed two-sided market holds: its state, its constants, and the meaning of observations and actions."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.state import Column, Episode, Int64s, Key, Tick
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario
from econo_env.markets.private_value import of_rounds
from econo_env.money import to_money
from econo_env.valuations.drawing import DrawTables


class State(NamedTuple):
    """A batch of two-sided markets; the first axis of every array is the market; buyers come before sellers."""

    key: Key
    episode: Episode
    tick: Tick
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, a buyer's value or a seller's cost")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits bid or asked, -1 for none")]
    award: Award
    order: Annotated[Int64s, Column(np.int64, ("agents",), "scratch: traders of each side, best offer first")]


class Params(NamedTuple):
    """The constants of a scenario, as the compiled kernels take them."""

    rule: object  # the mechanism's own parameters
    num_buyers: int
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's value or cost comes from
    quantiles: DrawTables  # micro-credits, one a prior
    highest_price: float  # micro-credits
    value_scale: float  # 1 / highest_price
    bids_are_amounts: bool
    largest_amount: float  # micro-credits, the scale of offers in observations


def action_names(scenario: DoubleAuctionScenario) -> tuple[str, ...]:
    """What each action component means."""
    return ("offer",)


def params(scenario: DoubleAuctionScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    highest = float(to_money(scenario.highest_value))
    return Params(
        rule=scenario.row().params(scenario.mechanism),
        num_buyers=scenario.num_buyers,
        **of_rounds(scenario, scenario.priors()),
        highest_price=highest,
        value_scale=1.0 / highest,
        bids_are_amounts=scenario.bids == "amount",
        largest_amount=highest if scenario.bids == "amount" else 2.0 * highest,
    )
