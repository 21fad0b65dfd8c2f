"""What a task market holds: its state, its constants, and the meaning of observations and actions."""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.economy.contracts import ValueSchedule, value_schedule
from econo_env.economy.ledger import num_accounts
from econo_env.economy.reputation import CONFIDENCE
from econo_env.engine.state import Bools, Column, Float64s, Int64s, UInt64s
from econo_env.markets.task_market.scenario import TaskMarketScenario
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import MICRO, to_money
from econo_env.valuations.drawing import DrawTables, draw_tables


class State(NamedTuple):
    """A batch of task markets; the first axis of every array is the market."""

    key: Annotated[UInt64s, Column(np.uint64, (), "random key of the market")]
    episode: Annotated[Int64s, Column(np.int64, (), "episodes since the seed")]
    tick: Annotated[Int64s, Column(np.int64, (), "tasks offered in this episode")]
    active: Annotated[Bools, Column(np.bool_, ("agents",), "neither banned nor bankrupt")]
    reliability: Annotated[Float64s, Column(np.float64, ("agents",), "chance of success at full effort")]
    cost: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits at full effort, this task")]
    task_value: Annotated[Int64s, Column(np.int64, (), "micro-credits, V(satisfactory) of this task")]
    threshold: Annotated[Float64s, Column(np.float64, (), "reputation bound this task asks for")]
    eligible: Annotated[Bools, Column(np.bool_, ("agents",), "may bid for this task")]
    effort: Annotated[Float64s, Column(np.float64, (), "of the last winner, 0 to 1")]
    forges: Annotated[Bools, Column(np.bool_, (), "the last winner submits a forged proof")]
    scores: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, negative for none")]
    second_scores: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, S2 at the winner")]
    winner: Annotated[Int64s, Column(np.int64, (), "agent, -1 for none")]
    rewarded: Annotated[Int64s, Column(np.int64, (), "agent whose reward stands in the buffers, -1 for none")]
    quality: Annotated[Float64s, Column(np.float64, (), "of the last work, 0 to 1")]
    forgery_proven: Annotated[Bools, Column(np.bool_, (), "self-verifying evidence came out")]
    grades: Annotated[Int64s, Column(np.int64, ("agents",), "grade of the last task, 0 for none")]
    award: Award
    transfers: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits received for the last task")]
    worth: Annotated[Int64s, Column(np.int64, (), "micro-credits, what the last work was worth to the principal")]
    effort_cost: Annotated[Float64s, Column(np.float64, (), "micro-credits the last winner's work cost it")]
    expected_reward: Annotated[Float64s, Column(np.float64, (), "micro-credits, the last winner's, over luck")]
    surplus: Annotated[Float64s, Column(np.float64, (), "micro-credits, expected surplus of the allocation")]
    best_surplus: Annotated[Float64s, Column(np.float64, (), "micro-credits, best among eligible true types")]
    first_best: Annotated[Float64s, Column(np.float64, (), "micro-credits, best among active true types")]
    positive: Annotated[Float64s, Column(np.float64, ("agents",), "reputation evidence r")]
    negative: Annotated[Float64s, Column(np.float64, ("agents",), "reputation evidence s")]
    bound: Annotated[Float64s, Column(np.float64, ("agents",), "5 % quantile of Beta(r + 1, s + 1)")]
    balances: Annotated[Int64s, Column(np.int64, ("accounts",), "micro-credits, see economy.ledger")]
    minted: Annotated[Int64s, Column(np.int64, (), "micro-credits, sum of all balances")]
    refused: Annotated[Int64s, Column(np.int64, (), "transfers refused: 0 unless a rule is wrong")]


