"""What a clock auction holds: its state, its constants, and the meaning of observations and actions."""

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.award import Award
from econo_env.engine.state import Column, Episode, Int64s, Key, Tick
from econo_env.markets.clock.scenario import ClockScenario
from econo_env.markets.private_value import of_rounds
from econo_env.money import to_money
from econo_env.valuations.drawing import DrawTables


class State(NamedTuple):
    """A batch of clock auctions; the first axis of every array is the market."""

    key: Key
    episode: Episode
    tick: Tick
    closes: Annotated[Int64s, Column(np.int64, (), "ticks after which the sale ends, as it stands")]
    sold_at: Annotated[Int64s, Column(np.int64, (), "tick of the sale, -1 for none")]
    price: Annotated[Int64s, Column(np.int64, (), "micro-credits asked at the coming tick")]
    best: Annotated[Int64s, Column(np.int64, (), "micro-credits: the best bid, or the price last accepted")]
    leader: Annotated[Int64s, Column(np.int64, (), "who holds the best bid, -1 for nobody")]
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits: limit at the last tick, -1 for never")]
    standing: Annotated[Int64s, Column(np.int64, ("agents",), "1 while in the auction")]
    award: Award


class Params(NamedTuple):
    """The constants of a scenario, as the compiled kernels take them."""

    rule: object  # the mechanism's own parameters
    max_cycles: int
    truncates: bool  # the clock's last tick is a truncation, not a termination
    opening: int  # micro-credits at which the clock starts
    closes: int  # ticks after which the sale ends, as planned
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's value comes from
    quantiles: DrawTables  # micro-credits, one a prior
    highest_value: float  # micro-credits
    value_scale: float  # 1 / highest_value
    bids_are_amounts: bool
    half_largest_bid: float  # the limit of action 0 over the own or the highest value
    frictions: None  # of a sealed-bid market: a clock has none


def action_names(scenario: ClockScenario) -> tuple[str, ...]:
    """What each action component means."""
    return ("limit",)


def params(scenario: ClockScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    row = scenario.row()
    closes = scenario.max_cycles if row.closing is None else row.closing(scenario.mechanism)
    return Params(
        rule=row.params(scenario.mechanism),
        opening=int(to_money(row.opening(scenario.mechanism, scenario.highest_value))),
        closes=min(scenario.max_cycles, closes),
        **of_rounds(scenario, scenario.priors()),
        highest_value=float(to_money(scenario.highest_value)),
        value_scale=1.0 / float(to_money(scenario.highest_value)),
        half_largest_bid=1.0,
        frictions=None,
        bids_are_amounts=scenario.bids == "amount",
    )


def is_over(state: State) -> NDArray[np.bool_]:
    """Which sales have ended, sold or not, shape (markets,)."""
    return (state.sold_at >= 0) | (state.tick >= state.closes)
