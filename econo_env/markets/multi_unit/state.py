"""What a multi-unit market holds: its state, its constants, and the meaning of observations and actions."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.state import Arrays, Column, Episode, Int64s, Key, Tick
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.private_value import of_rounds
from econo_env.markets.sealed_bid.state import type_name
from econo_env.money import to_credits, to_money
from econo_env.valuations.drawing import DrawTables


class State(NamedTuple):
    """A batch of multi-unit markets; the first axis of every array is the market."""

    key: Key
    episode: Episode
    tick: Tick
    values: Annotated[Int64s, Column(np.int64, ("agents", "demand"), "micro-credits, falling; costs rise")]
    draws: Annotated[Int64s, Column(np.int64, ("draws",), "2^-53, what the values were drawn from")]
    bids: Annotated[Int64s, Column(np.int64, ("agents", "demand"), "micro-credits, -1 for none, falling; asks rise")]
    award: Award


class Params(NamedTuple):
    """The constants of a scenario, as the compiled kernels take them."""

    rule: object  # the mechanism's own parameters
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's values come from
    quantiles: DrawTables  # micro-credits, one a prior
    highest_value: float  # micro-credits
    value_scale: float  # 1 / highest_value
    bids_are_amounts: bool
    half_largest_bid: float | None  # the bid of action 0 over the own or the highest value, None for 1
    largest_amount: float  # micro-credits, the scale of bids and payments in observations
    ceiling: int | None  # micro-credits: in procurement the most that is paid for a unit; None compiles it away


def axes(scenario: MultiUnitScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    return {"demand": scenario.demand, "draws": scenario.num_agents * scenario.demand}


def action_names(scenario: MultiUnitScenario) -> tuple[str, ...]:
    """What each action component means: the bid for the first unit, the second, ..."""
    return tuple(f"bid_{unit}" for unit in range(1, scenario.demand + 1))


def type_names(scenario: MultiUnitScenario) -> tuple[str, ...]:
    """A bidder's type is its marginal values, in procurement its marginal costs."""
    return tuple(f"{type_name(scenario)}_{unit}" for unit in range(1, scenario.demand + 1))


def params(scenario: MultiUnitScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    highest = float(to_money(scenario.highest_value))
    return Params(
        rule=scenario.row().params(scenario.mechanism),
        **of_rounds(scenario, scenario.priors()),
        highest_value=highest,
        value_scale=1.0 / highest,
        bids_are_amounts=scenario.bids == "amount",
        half_largest_bid=None if scenario.largest_bid == 2.0 else scenario.largest_bid / 2.0,
        largest_amount=scenario.largest_bid * highest,
        ceiling=None if scenario.procurement is None else int(to_money(scenario.ceiling)),
    )


def info(scenario: MultiUnitScenario, state: State) -> Arrays:
    """What the dict APIs tell in `infos` of the last round, arrays (markets, agents): `won` (units), `paid` (credits).

    What is received counts negative.
    """
    return {"won": np.abs(state.award.units), "paid": to_credits(state.award.pays)}
