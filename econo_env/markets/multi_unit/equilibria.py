"""Equilibria of a multi-unit market: known ones, and those found numerically under pay-as-bid."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.state import Float64s
from econo_env.equilibrium import Solution, solved
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.procurement import asked, left_of
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.uniform_price import zero_revenue_holds

Floats = NDArray[np.float64]

_TABLE_POINTS = 4097


def equilibrium_bids(scenario: MultiUnitScenario, values: ArrayLike, role_of: NDArray[np.int64]) -> Float64s:
    """Marginal bids of an equilibrium in credits.

    Of the uniform price with two bidders who want both of two units it is the one with the least revenue, 0. In
    procurement it is the mirror of that of the sale.

    Args:
        scenario: The configuration.
        values: Marginal values or costs in credits, shape (..., demand).
        role_of: The number of each bidder's prior among those that differ, shape (...).

    Raises:
        ValueError: No closed form is known and none is solved for, or the search did not come near enough to one.
    """
    values = np.asarray(values, dtype=np.float64)
    section: Any = scenario.mechanism
    row = mechanism(section.name)
    if row.truth_is_dominant(section):
        return values
    if scenario.procurement is not None:
        sale = _sale(scenario)
        return asked(scenario.ceiling, lambda left: equilibrium_bids(sale, left, role_of))(values)
    if _zero_revenue(scenario):
        return np.asarray(values * np.array([1.0, 0.0]))
    solution = numerical_solution(scenario)
    if solution is not None:
        return solution.bids(values, role_of[..., None])
    if row.equilibrium is None or scenario.demand > 1 or len(set(scenario.priors())) > 1:
        raise ValueError(
            f"{scenario.id}: no equilibrium of {row.name!r} is known for bidders who want several units or differ in "
            "prior, but for two who want both of two units; use demand: 1 and one prior, or truthful, shading or a "
            "trained run"
        )
    prior = scenario.priors()[0]
    reserve = float(section.reserve)
    # the bid function jumps at the reserve: a point on each side of it
    ends = [prior.lowest, reserve, np.nextafter(reserve, 0.0)]
    points = np.unique(
        np.concatenate([np.linspace(0.0, prior.highest, _TABLE_POINTS), prior.quantile_table().values, ends])
    )
    table = np.asarray(row.equilibrium(points, prior, scenario.num_agents, section))
    return np.asarray(np.interp(values, points, table))


def _sale(scenario: MultiUnitScenario) -> MultiUnitScenario:
    """The sale that a procurement mirrors: of what costs leave of the ceiling."""
    if scenario.procurement is None:
        return scenario
    priors = tuple(left_of(scenario.ceiling, prior) for prior in scenario.priors())
    return scenario.replace(procurement=None, values=priors[0] if len(set(priors)) == 1 else priors)


def numerical_solution(scenario: MultiUnitScenario) -> Solution | None:
    """The equilibrium found numerically where bidders pay what they bid and no closed form is known; None elsewhere.

    Raises:
        ValueError: The search did not come near enough to one.
    """
    sale = _sale(scenario)
    unlike = len(set(sale.priors())) > 1 and expected_outcome(sale) is not None
    return solved(sale) if unlike or offers_unit_bids(sale) else None


def offers_unit_bids(scenario: MultiUnitScenario) -> bool:
    """Whether two bidders want both of two units and pay what they bid: then a win depends on one rival bid alone."""
    pays_as_bid = mechanism(scenario.mechanism.name).expected_outcome is not None
    return pays_as_bid and scenario.num_agents == scenario.units == scenario.demand == 2


def expected_outcome(scenario: MultiUnitScenario) -> Callable[[Floats, Sequence[Floats]], tuple[Floats, Floats]] | None:
    """Units and payments of own bids by each rival's chance to stand below; None where one bid is not all there is."""
    rule = mechanism(scenario.mechanism.name).expected_outcome
    if rule is None or scenario.demand > 1:
        return None
    return lambda bids, below: rule(bids, below, scenario.mechanism)


def _zero_revenue(scenario: MultiUnitScenario) -> bool:
    section: Any = scenario.mechanism
    if section.name != "uniform_price" or section.reserve > 0.0:
        return False
    if not scenario.num_agents == scenario.units == scenario.demand == 2:
        return False
    one, other = scenario.priors()
    return zero_revenue_holds(one, other) and zero_revenue_holds(other, one)
