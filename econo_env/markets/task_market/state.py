"""What a task market holds: its state, its constants, and the meaning of actions."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.economy.contracts import ValueSchedule
from econo_env.engine.state import Bools, Column, Episode, Float64s, Int64s, Key, Tick
from econo_env.markets.task_market.scenario import TaskMarketScenario
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import MICRO
from econo_env.valuations.drawing import DrawTables, draw_tables


class State(NamedTuple):
    """A batch of task markets; the first axis of every array is the market."""

    key: Key
    episode: Episode
    tick: Tick
    active: Annotated[Bools, Column(np.bool_, ("agents",), "not banned")]
    reliability: Annotated[Float64s, Column(np.float64, ("agents",), "chance of success at full effort")]
    cost: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits at full effort, this task")]
    cost_scale: Annotated[Float64s, Column(np.float64, (), "over the highest cost of this task, micro-credits")]
    task_value: Annotated[Int64s, Column(np.int64, (), "micro-credits, V(satisfactory) of this task")]
    openness: Annotated[Float64s, Column(np.float64, (), "luck of this task that decides to whom it is open, 0 to 1")]
    liability: Annotated[Int64s, Column(np.int64, (), "micro-credits, the most that a bid for this task can cost")]
    scores: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, negative for none")]
    second_scores: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, S2 at the winner")]
    winner: Annotated[Int64s, Column(np.int64, (), "agent, -1 for none")]
    leaving: Annotated[Bools, Column(np.bool_, ("agents",), "banned in this tick")]
    departs: Annotated[Bools, Column(np.bool_, (), "somebody is banned in this tick")]
    flagged: Annotated[Bools, Column(np.bool_, (), "flags of the last tick end the episode for somebody")]
    award: Award
    surplus: Annotated[Float64s, Column(np.float64, (), "micro-credits, expected surplus of the allocation")]
    best_surplus: Annotated[Float64s, Column(np.float64, (), "micro-credits, best among true types that may bid")]
    first_best: Annotated[Float64s, Column(np.float64, (), "micro-credits, best among active true types")]


class Params(NamedTuple):
    """The constants of a scenario, as the compiled kernels take them."""

    rule: object  # the mechanism's own parameters
    schedule: ValueSchedule
    detection: float
    stake_cap: float  # multiples of the task's value, infinite for full liability
    max_cycles: int
    truncates: bool
    task_values: DrawTables  # micro-credits
    cost_shares: DrawTables  # millionths of the task's value
    reliabilities: DrawTables
    weights: Int64s  # (agents,) thousandths, all 1: scores are compared as they are
    highest_task: float  # micro-credits
    highest_pay: float  # micro-credits
    highest_cost_share: float


ACTIONS = {
    "cost_report": "reports (1 + a) times the own cost; 0 is the truth",
    "reliability_report": "reports p + a (1 - p) above 0 and p (1 + a) below; 0 is the truth",
    "effort": "works with effort (1 + a) / 2",
    "forgery": "above 0.5, does no work if it wins and submits a forged proof",
}
"""What each component of an action in [-1, 1] means."""


def params(scenario: TaskMarketScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    contracts, highest_task = scenario.contracts, scenario.tasks.value.highest * MICRO
    row = scenario.row()
    return Params(
        rule=row.params(scenario.mechanism),
        schedule=contracts.schedule,
        detection=contracts.detected,
        stake_cap=contracts.cap,
        max_cycles=scenario.max_cycles,
        truncates=scenario.end_of_episode == "truncation",
        task_values=draw_tables([scenario.tasks.value.quantile_table()], float(MICRO)),
        cost_shares=draw_tables([scenario.agents.cost.quantile_table()], float(MICRO)),
        reliabilities=draw_tables([scenario.agents.reliability.quantile_table()], 1.0),
        weights=np.full(scenario.num_agents, WEIGHT_UNIT, dtype=np.int64),
        highest_task=highest_task,
        highest_pay=contracts.excellent * highest_task,
        highest_cost_share=scenario.agents.cost.highest,
    )