class Params(NamedTuple):
    """The constants of a scenario, as the compiled phases take them."""

    rule: Any  # the mechanism's own parameters
    schedule: ValueSchedule
    max_cycles: int
    truncates: bool
    task_values: DrawTables  # micro-credits
    cost_shares: DrawTables  # millionths of the task's value
    reliabilities: DrawTables
    open_share: float
    reputation_threshold: float
    forgetting: float
    epoch: int
    reference_value: float  # micro-credits
    detection: float
    stake_cap: float  # multiples of the task's value, infinite for full liability
    weights: Int64s  # (agents,) thousandths, all 1: scores are compared as they are
    stake: int  # micro-credits at the start
    principal_fund: int  # micro-credits
    newcomer_bound: float  # lower bound without evidence: the quantile of U[0, 1]
    highest_task: float  # micro-credits
    highest_cost_share: float


OBSERVATIONS = (
    "cost",
    "reliability",
    "task_value",
    "ticks_left",
    "free_stake",
    "reputation",
    "reputation_bound",
    "eligible",
    "open_task",
    "rivals",
    "won",
    "grade",
    "second_score",
)
"""What each feature of an observation means; all lie in [0, 1], all are 0 for a banned agent.

`cost`: own cost of this task at full effort as a share of its value, over the highest share. `reliability`: own chance
of success. `task_value`: over the highest. `ticks_left`: share of the episode to come. `free_stake`: s / (s + initial
stake). `reputation`, `reputation_bound`: mean and lower bound. `eligible`: may bid for this task. `open_task`: it asks
for no reputation. `rivals`: share of the others that may bid. `won`, `grade` (over 4), `second_score` (S2 over the
highest pay): the own result of the last task.
"""

ACTIONS = ("cost_report", "reliability_report", "effort", "forgery")
"""What each component of an action in [-1, 1] means.

`cost_report` a: reports (1 + a) times the own cost, 0 is the truth. `reliability_report` a: reports p + a (1 - p) above
and p (1 + a) below 0, 0 is the truth. `effort` a: works with effort (1 + a) / 2. `forgery` a: above 0.5 the agent does
no work if it wins, and submits a forged proof.
"""


def axes(scenario: TaskMarketScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    return {
        "accounts": num_accounts(scenario.num_agents),
    }


def action_names(scenario: TaskMarketScenario) -> tuple[str, ...]:
    """What each component of an action means, see `ACTIONS`."""
    return ACTIONS


def schedule_of(scenario: TaskMarketScenario) -> ValueSchedule:
    """V(grade) in multiples of the task's value."""
    contract = scenario.contract
    return value_schedule(
        contract.excellent,
        contract.poor,
        contract.byzantine,
        contract.excellent_quality,
        contract.satisfactory_quality,
    )


def params(scenario: TaskMarketScenario) -> Params:
    """The scenario's constants for the compiled phases."""
    contract, reputation = scenario.contract, scenario.reputation
    row = mechanism(scenario.mechanism.name)
    return Params(
        rule=row.params(scenario.mechanism),
        schedule=schedule_of(scenario),
        max_cycles=scenario.max_cycles,
        truncates=scenario.end_of_episode == "truncation",
        task_values=draw_tables([scenario.tasks.value.quantile_table()], float(MICRO)),
        cost_shares=draw_tables([scenario.agents.cost.quantile_table()], float(MICRO)),
        reliabilities=draw_tables([scenario.agents.reliability.quantile_table()], 1.0),
        open_share=scenario.tasks.open_share,
        reputation_threshold=reputation.threshold,
        forgetting=reputation.forgetting,
        epoch=reputation.epoch,
        reference_value=reputation.reference_value * MICRO,
        detection=contract.detection,
        stake_cap=math.inf if contract.stake_cap is None else contract.stake_cap,
        weights=np.full(scenario.num_agents, WEIGHT_UNIT, dtype=np.int64),
        stake=int(to_money(scenario.agents.stake)),
        principal_fund=int(to_money(scenario.principal_fund)),
        newcomer_bound=CONFIDENCE,
        highest_task=scenario.tasks.value.highest * MICRO,
        highest_cost_share=scenario.agents.cost.highest,
    )
