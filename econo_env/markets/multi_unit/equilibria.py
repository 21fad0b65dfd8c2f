"""Equilibria of a multi-unit market: known ones, and those found numerically under pay-as-bid."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.state import Float64s
from econo_env.equilibrium import Solution, solved
from econo_env.equilibrium.games import ExpectedOutcome
from econo_env.games.bidding import Bidding
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.procurement import asked
from econo_env.markets.sealed_bid.equilibria import require_margin
from econo_env.mechanisms.marginal_bids import UnitMechanism
from econo_env.mechanisms.parameters import reserve_of, units_of
from econo_env.valuations.bid_function import MIDDLE, Strategy
from econo_env.valuations.places import left_of, places_of
from econo_env.valuations.priors import empirical


def bidding(scenario: MultiUnitScenario) -> Bidding:
    """What bidders bid for: `demand` of the units each."""
    return Bidding(units=units_of(scenario.mechanism), wanted=scenario.demand)


def equilibrium_bids(
    scenario: MultiUnitScenario, values: ArrayLike, role_of: NDArray[np.int64], luck: ArrayLike = MIDDLE
) -> Float64s:
    """Marginal bids of an equilibrium in credits.

    Of the uniform price with two bidders who want both of two units it is the one with the least revenue, 0. In
    procurement it is the mirror of that of the sale.

    Args:
        scenario: The configuration.
        values: Marginal values or costs in credits, shape (..., demand).
        role_of: The number of each bidder's prior among those that differ, shape (...).
        luck: Draws uniform in [0, 1), shape (...) or one, for bids that are mixed.

    Raises:
        ValueError: No closed form is known and none is solved for, or the search did not come near enough to one.
    """
    values = np.asarray(values, dtype=np.float64)
    row = scenario.row()
    for_one = isinstance(row, UnitMechanism) and row.truthful_for_one_unit and scenario.demand == 1
    if row.truth_is_dominant(scenario.mechanism) or for_one:
        return values
    sale, drawn = _sale(scenario), np.asarray(luck)[..., None]
    solution = numerical_solution(scenario)
    if _zero_revenue(sale):
        return _mirrored(scenario, values, lambda left: left * np.array([1.0, 0.0]))
    if solution is not None:
        return _mirrored(scenario, values, lambda left: solution.bids(left, role_of[..., None], drawn))
    if row.equilibrium is None or scenario.demand > 1 or len(set(scenario.priors())) > 1:
        raise ValueError(
            f"{scenario.id}: no equilibrium of {row.name!r} is known for bidders who want several units or differ in "
            "prior, but for two who want both of two units; use demand: 1 and one prior, or truthful, shading or a "
            "trained run"
        )
    return _closed_form(scenario)(values, drawn)


@lru_cache(maxsize=16)
def _closed_form(scenario: MultiUnitScenario) -> Strategy:
    prior = scenario.priors()[0]
    places = places_of(prior) if scenario.procurement is None else left_of(scenario.ceiling, prior)
    sale = scenario.row().closed_form(places, scenario.num_agents, scenario.mechanism)
    require_margin(scenario, places, scenario.units, True)
    return sale if scenario.procurement is None else asked(scenario.ceiling, sale)


def _mirrored(scenario: MultiUnitScenario, values: Float64s, bid: Callable[[Float64s], Float64s]) -> Float64s:
    """Bids, in procurement the mirror of the sale's; costs above the ceiling ask for themselves."""
    if scenario.procurement is None:
        return np.asarray(bid(values))
    return np.where(values <= scenario.ceiling, scenario.ceiling - bid(scenario.ceiling - values), values)


@lru_cache(maxsize=16)
def _sale(scenario: MultiUnitScenario) -> MultiUnitScenario:
    """The sale that a procurement mirrors: of what costs leave of the ceiling."""
    if scenario.procurement is None:
        return scenario
    ceiling, tables = scenario.ceiling, [prior.quantile_table() for prior in scenario.priors()]
    priors = [empirical(table.reversed(lambda costs: np.maximum(ceiling - costs, 0.0))) for table in tables]
    return scenario.replace(procurement=None, values=priors[0] if len(set(priors)) == 1 else tuple(priors))


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
    pays_as_bid = scenario.row().expected_outcome is not None
    return pays_as_bid and scenario.num_agents == scenario.units == scenario.demand == 2


def expected_outcome(scenario: MultiUnitScenario) -> ExpectedOutcome | None:
    """Units and payments of own bids by each rival's chance to stand below; None where one bid is not all there is."""
    rule = scenario.row().expected_outcome
    if rule is None or scenario.demand > 1:
        return None
    return lambda bids, below: rule(bids, below, scenario.mechanism)


def _zero_revenue(scenario: MultiUnitScenario) -> bool:
    row = scenario.row()
    holds = row.second_bid_of_zero if isinstance(row, UnitMechanism) else None
    if holds is None or reserve_of(scenario.mechanism) > 0.0:
        return False
    if not scenario.num_agents == scenario.units == scenario.demand == 2:
        return False
    one, other = scenario.priors()
    return holds(one, other) and holds(other, one)
