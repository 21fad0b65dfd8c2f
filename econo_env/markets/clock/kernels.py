"""What a clock auction holds, and one tick of it, stage by stage, for market `k` of a batch.

Limits are read and values drawn as in a sealed-bid market, so the same seed gives the same values in both. A sale that
is over stays as it is until its market is reset.
"""

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.award import Award, forget_award
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Bools, Column, Episode, Int64s, Key, StepBuffers, Tick
from econo_env.markets.clock.scenario import ClockScenario
from econo_env.markets.private_value import of_rounds
from econo_env.markets.rounds import begin, draw_private_values, flags
from econo_env.markets.sealed_bid.state import NO_BID
from econo_env.mechanisms.clock_rule import Clock
from econo_env.mechanisms.ranking import NOBODY
from econo_env.money import CREDIT, to_money
from econo_env.valuations.drawing import DrawTables


class State(NamedTuple):
    """A batch of clock auctions; the first axis of every array is the market."""

    key: Key
    episode: Episode
    tick: Tick
    began: Annotated[Int64s, Column(np.int64, (), "tick that the clock counts from: that of the start, later by halts")]
    held: Annotated[Bools, Column(np.bool_, (), "the clock stands still in this tick")]
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
    falls: bool  # a clock that falls until somebody takes the price
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
        falls=row.falling,
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


@compiled
def _over_before(k: int, state: State) -> bool:
    """Whether the sale had ended before this tick."""
    return bool(0 <= state.sold_at[k] < state.tick[k] or state.tick[k] >= state.closes[k])


@compiled
def expose(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The most that this tick can cost: the price asked for those who accept it, else what was accepted last.

    Where everybody left leaves at once, a lot decides who has the item at the price before.
    """
    over = _over_before(k, state)
    for i in range(state.values.shape[1]):
        most = np.int64(0)
        if not over and state.standing[k, i] != 0:
            most = state.best[k]
            if state.bids[k, i] >= state.price[k]:
                most = max(most, state.price[k])
        state.award.exposure[k, i] = most


@compiled
def withdraw(k: int, i: int, state: State) -> None:
    """Agent i accepts no price at this tick; what it accepted before still binds it."""
    state.bids[k, i] = NO_BID
    state.award.exposure[k, i] = min(state.award.exposure[k, i], state.best[k])


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Moves the clock by the mechanism's rule, unless it is held; a sale fixes who pays what, and is handed on once."""
    if _over_before(k, state):
        forget_award(k, state.award)
        return
    if state.held[k]:
        return
    tick, began = state.tick[k], state.began[k]
    closes, horizon = state.closes[k] - began, params.max_cycles - began
    clock = Clock(tick - began, horizon, closes, state.price[k], state.best[k], state.leader[k], False)
    lottery = Lottery(state.key[k], state.episode[k], tick)
    moved = rule(state.bids[k], state.standing[k], lottery, params.rule, clock)
    state.closes[k] = moved.closes + began
    state.price[k] = moved.price
    state.best[k] = moved.best
    state.leader[k] = moved.leader
    if moved.sold:
        state.sold_at[k] = tick
        state.award.units[k, moved.leader] = 1
        state.award.pays[k, moved.leader] = moved.best


@compiled
def hold(k: int, state: State) -> None:
    """The clock stands still in this tick, and what was planned for later comes a tick later, while there are ticks."""
    state.held[k] = not _over_before(k, state)


@compiled
def revoke(k: int, state: State, params: Params) -> None:
    """Nobody has bought, and the sale starts over with the next tick: everybody is in, the clock where it starts."""
    forget_sale(k, state, params)
    state.began[k] = state.tick[k] + 1
    state.closes[k] = min(params.max_cycles, state.began[k] + params.closes)
    for i in range(state.values.shape[1]):
        state.award.units[k, i] = 0
        state.award.pays[k, i] = 0


@compiled
def asked(k: int, state: State) -> int:
    """What the buyer of this tick would pay."""
    return int(state.best[k])


@compiled
def decided(k: int, state: State) -> bool:
    """The sale has ended with this tick, sold or not."""
    return bool(state.sold_at[k] == state.tick[k] or state.tick[k] + 1 == state.closes[k])


@compiled
def indicated(k: int, state: State, params: Params) -> int:
    """What a falling clock asks next, so what the item is worth at most to anybody; nothing of one that rises."""
    return int(state.price[k]) if params.falls else 0


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Pays the buyer value minus price, in credits, at the tick of the sale; nobody earns anything else."""
    for i in range(state.values.shape[1]):
        buffers.rewards[k, i] = 0.0
    if state.sold_at[k] == state.tick[k]:
        buyer = state.leader[k]
        state.award.worth[k, buyer] = state.values[k, buyer]
        buffers.rewards[k, buyer] = (state.values[k, buyer] - state.award.pays[k, buyer]) * CREDIT


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Counts the tick and says who may act at the next one: who is out may only watch."""
    if state.held[k]:
        state.began[k] += 1
        state.closes[k] = min(state.closes[k] + 1, params.max_cycles)
        state.held[k] = False
    if not _over_before(k, state):
        state.tick[k] += 1
    for i in range(state.standing.shape[1]):
        buffers.action_mask[k, i] = state.standing[k, i] != 0


@compiled
def finish(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Ends the episode for everybody at once when the item is sold or the clock stops."""
    buffers.ended[k] = _over_before(k, state)
    flags(k, buffers.ended[k], params, buffers)


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next sale: new values, everybody in, the clock at its opening price."""
    begin(k, state, buffers)
    state.began[k] = 0
    state.held[k] = False
    state.closes[k] = params.closes
    forget_sale(k, state, params)
    for i in range(state.values.shape[1]):
        state.bids[k, i] = np.int64(NO_BID)
    draw_private_values(k, state, params)


@compiled
def forget_sale(k: int, state: State, params: Params) -> None:
    """Nothing is sold or bid yet, everybody is in, the clock at its opening price."""
    state.sold_at[k] = -1
    state.price[k] = params.opening
    state.best[k] = 0
    state.leader[k] = NOBODY
    for i in range(state.standing.shape[1]):
        state.standing[k, i] = 1
