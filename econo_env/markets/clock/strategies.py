"""What a clock auction tells strategies and telemetry: limits as actions, known equilibria, roles, series.

A bidder who keeps to a limit plays the sealed-bid auction of `sealed_form`: its strategies are used here.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.state import Arrays, Float32s, Float64s
from econo_env.equilibrium import Solution
from econo_env.equilibrium.solution import ACCEPTED_LOSS
from econo_env.market import market_of
from econo_env.markets.analysis import of_a_round
from econo_env.markets.clock.analysis import lost_to_steps
from econo_env.markets.clock.kernels import State, is_over
from econo_env.markets.clock.scenario import ClockScenario, sealed_form
from econo_env.markets.sealed_bid import equilibria
from econo_env.markets.sealed_bid import strategies as sealed
from econo_env.mechanisms.parameters import Meaning, extension_of, reserve_of, with_parameters
from econo_env.money import LARGEST_CREDITS, to_credits, to_money
from econo_env.valuations.bid_function import MIDDLE, Strategy


def private_values(scenario: ClockScenario, observations: ArrayLike) -> Float64s:
    """The own values in credits, shape (...), from observations of shape (..., features)."""
    return sealed.private_values(sealed_form(scenario), observations)


def bid_actions(scenario: ClockScenario, observations: ArrayLike, bids: ArrayLike) -> Float32s:
    """Actions, shape (..., 1), that say yes up to the given limits: credits, shape (...)."""
    return sealed.bid_actions(sealed_form(scenario), observations, bids, reach=_price_reached(scenario, bids))


def _price_reached(scenario: ClockScenario, bids: ArrayLike) -> Float64s:
    """The highest price of the clock, in credits, that each limit reaches; the reserve where it reaches none.

    Where prices rise by a share of the best bid, the reserve is all that is known in advance.
    """
    section, row = scenario.mechanism, scenario.row()
    limits = to_money(np.clip(np.asarray(bids, dtype=np.float64), 0.0, LARGEST_CREDITS))
    reserve, known = int(to_money(reserve_of(section))), row.step(section)
    if known is None:
        return np.full(limits.shape, to_credits(reserve))
    step = int(to_money(known))
    if row.falling:
        start = int(to_money(row.opening(section, scenario.highest_value)))
        reached = start + (limits - start) // step * step
    else:
        reached = reserve + (limits - reserve) // step * step
    return to_credits(np.maximum(reached, reserve))


def equilibrium_bids(scenario: ClockScenario) -> Strategy:
    """The limits of the symmetric equilibrium, step of the clock aside: credits to credits, any shape.

    Raises:
        ValueError: No equilibrium is known for these bidders, or a falling clock stops above the reserve.
    """
    _require_whole_clock(scenario)
    return equilibria.equilibrium_bids(sealed_form(scenario))


def equilibrium_actions(scenario: ClockScenario, observations: ArrayLike, luck: ArrayLike = MIDDLE) -> Float32s:
    """Actions, shape (..., 1), of the symmetric equilibrium, step of the clock aside.

    The value in the English forms; in the Dutch auction the equilibrium bid of first price.

    Raises:
        ValueError: No equilibrium is known for these bidders, the clock stops too early, or its steps are too coarse.
    """
    _require_whole_clock(scenario)
    _require_fine_steps(scenario)
    limits = sealed.bids_in_equilibrium(
        sealed_form(scenario), observations, luck, market_of(scenario).observations(scenario)
    )
    return bid_actions(scenario, observations, limits)


def sale_begins(scenario: ClockScenario, observations: ArrayLike) -> NDArray[np.bool_]:
    """Whether the clock stands where it starts, as far as observations (..., features) tell, shape (...)."""
    opening = scenario.row().opening(scenario.mechanism, scenario.highest_value) / scenario.highest_value
    shown = np.asarray(observations, dtype=np.float64)[..., market_of(scenario).observations(scenario).index("price")]
    return np.isclose(shown, min(1.0, opening), rtol=0.0, atol=1e-7)


def _require_whole_clock(scenario: ClockScenario) -> None:
    """Raises where a falling clock stops above the reserve: those left then bid for its last price, another game."""
    row, section = scenario.row(), scenario.mechanism
    if not row.falling:
        _require_soft_close(scenario)
        return
    step = row.step(section)
    if step is None:
        raise ValueError(
            f"{scenario.id}: the clock's steps vary, so nobody knows when it stops; use truthful or a trained run"
        )
    falls = row.opening(section, scenario.highest_value) - reserve_of(section)
    ticks = 1 + int(np.ceil(falls / step - 1e-9))
    if scenario.max_cycles < ticks:
        raise ValueError(
            f"{scenario.id}: the clock stops above the reserve after {scenario.max_cycles} ticks, and the equilibrium "
            f"is that of a whole clock: set max_cycles to {ticks}, or a larger increment"
        )


def _require_soft_close(scenario: ClockScenario) -> None:
    """Raises where open outcry may close on standing bids: a call at the last moment then goes unanswered."""
    section, row, highest = scenario.mechanism, scenario.row(), scenario.highest_value
    if row.closing is None or scenario.num_agents < 2:
        return
    opening = row.opening(section, highest)
    assert row.duration is not None, "open outcry tells how long it takes"
    extension = extension_of(section)
    answered = with_parameters(section, {Meaning.CLOSING: 1, Meaning.EXTENSION: max(1, extension)})
    ticks = row.closing(section) + int(np.ceil(row.duration(answered, opening, np.array([highest, highest]))))
    if extension == 0 or scenario.max_cycles < ticks:
        raise ValueError(
            f"{scenario.id}: against a close that calls do not put off it pays to call at the last moment, and no "
            f"equilibrium is known; set extension to 1 or more and max_cycles to at least {ticks}"
        )


def _require_fine_steps(scenario: ClockScenario) -> None:
    """Raises where a limit of the sealed form loses more than is accepted of an equilibrium to one a step away."""
    lost = lost_to_steps(scenario)
    if lost > ACCEPTED_LOSS:
        step = scenario.row().step(scenario.mechanism)
        said = "its steps" if step is None else f"steps of {step:g}"
        raise ValueError(
            f"{scenario.id}: with {said} the equilibrium of the sealed form is none: another "
            f"step gains {lost:.2%} of utility, {ACCEPTED_LOSS:.1%} is accepted; choose a smaller increment, and "
            "max_cycles to go with it"
        )


def numerical_solution(scenario: ClockScenario) -> Solution | None:
    """The equilibrium of the sealed form, where it had to be found numerically; else None."""
    _require_whole_clock(scenario)
    return equilibria.numerical_solution(sealed_form(scenario))


def series(scenario: ClockScenario, state: State) -> Arrays:
    """What telemetry shows of the last round: see `of_a_round`; values are those of that round.

    Limits of those in; `length` in ticks, revenue and efficiency at the end of a sale.
    """
    values, over = to_credits(state.values), is_over(state)
    stated = (state.bids >= 0) & ((state.standing > 0) | (state.award.units > 0))
    served = (state.award.units * values).sum(axis=1)
    told = of_a_round(state.award, state.bids, values, served, values.max(axis=1), placed=stated)
    told["length"] = state.tick
    return told | {name: np.where(over, told[name], np.nan) for name in ("revenue", "efficiency", "length")}
