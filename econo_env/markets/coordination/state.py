"""What a coordination market holds: its state and its constants, as compiled code takes them."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.economy.contracts import ValueSchedule
from econo_env.engine.state import Bools, Column, Episode, Float64s, Int64s, Key, Tick
from econo_env.mechanisms.combinatorial.room import Room
from econo_env.mechanisms.combinatorial.small import Game
from econo_env.valuations.drawing import DrawTables


class State(NamedTuple):
    """A batch of coordination markets; the first axis of every array is the market."""

    key: Key
    episode: Episode
    tick: Tick
    active: Annotated[Bools, Column(np.bool_, ("agents",), "not banned")]
    leaving: Annotated[Bools, Column(np.bool_, ("agents",), "banned with the last tick")]
    reliability: Annotated[Float64s, Column(np.float64, ("agents",), "chance of success at full effort")]
    cost: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits of one task at full effort, this request")]
    cost_scale: Annotated[Float64s, Column(np.float64, (), "over the highest cost of this request, micro-credits")]
    task_value: Annotated[Int64s, Column(np.int64, (), "micro-credits, V(satisfactory) of a task, 0 for no request")]
    openness: Annotated[Float64s, Column(np.float64, (), "luck of this request that decides to whom it is open")]
    liability: Annotated[Int64s, Column(np.int64, (), "micro-credits, the most that one task can cost")]
    foreseen: Annotated[Int64s, Column(np.int64, (), "micro-credits, the most that any bid can cost, 0 for unknown")]
    demand: Annotated[Int64s, Column(np.int64, (), "requests that wait, the one on offer among them")]
    offered: Annotated[Bools, Column(np.bool_, (), "a request is on offer")]
    over: Annotated[Bools, Column(np.bool_, (), "the request was over with the last tick")]
    held: Annotated[Bools, Column(np.bool_, (), "nothing is decided in this tick, the request waits")]
    sale_tick: Annotated[Int64s, Column(np.int64, (), "ticks that the request on offer has gone through")]
    left: Annotated[Int64s, Column(np.int64, (), "tasks of the request that nobody holds yet")]
    market_price: Annotated[Float64s, Column(np.float64, (), "micro-credits, follows what holders owe for a task")]
    reserve: Annotated[Int64s, Column(np.int64, (), "micro-credits that the holder of a task owes at least")]
    price: Annotated[Int64s, Column(np.int64, (), "micro-credits that a clock asks at the coming tick")]
    best: Annotated[Int64s, Column(np.int64, (), "micro-credits that a clock asked and somebody accepted last")]
    standing: Annotated[Int64s, Column(np.int64, ("agents",), "1 while in the auction of the request")]
    bound: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, the most that earlier ticks bind it to")]
    entered: Annotated[Bools, Column(np.bool_, ("agents",), "could bid when the request came on offer")]
    weights: Annotated[Int64s, Column(np.int64, ("agents",), "thousandths, what a bid weighs in the ranking")]
    bids: Annotated[Int64s, Column(np.int64, ("bids",), "micro-credits, agent by agent for 1, 2, ... tasks, -1 none")]
    worths: Annotated[Float64s, Column(np.float64, ("bids",), "micro-credits, true expected surplus of the same")]
    owes: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits owed for the tasks won in the last tick")]
    award: Award
    surplus: Annotated[Float64s, Column(np.float64, (), "micro-credits, expected surplus of the request's contracts")]
    best_surplus: Annotated[Float64s, Column(np.float64, (), "micro-credits, best among true types that might bid")]
    first_best: Annotated[Float64s, Column(np.float64, (), "micro-credits, best among active true types")]
    split: Annotated[Float64s, Column(np.float64, ("tasks",), "scratch: best surplus of so many tasks")]
    limits: Annotated[Int64s, Column(np.int64, ("agents",), "scratch: bids of those who hold nothing of the request")]
    packages: Annotated[Int64s, Column(np.int64, ("offers",), "scratch: bids for sets of tasks, micro-credits")]
    won: Annotated[Int64s, Column(np.int64, ("winners",), "scratch: number of the winning bid for a set, -1 for none")]
    room: Room


class AuctionParams(NamedTuple):
    """What the auctions are played by, micro-credits."""

    reserve: int
    increment: int
    supply: int  # tasks of a request
    payment: int  # of weighted bids, see `weighted_price.Payment`
    core: int  # of a combinatorial auction, see `combinatorial.rule.Payment`


class Bundles(NamedTuple):
    """Sets of tasks for a combinatorial auction; for any other there are none."""

    sizes: Int64s  # (sets,) tasks of each set
    bundles: Game


class Params(NamedTuple):
    """The constants of a scenario, as the compiled kernels take them."""

    rule: AuctionParams
    game: Bundles
    schedule: ValueSchedule
    detection: float
    stake_cap: float  # multiples of the task's value, infinite for full liability
    max_cycles: int
    truncates: bool
    task_values: DrawTables  # micro-credits
    cost_shares: DrawTables  # millionths of the task's value
    reliabilities: DrawTables
    highest_task: float  # micro-credits
    highest_pay: float  # micro-credits
    highest_cost_share: float
    sizes: int  # the most tasks that one agent takes
    reports: bool  # agents report types, not bids
    bids_are_amounts: bool
    clock: bool
    rises: bool  # a clock that rises binds those who stay to what they accepted
    effort_at: int  # place of the first effort in an action; the forgery is last
    forgery_at: int
    synergy: float
    naive_bonus: float  # share of the own bid by which what is owed falls
    naive_stake: bool
    waiting: int
    arrivals: float
    most_waiting: int
    price_start: float  # micro-credits
    price_weight: float
    reserve_share: float
