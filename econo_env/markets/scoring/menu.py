"""The menu of qualities: worth, score and cost of each step, and the best step for a cost parameter.

Everything is in whole micro-credits, as the engine counts: tables have one entry for each quality from none to the
highest one, in steps of a thousandth.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.state import Float64s, Int64s
from econo_env.markets.scoring.scenario import QUALITY_STEPS, ScoringScenario
from econo_env.money import to_credits, to_money


class Menu(NamedTuple):
    """Tables over quality steps, each of shape (steps + 1,)."""

    qualities: Float64s
    worth: Int64s  # micro-credits, to the buyer
    scored: Int64s  # micro-credits, added to the score
    work: Float64s  # q^k / k: times theta it is the cost


@lru_cache(maxsize=64)
def menu(scenario: ScoringScenario) -> Menu:
    """The tables of a scenario; they are kept, so nobody may write to them."""
    qualities = scenario.buyer.highest_quality * np.linspace(0.0, 1.0, QUALITY_STEPS + 1)
    tables = Menu(
        qualities,
        to_money(scenario.buyer.value(qualities)),
        to_money(scenario.scored(qualities)),
        scenario.work(qualities),
    )
    for table in tables:
        table.setflags(write=False)
    return tables


def cost(scenario: ScoringScenario, theta: ArrayLike, steps: NDArray[np.int64]) -> Int64s:
    """Cost in micro-credits of delivering a quality; `theta` in credits and `steps` of one shape."""
    money = np.asarray(to_money(theta), dtype=np.float64)
    return np.floor(money * menu(scenario).work[steps] + 0.5).astype(np.int64)


def best_steps(scenario: ScoringScenario, theta: ArrayLike, counted: Int64s) -> NDArray[np.int64]:
    """The quality step with the largest `counted` minus cost at each theta (credits, any shape).

    Args:
        scenario: The configuration.
        theta: Cost parameters in credits.
        counted: What a step counts in micro-credits, shape (steps + 1,): `worth` or `scored` of the menu.
    """
    # a step up pays while theta is below what it adds to the worth over what it adds to the work
    worth_a_step = np.diff(counted) / np.diff(menu(scenario).work)
    rising = np.sort(worth_a_step)
    money = np.asarray(to_money(theta), dtype=np.float64)
    return np.asarray(len(rising) - np.searchsorted(rising, money, side="right"), dtype=np.int64)


def best_score(scenario: ScoringScenario, theta: ArrayLike) -> Float64s:
    """Max over q of s(q) - c(q, theta) in credits, any shape: the best score at cost, Che's productive potential."""
    return _best(scenario, theta, menu(scenario).scored)


def best_surplus(scenario: ScoringScenario, theta: ArrayLike) -> Float64s:
    """Max over q of V(q) - c(q, theta) in credits, any shape: what a supplier can create at most."""
    return _best(scenario, theta, menu(scenario).worth)


def _best(scenario: ScoringScenario, theta: ArrayLike, counted: Int64s) -> Float64s:
    steps = best_steps(scenario, theta, counted)
    return to_credits(counted[steps] - cost(scenario, theta, steps))


def unbounded_quality(scenario: ScoringScenario, theta: ArrayLike) -> Float64s:
    """Argmax of s(q) - c(q, theta) if there were no highest quality: (scale worth b / theta)^(1 / (k - b)), any shape.

    Cut at twice the highest quality, so that it stays finite at a theta of 0.
    """
    buyer, k = scenario.buyer, scenario.cost_exponent
    with np.errstate(divide="ignore", over="ignore"):
        ratio = scenario.scoring.scale * buyer.worth * buyer.exponent / np.asarray(theta, dtype=np.float64)
        return np.asarray(np.minimum(ratio ** (1.0 / (k - buyer.exponent)), 2.0 * buyer.highest_quality))
