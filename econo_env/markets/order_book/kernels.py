"""What a market with an order book holds, and one tick of it, stage by stage, for market `k` of a batch."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.economy.breakers.call_auction import call_price
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import LOTTERY, VALUES, uniform
from econo_env.engine.state import Column, Episode, Int64s, Key, StepBuffers, Tick
from econo_env.markets.double_auction.kernels import offered
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.markets.private_value import of_rounds
from econo_env.markets.rounds import begin
from econo_env.mechanisms.continuous_double_auction import ASK, BID, NO_ORDER, NOBODY, Book, Int32s, remove
from econo_env.money import CREDIT, to_money
from econo_env.valuations.drawing import DrawTables, draw_from_table


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


NOTHING = -1
AS_IT_IS = -1
"""A limit that leaves the resting order where it is."""


@compiled
def draw_values(k: int, state: State, params: Params) -> None:
    """Draws the day's values and costs: a buyer's from the highest down, a seller's from the lowest up."""
    for i in range(state.values.shape[1]):
        units, falling = state.values[k, i], i < params.num_buyers
        for unit in range(params.units):
            probability = uniform(state.key[k], state.episode[k], unit, VALUES, i)
            value = draw_from_table(params.quantiles, params.prior_of[i], probability)
            at = unit
            while at > 0 and (units[at - 1] < value if falling else units[at - 1] > value):
                units[at] = units[at - 1]
                at -= 1
            units[at] = value


@compiled
def _draw_turns(k: int, state: State) -> None:
    """Who acts when in this tick: every order of the agents is equally likely (Fisher and Yates)."""
    turn = state.turn[k]
    for i in range(turn.shape[0]):
        j = int(uniform(state.key[k], state.episode[k], state.tick[k], LOTTERY, i) * (i + 1))
        turn[i] = turn[j]
        turn[j] = i


