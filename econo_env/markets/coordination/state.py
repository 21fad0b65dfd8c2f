"""What a coordination market holds: its state, its constants, and the meaning of actions."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.economy.contracts import ValueSchedule
from econo_env.engine.state import Bools, Column, Float64s, Int64s, UInt64s
from econo_env.markets.coordination.scenario import CoordinationScenario
from econo_env.mechanisms.combinatorial.batch import game_of
from econo_env.mechanisms.combinatorial.room import Room, room_axes
from econo_env.mechanisms.combinatorial.small import Game
from econo_env.mechanisms.weighted_price import Payment
from econo_env.money import MICRO, to_money
from econo_env.valuations.drawing import DrawTables, draw_tables
from econo_env.valuations.xor_bids import XorBids, xor_bids


class State(NamedTuple):
    """A batch of coordination markets; the first axis of every array is the market."""

    key: Annotated[UInt64s, Column(np.uint64, (), "random key of the market")]
    episode: Annotated[Int64s, Column(np.int64, (), "episodes since the seed")]
    tick: Annotated[Int64s, Column(np.int64, (), "ticks played in this episode")]
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


def _packages(scenario: CoordinationScenario) -> tuple[XorBids, Int64s]:
    """A bid of each agent for every set of the tasks, and the tasks in each set."""
    tasks = scenario.available_supply if scenario.sells_bundles else 0
    sets = [[task for task in range(tasks) if number >> task & 1] for number in range(1, 1 << tasks)]
    wanted = [(agent, bundle, 0) for agent in range(scenario.num_agents) for bundle in sets]
    return xor_bids(wanted, tasks, scenario.num_agents), np.array([len(bundle) for bundle in sets], dtype=np.int64)


def axes(scenario: CoordinationScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    offers, _ = _packages(scenario)
    clears = offers.num_items > 0
    own = {
        "bids": scenario.num_agents * scenario.sizes,
        "tasks": scenario.available_supply + 1,
        "winners": scenario.num_agents if clears else 0,
    }
    room = room_axes(scenario.num_agents, len(offers.owner), offers.num_items)
    return own | (room if clears else dict.fromkeys(room, 0))


def numbered(word: str, count: int) -> tuple[str, ...]:
    """`word_1`, `word_2`, ..., or the word itself where there is only one."""
    return (word,) if count == 1 else tuple(f"{word}_{number}" for number in range(1, count + 1))


def action_names(scenario: CoordinationScenario) -> tuple[str, ...]:
    """What each component of an action in [-1, 1] means: bids or reports, efforts, forgery."""
    reports = ("cost_report", "reliability_report")
    asked = reports if scenario.auction_row.reports else numbered("bid", scenario.sizes)
    return (*asked, *numbered("effort", scenario.sizes), "forgery")


def params(scenario: CoordinationScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    contracts, incentives, auction = scenario.contracts, scenario.economic_incentives, scenario.auction
    offers, set_sizes = _packages(scenario)
    naive, reports = incentives.naive, scenario.auction_row.reports
    effort_at = 2 if reports else scenario.sizes
    highest_task = scenario.tasks.value.highest * MICRO
    weighted = Payment.naive if "reputation_weight" in naive else Payment.critical
    bonus = incentives.performance_bonus_multiplier - 1.0 if "performance_bonus" in naive else 0.0
    return Params(
        rule=AuctionParams(
            reserve=int(to_money(auction.reserve)),
            increment=int(to_money(auction.increment)),
            supply=scenario.available_supply,
            payment=int(weighted),
            core=int(auction.payment),
        ),
        game=Bundles(set_sizes, game_of(offers)),
        schedule=contracts.schedule,
        detection=contracts.detected,
        stake_cap=contracts.cap,
        max_cycles=scenario.max_cycles,
        truncates=scenario.end_of_episode == "truncation",
        task_values=draw_tables([scenario.tasks.value.quantile_table()], float(MICRO)),
        cost_shares=draw_tables([scenario.agents.cost.quantile_table()], float(MICRO)),
        reliabilities=draw_tables([scenario.agents.reliability.quantile_table()], 1.0),
        highest_task=highest_task,
        highest_pay=contracts.excellent * highest_task * scenario.sizes,
        highest_cost_share=scenario.agents.cost.highest,
        sizes=scenario.sizes,
        reports=reports,
        bids_are_amounts=scenario.bids == "amount",
        clock=scenario.auction_row.clock,
        rises=scenario.auction_row.rises,
        effort_at=effort_at,
        forgery_at=effort_at + scenario.sizes,
        synergy=scenario.agents.synergy,
        naive_bonus=bonus,
        naive_stake="staking_requirement" in naive,
        waiting=scenario.current_demand.waiting,
        arrivals=scenario.current_demand.arrivals,
        most_waiting=scenario.current_demand.most,
        price_start=float(to_money(scenario.market_price.start)),
        price_weight=scenario.market_price.weight,
        reserve_share=scenario.market_price.reserve_share,
    )


def largest_contract(scenario: CoordinationScenario) -> float:
    """What V(satisfactory) of a request's tasks together is at most, credits."""
    return scenario.tasks.value.highest * scenario.available_supply
