"""What a scoring auction holds: its state, its constants, and the meaning of observations and actions."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.state import Arrays, Column, Episode, Float64s, Int64s, Key, Tick
from econo_env.markets.private_value import of_rounds
from econo_env.markets.scoring.menu import menu, unbounded_quality
from econo_env.markets.scoring.scenario import QUALITY_STEPS, ScoringScenario
from econo_env.money import MICRO, to_credits, to_money
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
