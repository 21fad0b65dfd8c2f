"""What a multi-unit market holds, and one round of it, stage by stage, for market `k` of a batch."""

import math
from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import TWO_TO_MINUS_53, VALUES, Lottery, fill_with_draws
from econo_env.engine.state import Arrays, Column, Episode, Int64s, Key, StepBuffers, Tick
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.private_value import of_rounds
from econo_env.markets.procurement import mirror
from econo_env.markets.rounds import begin
from econo_env.markets.sealed_bid.frictions import stretched
from econo_env.markets.sealed_bid.state import type_name
from econo_env.mechanisms.marginal_bids import make_non_increasing
from econo_env.money import CREDIT, to_credits, to_money
from econo_env.valuations.drawing import DrawTables, draw_from_table


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


NO_BID = -1


@compiled
def draw_values(k: int, state: State, params: Params) -> None:
    """Draws every bidder's marginal values for the coming round, the highest first."""
    values, draws = state.values[k], state.draws[k]
    fill_with_draws(state.key[k], state.episode[k], state.tick[k], VALUES, draws, 0, draws.shape[0])
    demand = values.shape[1]
    for i in range(values.shape[0]):
        for unit in range(demand):
            draw = draws[i * demand + unit] * TWO_TO_MINUS_53
            values[i, unit] = draw_from_table(params.quantiles, params.prior_of[i], draw)
    # exchanges without branches, for the order of draws cannot be predicted; bidders inside, for they are many
    for unit in range(1, demand):
        for place in range(unit):
            for i in range(values.shape[0]):
                one, other = values[i, place], values[i, unit]
                values[i, place] = max(one, other)
                values[i, unit] = min(one, other)
    _let_rise(params.ceiling, values)


@compiled
def _let_rise(ceiling: int | None, amounts: Int64s) -> None:
    """In procurement turns rows around: costs rise from unit to unit."""
    if ceiling is None:
        return
    for i in range(amounts.shape[0]):
        for unit in range(amounts.shape[1] // 2):
            last = amounts.shape[1] - 1 - unit
            lower = amounts[i, last]
            amounts[i, last] = amounts[i, unit]
            amounts[i, unit] = lower


@compiled
def _mirror_all(ceiling: int | None, bids: Int64s) -> None:
    """In procurement turns bids into what they leave of the ceiling, and back."""
    if ceiling is None:
        return
    for i in range(bids.shape[0]):
        mirror(bids[i], ceiling)


@compiled
def _strike_above(ceiling: int | None, bids: Int64s) -> None:
    """In procurement strikes bids above the ceiling."""
    if ceiling is None:
        return
    for i in range(bids.shape[0]):
        for unit in range(bids.shape[1]):
            if bids[i, unit] > ceiling:
                bids[i, unit] = NO_BID


@compiled
def _charge_back(ceiling: int | None, k: int, state: State) -> None:
    """In procurement a supplier receives what the rule's payment leaves of the ceiling."""
    if ceiling is None:
        return
    for i in range(state.award.pays.shape[1]):
        state.award.pays[k, i] -= ceiling * state.award.units[k, i]
        state.award.units[k, i] = -state.award.units[k, i]


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns actions in [-1, 1] into bids that do not increase; an action outside, or NaN, is counted, and no bid.

    In procurement they do not decrease, and none is above the ceiling.
    """
    for i in range(state.bids.shape[1]):
        invalid = False
        for unit in range(state.bids.shape[2]):
            action = float(buffers.actions[k, i, unit])
            if not -1.0 <= action <= 1.0:
                invalid = True
                state.bids[k, i, unit] = NO_BID
                continue
            scale = params.highest_value if params.bids_are_amounts else float(state.values[k, i, unit])
            bid = (1.0 + action) * stretched(params.half_largest_bid, scale)
            state.bids[k, i, unit] = int(math.floor(bid + 0.5))
        if invalid:
            buffers.invalid_actions[k] += 1
            for unit in range(state.bids.shape[2]):
                state.bids[k, i, unit] = NO_BID
    _strike_above(params.ceiling, state.bids[k])
    _mirror_all(params.ceiling, state.bids[k])
    make_non_increasing(state.bids[k])
    _mirror_all(params.ceiling, state.bids[k])


@compiled
def expose(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The most that bids can cost: all of them together; in procurement nothing."""
    for i in range(state.bids.shape[1]):
        most = np.int64(0)
        if params.ceiling is None:
            for unit in range(state.bids.shape[2]):
                most += max(state.bids[k, i, unit], 0)
        state.award.exposure[k, i] = most
        state.award.supplies[k, i] = params.ceiling is not None and state.bids[k, i, 0] >= 0


@compiled
def withdraw(k: int, i: int, state: State) -> None:
    """Agent i does not bid."""
    for unit in range(state.bids.shape[2]):
        state.bids[k, i, unit] = NO_BID
    state.award.exposure[k, i] = 0
    state.award.supplies[k, i] = False


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the mechanism's rule, in procurement to what the bids leave of the ceiling."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    _mirror_all(params.ceiling, state.bids[k])
    rule(state.bids[k], lottery, params.rule, state.award.units[k], state.award.pays[k])
    _mirror_all(params.ceiling, state.bids[k])
    _charge_back(params.ceiling, k, state)


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Pays every bidder the marginal values of the units won minus the payment, in credits; costs count negative."""
    sign = 1 if params.ceiling is None else -1
    for i in range(state.award.units.shape[1]):
        worth = np.int64(0)
        for unit in range(sign * state.award.units[k, i]):
            worth += state.values[k, i, unit]
        worth *= sign
        state.award.worth[k, i] = worth
        buffers.rewards[k, i] = (worth - state.award.pays[k, i]) * CREDIT


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock and draws the values of the next round if there is one."""
    state.tick[k] += 1
    if state.tick[k] < params.max_cycles:
        draw_values(k, state, params)


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: new values, no history."""
    begin(k, state, buffers)
    for unit in range(state.bids.shape[2]):
        for i in range(state.bids.shape[1]):
            state.bids[k, i, unit] = np.int64(NO_BID)
    draw_values(k, state, params)
