"""What a market with an order book holds: its state, its constants, and the meaning of observations and actions."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Column, Episode, Int64s, Key, Tick
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.markets.private_value import of_rounds
from econo_env.mechanisms.continuous_double_auction import Book, Int32s
from econo_env.money import to_money
from econo_env.valuations.drawing import DrawTables


class State(NamedTuple):
    """A batch of markets with order books; the first axis of every array is the market; buyers come before sellers."""

    key: Key
    episode: Episode
    tick: Tick
    values: Annotated[Int64s, Column(np.int64, ("agents", "units"), "micro-credits, values or costs, in trading order")]
    traded: Annotated[Int64s, Column(np.int64, ("agents",), "units traded today")]
    orders: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, limit of the last tick's order, -1 none")]
    placed: Annotated[Int32s, Column(np.int32, ("agents",), "ticks, new limit, 0 to take back, -1 for none given")]
    award: Award
    gains: Annotated[Int64s, Column(np.int64, (), "micro-credits, gains from trade of this day")]
    last_price: Annotated[Int64s, Column(np.int64, (), "micro-credits of the day's last trade, 0 for none")]
    turn: Annotated[Int64s, Column(np.int64, ("agents",), "who acts when in this tick")]
    first: Annotated[Int32s, Column(np.int32, ("levels",), "trader number, see the mechanism's Book")]
    last: Annotated[Int32s, Column(np.int32, ("levels",), "trader number")]
    ahead: Annotated[Int32s, Column(np.int32, ("agents",), "trader number")]
    behind: Annotated[Int32s, Column(np.int32, ("agents",), "trader number")]
    level: Annotated[Int32s, Column(np.int32, ("agents",), "ticks, 0 for no order")]
    best: Annotated[Int32s, Column(np.int32, ("sides",), "ticks, highest bid and lowest ask, 0 for none")]
    depth: Annotated[Int32s, Column(np.int32, ("sides",), "resting bids and asks")]


class Params(NamedTuple):
    """The constants of a scenario, as the compiled kernels take them."""

    tick_size: int  # micro-credits
    top: int  # highest price level
    num_buyers: int
    units: int
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's values or costs come from
    quantiles: DrawTables  # micro-credits, one a prior
    highest_price: float  # micro-credits
    value_scale: float  # 1 / highest_price
    bids_are_amounts: bool


def axes(scenario: OrderBookScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    return {"units": scenario.units, "levels": scenario.num_levels + 1, "sides": 2}


@compiled
def book_of(k: int, state: State) -> Book:
    """The order book of market `k`."""
    return Book(
        state.first[k], state.last[k], state.ahead[k], state.behind[k], state.level[k], state.best[k], state.depth[k]
    )


def action_names(scenario: OrderBookScenario) -> tuple[str, ...]:
    """What each action component means."""
    return ("limit",)


def params(scenario: OrderBookScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    highest = float(to_money(scenario.highest_value))
    return Params(
        tick_size=int(to_money(scenario.tick_size)),
        top=scenario.num_levels,
        num_buyers=scenario.num_buyers,
        units=scenario.units,
        **of_rounds(scenario, scenario.priors()),
        highest_price=highest,
        value_scale=1.0 / highest,
        bids_are_amounts=scenario.bids == "amount",
    )