@compiled
def limit_of(action: float, value: int, sells: bool, params: Params) -> int:
    """The price level of an action: the offer rounded to the tick that is better for the agent, in the range."""
    amount = offered(action, value, sells, params)
    if sells:
        return int(min(max(1, -(-amount // params.tick_size)), params.top))
    return int(min(amount // params.tick_size, params.top))


@compiled
def _settle_trade(k: int, i: int, side: int, price: int, state: State) -> None:
    """Agent `i` gets or gives its next unit for the price."""
    sign = 1 if side == BID else -1
    state.award.units[k, i] = sign
    state.award.pays[k, i] = sign * price
    state.gains[k] += sign * state.values[k, i, state.traded[k, i]]
    state.traded[k, i] += 1


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Draws the turns of the tick, and turns actions in [-1, 1] into limits; one outside, or NaN, is counted.

    What an action means does not depend on the turns: an agent whose next unit is another by then does not act.
    """
    _draw_turns(k, state)
    for i in range(state.traded.shape[1]):
        state.award.units[k, i] = 0
        state.award.pays[k, i] = 0
        state.orders[k, i] = (
            np.int64(state.level[k, i]) * params.tick_size if state.level[k, i] != NO_ORDER else NOTHING
        )
        state.placed[k, i] = np.int32(AS_IT_IS)
        if not buffers.action_mask[k, i]:
            continue
        action = float(buffers.actions[k, i, 0])
        if -1.0 <= action <= 1.0:
            value, sells = state.values[k, i, state.traded[k, i]], i >= params.num_buyers
            state.placed[k, i] = np.int32(limit_of(action, value, sells, params))
        else:
            buffers.invalid_actions[k] += 1


@compiled
def _expose_offer(k: int, i: int, state: State, params: Params) -> None:
    """The most that agent i's new limit or its resting order can cost; a seller pays nothing, but has to deliver."""
    if i < params.num_buyers:
        most = max(np.int64(state.placed[k, i]), np.int64(state.level[k, i]))
        state.award.exposure[k, i] = most * params.tick_size
    else:
        state.award.supplies[k, i] = state.level[k, i] != NO_ORDER or state.placed[k, i] > NO_ORDER


@compiled
def expose(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The most that this tick can cost: a buyer's limit or that of its resting order, which may be hit before its turn.

    Nobody trades more than one unit in a tick. A seller pays nothing.
    """
    for i in range(state.traded.shape[1]):
        _expose_offer(k, i, state, params)


@compiled
def withdraw(k: int, i: int, state: State) -> None:
    """Agent i's new limit is refused, and its resting order stays; called once more, that one is taken back too."""
    if state.placed[k, i] != AS_IT_IS:
        state.placed[k, i] = np.int32(AS_IT_IS)
    elif state.level[k, i] != NO_ORDER:
        bids = state.level[k, i] <= state.best[k, BID]  # a book is never crossed
        remove(book_of(k, state), i, BID if bids else ASK)
        state.orders[k, i] = np.int64(NOTHING)
    state.award.exposure[k, i] = min(state.award.exposure[k, i], max(state.orders[k, i], 0))
    state.award.supplies[k, i] = state.award.supplies[k, i] and state.level[k, i] != NO_ORDER


@compiled
def confine(k: int, i: int, low: int, high: int, state: State, params: Params) -> int:
    """Agent i's new limit is moved to the end of the band that it lies beyond, and what rests beyond it taken back."""
    buys, resting = i < params.num_buyers, state.level[k, i]
    end = min(high // params.tick_size, params.top) if buys else -(-low // params.tick_size)
    sign = 1 if buys else -1
    if resting != NO_ORDER and sign * (resting - end) > 0:
        remove(book_of(k, state), i, BID if buys else ASK)
        state.orders[k, i] = np.int64(NOTHING)
    beyond = state.placed[k, i] > NO_ORDER and sign * (state.placed[k, i] - end) > 0
    if beyond:
        state.placed[k, i] = np.int32(end if end <= params.top else NO_ORDER)
    _expose_offer(k, i, state, params)
    return sign if beyond else 0


@compiled
def call(k: int, reference: int, state: State, params: Params) -> int:
    """The price at which most units would trade if all new limits and resting orders met at once; 0 for none."""
    limits = state.orders[k]
    for i in range(limits.shape[0]):
        level = state.placed[k, i] if state.placed[k, i] != AS_IT_IS else state.level[k, i]
        limits[i] = np.int64(level) * params.tick_size
    price = call_price(limits, None, params.num_buyers, reference).price
    for i in range(limits.shape[0]):
        rests = state.level[k, i] != NO_ORDER
        limits[i] = np.int64(state.level[k, i]) * params.tick_size if rests else NOTHING
    return price


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Agents place their orders in turn, and the rule matches each at once.

    An agent whose resting order was filled earlier in the tick does not act any more: its action was about that unit.
    So nobody trades twice in a tick.
    """
    book = book_of(k, state)
    for place in range(state.turn.shape[1]):
        i = state.turn[k, place]
        level = int(state.placed[k, i])
        if level == AS_IT_IS or state.award.units[k, i] != 0:
            continue
        side = BID if i < params.num_buyers else ASK
        state.orders[k, i] = level * params.tick_size if level != NO_ORDER else NOTHING
        matched, at = rule(book, i, side, level)
        if matched != NOBODY:
            price = at * params.tick_size
            _settle_trade(k, i, side, price, state)
            _settle_trade(k, matched, 1 - side, price, state)
            state.last_price[k] = price


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Pays buyers value minus price and sellers price minus cost of the unit just traded, in credits."""
    for i in range(state.traded.shape[1]):
        worth = np.int64(0)
        if state.award.units[k, i] != 0:
            worth = state.award.units[k, i] * state.values[k, i, state.traded[k, i] - 1]
        state.award.worth[k, i] = worth
        buffers.rewards[k, i] = (worth - state.award.pays[k, i]) * CREDIT


@compiled
def quote(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The reference price: that of the tick's last trade."""
    state.award.price[k] = 0
    for i in range(state.traded.shape[1]):
        if state.award.units[k, i] != 0:
            state.award.price[k] = state.last_price[k]


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock; an agent with no unit left may only do nothing."""
    state.tick[k] += 1
    for i in range(state.traded.shape[1]):
        buffers.action_mask[k, i] = state.traded[k, i] < params.units


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next day: an empty book, new values and costs."""
    begin(k, state, buffers)
    state.gains[k] = 0
    state.last_price[k] = 0
    for side in range(2):
        state.best[k, side] = NO_ORDER
        state.depth[k, side] = 0
    for i in range(state.traded.shape[1]):
        resting = state.level[k, i]
        state.first[k, resting] = 0
        state.last[k, resting] = 0
        state.level[k, i] = NO_ORDER
        state.traded[k, i] = 0
        state.orders[k, i] = NOTHING
        state.placed[k, i] = np.int32(AS_IT_IS)
        state.turn[k, i] = 0
    draw_values(k, state, params)
