"""What a scoring auction holds, and one round of it, stage by stage, for market `k` of a batch."""

import math
from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Arrays, Column, Episode, Float64s, Int64s, Key, StepBuffers, Tick
from econo_env.markets.private_value import of_rounds
from econo_env.markets.rounds import begin, draw_private_values
from econo_env.markets.scoring.menu import menu, unbounded_quality
from econo_env.markets.scoring.scenario import QUALITY_STEPS, ScoringScenario
from econo_env.money import CREDIT, MICRO, to_credits, to_money
from econo_env.valuations.drawing import DrawTables

NO_OFFER = -1
_COST_CELLS = 1024


class State(NamedTuple):
    """A batch of scoring auctions; the first axis of every array is the market."""

    key: Key
    episode: Episode
    tick: Tick
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, cost parameter theta")]
    qualities: Annotated[Int64s, Column(np.int64, ("agents",), "offered, in thousandths of the highest quality")]
    prices: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits asked, -1 for no offer")]
    scores: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, below 0 never wins")]
    award: Award


class Params(NamedTuple):
    """The constants of a scenario, as the compiled kernels take them."""

    rule: object  # the mechanism's own parameters
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's cost parameter comes from
    quantiles: DrawTables  # micro-credits, one a prior
    scored: Int64s  # (steps + 1,) micro-credits that a quality adds to the score
    work: Float64s  # (steps + 1,) times theta it is the cost
    best_quality: Float64s  # (cells + 1,) steps, from the lowest to the highest theta; uncut
    lowest_cost: float  # micro-credits
    cells_a_unit: float  # cells of `best_quality` a micro-credit
    value_scale: float  # 1 / the highest theta, micro-credits
    score_scale: float  # 1 / the highest price and score, micro-credits
    largest_price: float  # micro-credits


def action_names(scenario: ScoringScenario) -> tuple[str, ...]:
    """What each action component means; (0, 0) is the truth.

    `quality` a: the best quality plus a times what is left up to the highest one, or below 0 that part less of it.
    `price` a: the cost of that quality plus a times what is left up to a score of 0, or below 0 that part less of it.
    """
    return ("price", "quality")


def params(scenario: ScoringScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    tables = menu(scenario)
    low, high = min(prior.lowest for prior in scenario.priors()), scenario.highest_cost
    best = unbounded_quality(scenario, np.linspace(low, high, _COST_CELLS + 1))
    return Params(
        rule=scenario.row().params(scenario.mechanism),
        **of_rounds(scenario, scenario.priors()),
        scored=tables.scored,
        work=tables.work,
        best_quality=best / scenario.buyer.highest_quality * QUALITY_STEPS,
        lowest_cost=low * MICRO,
        cells_a_unit=_COST_CELLS / ((high - low) * MICRO) if high > low else 0.0,
        value_scale=1.0 / float(to_money(high)),
        score_scale=1.0 / float(max(tables.scored[-1], 1)),
        # a price is at most what its quality scores, or its cost where that is more
        largest_price=float(max(tables.scored[-1], np.ceil(tables.work[-1] * to_money(high)), 1)),
    )


def info(scenario: ScoringScenario, state: State) -> Arrays:
    """What the dict APIs tell in `infos` of the last round, arrays (markets, agents).

    `won`; `received`, in credits; `quality` that was delivered for it, 0 for losers.
    """
    delivered = np.where(state.award.units != 0, menu(scenario).qualities[state.qualities], 0.0)
    return {"won": state.award.units != 0, "received": to_credits(-state.award.pays), "quality": delivered}


@compiled
def best_quality(theta: float, params: Params) -> float:
    """The step, not yet rounded, that is best for the cost parameter: linear between the entries of a table.

    The table keeps powers out of the loop; that it is a fraction of a step off costs a supplier about a micro-credit.
    """
    last = params.best_quality.shape[0] - 1
    position = min(max((theta - params.lowest_cost) * params.cells_a_unit, 0.0), float(last))
    cell = min(int(position), last - 1)
    left = params.best_quality[cell]
    return float(min(left + (params.best_quality[cell + 1] - left) * (position - cell), QUALITY_STEPS))


@compiled
def cost_of(theta: int, quality: int, params: Params) -> int:
    """What delivering that many steps of quality costs, micro-credits."""
    return int(math.floor(theta * params.work[quality] + 0.5))


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns actions in [-1, 1]^2 into offers and scores; one outside, or NaN, is counted and is no offer."""
    for i in range(state.values.shape[1]):
        markup, shift = float(buffers.actions[k, i, 0]), float(buffers.actions[k, i, 1])
        if not (-1.0 <= markup <= 1.0 and -1.0 <= shift <= 1.0):
            buffers.invalid_actions[k] += 1
            state.qualities[k, i] = 0
            state.prices[k, i] = NO_OFFER
            state.scores[k, i] = NO_OFFER
            continue
        best = best_quality(float(state.values[k, i]), params)
        room = QUALITY_STEPS - best if shift > 0.0 else best
        quality = int(best + shift * room + 0.5)
        cost, counts = cost_of(state.values[k, i], quality, params), params.scored[quality]
        margin = max(counts - cost, 0) if markup > 0.0 else cost
        price = cost + int(math.floor(markup * margin + 0.5))
        state.qualities[k, i] = quality
        state.prices[k, i] = price
        state.scores[k, i] = counts - price


@compiled
def expose(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """An offer costs its supplier no money: the buyer pays."""
    for i in range(state.values.shape[1]):
        state.award.exposure[k, i] = 0
        state.award.supplies[k, i] = state.prices[k, i] != NO_OFFER


@compiled
def withdraw(k: int, i: int, state: State) -> None:
    """Agent i makes no offer."""
    state.qualities[k, i] = 0
    state.prices[k, i] = NO_OFFER
    state.scores[k, i] = NO_OFFER
    state.award.supplies[k, i] = False


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the mechanism's rule to the scores."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    rule(state.scores[k], state.prices[k], lottery, params.rule, state.award.units[k], state.award.pays[k])


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The winner delivers the quality it offered; its reward is what it receives minus the cost, in credits."""
    for i in range(state.values.shape[1]):
        # the rule says who delivers and what it receives
        cost = np.int64(0)
        received = state.award.pays[k, i]
        if state.award.units[k, i] > 0:
            cost = np.int64(cost_of(state.values[k, i], state.qualities[k, i], params))
        state.award.units[k, i] = -state.award.units[k, i]
        state.award.pays[k, i] = -received
        state.award.worth[k, i] = -cost
        buffers.rewards[k, i] = (received - cost) * CREDIT


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: new cost parameters, no history."""
    begin(k, state, buffers)
    for i in range(state.values.shape[1]):
        state.qualities[k, i] = 0
        state.prices[k, i] = np.int64(NO_OFFER)
        state.scores[k, i] = np.int64(NO_OFFER)
    draw_private_values(k, state, params)
