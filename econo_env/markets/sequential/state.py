"""What a sequential sale holds: its state, its constants, and the meaning of observations and actions."""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.state import Bools, Column, Int64s, UInt64s
from econo_env.markets.sequential.scenario import SequentialScenario
from econo_env.mechanisms.base import mechanism
from econo_env.money import MICRO, to_money
from econo_env.valuations.drawing import DrawTables, draw_tables


class State(NamedTuple):
    """A batch of sequential sales; the first axis of every array is the market."""

    key: Annotated[UInt64s, Column(np.uint64, (), "random key of the market")]
    episode: Annotated[Int64s, Column(np.int64, (), "episodes since the seed")]
    tick: Annotated[Int64s, Column(np.int64, (), "rounds played in this episode")]
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, for the whole episode")]
    active: Annotated[Bools, Column(np.bool_, ("agents",), "has not won yet")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, -1 for none")]
    award: Award


class Params(NamedTuple):
    """The constants of a scenario, as the compiled phases take them."""

    rule: Any  # the mechanism's own parameters
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's value comes from
    quantiles: DrawTables  # micro-credits, one a prior
    highest_value: float  # micro-credits
    value_scale: float  # 1 / highest_value
    largest_amount: float  # micro-credits, the scale of bids and prices in observations
    bids_are_amounts: bool
    frictions: None  # of a sealed-bid market: a sequential sale has none


def action_names(scenario: SequentialScenario) -> tuple[str, ...]:
    """What each action component means."""
    return ("bid",)


def params(scenario: SequentialScenario) -> Params:
    """The scenario's constants for the compiled phases."""
    distinct = list(dict.fromkeys(scenario.priors()))
    highest = float(to_money(scenario.highest_value))
    return Params(
        rule=mechanism(scenario.mechanism.name).params(scenario.mechanism),
        max_cycles=scenario.max_cycles,
        truncates=scenario.end_of_episode == "truncation",
        prior_of=np.array([distinct.index(prior) for prior in scenario.priors()], dtype=np.int64),
        quantiles=draw_tables([prior.quantile_table() for prior in distinct], float(MICRO)),
        highest_value=highest,
        value_scale=1.0 / highest,
        largest_amount=2.0 * highest,
        bids_are_amounts=scenario.bids == "amount",
        frictions=None,
    )
