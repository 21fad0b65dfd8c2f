"""The auctions of a coordination market: rules of the table of mechanisms, each played on the request of market `k`.

In every one an agent bids what it would owe for holding the contract, and the auction's payment is what it owes. So an
agent's value of a contract is its expected surplus, and a Vickrey auction of one task is the execution-contingent
second-score auction of the task market. Each rule here writes tasks won and what is owed for them, and whether the
request is over; a clock takes several ticks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.markets.coordination.state import Params, State
from econo_env.mechanisms import dutch, english, first_price, second_price
from econo_env.mechanisms.clock_rule import Clock
from econo_env.mechanisms.combinatorial import rule as combinatorial
from econo_env.mechanisms.combinatorial.room import scratch_at
from econo_env.mechanisms.ranking import NOBODY

AuctionType = Literal["english", "dutch", "sealed_bid", "vickrey", "combinatorial", "scoring"]

NO_BID = -1
_NO_END = 2**62


@compiled
def lottery_at(k: int, state: State) -> Lottery:
    """What breaks ties in this tick."""
    return Lottery(state.key[k], state.episode[k], state.tick[k])


@compiled
def take(k: int, i: int, tasks: int, owes: int, state: State) -> None:
    """Agent i wins so many tasks, owes so much for them, and bids for no more of the request."""
    state.award.units[k, i] = tasks
    state.owes[k, i] = owes
    state.standing[k, i] = 0
    state.left[k] -= tasks


@compiled
def sell_first_price(k: int, state: State, params: Params) -> None:
    """The highest weighted bids win a task each and owe themselves."""
    rule = first_price.FirstPrice(state.reserve[k], params.rule.supply)
    first_price.clear(state.bids[k], state.weights[k], lottery_at(k, state), rule, state.award.units[k], state.owes[k])
    state.over[k] = True


@compiled
def sell_second_price(k: int, state: State, params: Params) -> None:
    """The highest weighted bids win a task each and owe the best losing one, or the reserve."""
    rule = second_price.SecondPrice(state.reserve[k], params.rule.supply, params.rule.payment)  # type: ignore[arg-type]
    second_price.clear(state.bids[k], state.weights[k], lottery_at(k, state), rule, state.award.units[k], state.owes[k])
    state.over[k] = True


@compiled
def sell_bundles(k: int, state: State, params: Params) -> None:
    """Tasks go to the bids for one, two, ... tasks that together offer most over the reserve of each."""
    sizes, bundles = params.game.sizes, params.game.bundles
    agents, each, reserve = state.owes.shape[1], len(sizes), state.reserve[k]
    for i in range(agents):
        for b in range(each):
            over = state.bids[k, i * params.sizes + sizes[b] - 1] - sizes[b] * reserve
            asked = state.bids[k, i * params.sizes + sizes[b] - 1]
            state.packages[k, i * each + b] = over if asked >= 0 and over >= 0 else NO_BID
    rule = combinatorial.Combinatorial(params.rule.core)  # type: ignore[arg-type]  # the number of the choice
    scratch, lottery = scratch_at(k, state.room), lottery_at(k, state)
    combinatorial.clear(bundles, state.packages[k], lottery, rule, state.won[k], state.owes[k], scratch)
    for i in range(agents):
        if state.won[k, i] >= 0:
            tasks = sizes[state.won[k, i] - i * each]
            state.award.units[k, i] = tasks
            state.owes[k, i] += tasks * reserve
    state.over[k] = True


@compiled
def raise_price(k: int, state: State, params: Params) -> None:
    """A tick of the English clock, which stops where no more agents are left than tasks."""
    clock = Clock(state.sale_tick[k], _NO_END, _NO_END, state.price[k], state.best[k], NOBODY, False)
    rule = english.English(state.reserve[k], params.rule.increment)
    supply = params.rule.supply
    moved = english.rise(state.bids[k], state.standing[k], lottery_at(k, state), rule, clock, supply)
    state.price[k], state.best[k] = moved.price, moved.best
    state.over[k] = moved.sold or moved.closes <= state.sale_tick[k] + 1
    if not moved.sold:
        return
    for i in range(state.owes.shape[1]):
        if i == moved.leader if supply == 1 else state.standing[k, i] != 0:
            take(k, i, 1, moved.best, state)


@compiled
def lower_price(k: int, state: State, params: Params) -> None:
    """A tick of the Dutch clock: whoever takes the price has a task at it, and the clock goes on for those left."""
    rule = dutch.Dutch(state.reserve[k], params.rule.increment, 0)
    for i in range(state.limits.shape[1]):
        state.limits[k, i] = state.bids[k, i]
    sold = True
    while sold and state.left[k] > 0:
        clock = Clock(state.sale_tick[k], _NO_END, _NO_END, state.price[k], state.best[k], NOBODY, False)
        moved = dutch.tick(state.limits[k], state.standing[k], lottery_at(k, state), rule, clock)
        sold = moved.sold
        if sold:
            state.best[k] = moved.best
            take(k, moved.leader, 1, moved.best, state)
            state.limits[k, moved.leader] = np.int64(NO_BID)
        else:
            state.price[k] = moved.price
            state.over[k] = moved.closes <= state.sale_tick[k] + 1
    if state.left[k] == 0:
        state.over[k] = True


@dataclass(frozen=True)
class AuctionRow:
    """An auction type.

    Attributes:
        mechanism: The rule of the table that it is.
        market: The kind of market in whose table that rule stands.
        rule: Compiled, `(k, state, params)`.
        takes: Of the rule's parameters what gives them, see `scenario`.
        clock: Whether it goes over several ticks.
        sealed: Whether bids are ranked by weight, and naive forms of incentives make sense.
        rises: Whether a clock goes up.
        bundles: Whether agents bid for several tasks at once.
        reports: Whether agents report their types and not a bid.
        truthful: Whether truth is best in each request, on a clock within an increment.
    """

    mechanism: str
    market: str
    rule: Rule
    takes: Mapping[str, str]
    clock: bool = False
    sealed: bool = False
    rises: bool = False
    bundles: bool = False
    reports: bool = False
    truthful: bool = False


AUCTION_TYPES: Mapping[str, AuctionRow] = {
    "english": AuctionRow(
        "english",
        "clock",
        raise_price,
        {"reserve": "reserve", "increment": "increment"},
        clock=True,
        rises=True,
        truthful=True,
    ),
    "dutch": AuctionRow("dutch", "clock", lower_price, {"reserve": "reserve", "increment": "increment"}, clock=True),
    "sealed_bid": AuctionRow(
        "first_price", "sealed_bid", sell_first_price, {"reserve": "reserve", "units": "units"}, sealed=True
    ),
    "vickrey": AuctionRow(
        "second_price",
        "sealed_bid",
        sell_second_price,
        {"reserve": "reserve", "units": "units", "payment": "payment"},
        sealed=True,
        truthful=True,
    ),
    "combinatorial": AuctionRow(
        "combinatorial", "combinatorial", sell_bundles, {"payment": "core"}, bundles=True, truthful=True
    ),
    "scoring": AuctionRow(
        "contingent_second_score",
        "task_market",
        sell_second_price,
        {"reserve": "reserve"},
        sealed=True,
        reports=True,
        truthful=True,
    ),
}
"""The auction types by the names of the design from which they come."""
