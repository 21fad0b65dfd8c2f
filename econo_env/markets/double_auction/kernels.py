"""What a sealed two-sided market holds, and one round of it, stage by stage, for market `k` of a batch."""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Column, Episode, Int64s, Key, StepBuffers, Tick
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario
from econo_env.markets.private_value import of_rounds
from econo_env.markets.rounds import begin, draw_private_values
from econo_env.money import to_money
from econo_env.valuations.drawing import DrawTables


class State(NamedTuple):
    """A batch of two-sided markets; the first axis of every array is the market; buyers come before sellers."""

    key: Key
    episode: Episode
    tick: Tick
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, a buyer's value or a seller's cost")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits bid or asked, -1 for none")]
    award: Award
    order: Annotated[Int64s, Column(np.int64, ("agents",), "scratch: traders of each side, best offer first")]


class Params(NamedTuple):
    """The constants of a scenario, as the compiled kernels take them."""

    rule: object  # the mechanism's own parameters
    num_buyers: int
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's value or cost comes from
    quantiles: DrawTables  # micro-credits, one a prior
    highest_price: float  # micro-credits
    value_scale: float  # 1 / highest_price
    bids_are_amounts: bool
    largest_amount: float  # micro-credits, the scale of offers in observations


def action_names(scenario: DoubleAuctionScenario) -> tuple[str, ...]:
    """What each action component means."""
    return ("offer",)


def params(scenario: DoubleAuctionScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    highest = float(to_money(scenario.highest_value))
    return Params(
        rule=scenario.row().params(scenario.mechanism),
        num_buyers=scenario.num_buyers,
        **of_rounds(scenario, scenario.priors()),
        highest_price=highest,
        value_scale=1.0 / highest,
        bids_are_amounts=scenario.bids == "amount",
        largest_amount=highest if scenario.bids == "amount" else 2.0 * highest,
    )


NO_OFFER = -1


@compiled
def offered(action: float, value: int, sells: bool, params: Any) -> int:
    """The offer in micro-credits that an action in [-1, 1] makes, from 0 up.

    Of shares: a buyer bids (1 + a) times its value; a seller asks cost - a (highest price - cost), the mirror image,
    not below 0. Of amounts: (1 + a) / 2 times the highest price.
    """
    if params.bids_are_amounts:
        amount = (1.0 + action) / 2.0 * params.highest_price
    elif sells:
        amount = max(0.0, value - action * (params.highest_price - value))
    else:
        amount = (1.0 + action) * value
    return int(math.floor(amount + 0.5))


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns actions in [-1, 1] into bids and asks; an action outside, or NaN, is counted and is no offer."""
    for i in range(state.values.shape[1]):
        action = float(buffers.actions[k, i, 0])
        if -1.0 <= action <= 1.0:
            state.bids[k, i] = offered(action, state.values[k, i], i >= params.num_buyers, params)
        else:
            buffers.invalid_actions[k] += 1
            state.bids[k, i] = NO_OFFER


@compiled
def expose(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The most that an offer can cost: a buyer's bid; a seller pays nothing."""
    for i in range(state.values.shape[1]):
        buys = i < params.num_buyers
        state.award.exposure[k, i] = max(state.bids[k, i], 0) if buys else 0
        state.award.supplies[k, i] = state.bids[k, i] >= 0 and not buys


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the mechanism's rule."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    offers = state.bids[k]
    rule(
        offers[: params.num_buyers],
        offers[params.num_buyers :],
        lottery,
        params.rule,
        state.order[k],
        state.award.units[k],
        state.award.pays[k],
    )


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: new values and costs, no history."""
    begin(k, state, buffers)
    for i in range(state.values.shape[1]):
        state.bids[k, i] = np.int64(NO_OFFER)
    draw_private_values(k, state, params)
