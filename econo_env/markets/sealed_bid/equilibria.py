"""Equilibria of a sealed-bid scenario: known symmetric ones as bid functions, others found numerically."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Float64s
from econo_env.equilibrium import Solution, solved
from econo_env.markets.procurement import BidFunction, asked, left_of
from econo_env.markets.sealed_bid.outcome import expected_outcome
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.mechanisms.base import Mechanism, mechanism, options_of
from econo_env.mechanisms.conditions import Conditions
from econo_env.valuations.priors import Prior
from econo_env.valuations.quantile_table import CELLS
from econo_env.valuations.utility import NEUTRAL

_TABLE_POINTS = 8193
_MOST_BEYOND = 1e-3  # share of types whose bid the action space may cut


@lru_cache(maxsize=16)
def equilibrium_bids(scenario: SealedBidScenario) -> BidFunction:
    """The symmetric Bayes-Nash bid function of the scenario, credits to credits, any shape.

    The mechanism's closed form is evaluated once on a fine table and interpolated linearly. With an entry fee or cost a
    bid of 0 stays out.

    Raises:
        ValueError: No closed form is known: the mechanism has none under these conditions, or bidders differ in prior
            or weight under a rule whose equilibrium is not truth, or a right to default or a secret reserve comes with
            such a rule, or the action space is too small for it.
    """
    row, section = _rule_played(scenario)
    alike, dominant = _alike(scenario), _truth_is_dominant(scenario)
    conditions = conditions_of(scenario)
    special = conditions != Conditions()
    if row.equilibrium is None or not (alike or dominant):
        reason = "bidders with different priors or weights" if row.equilibrium else "this mechanism"
        raise ValueError(
            f"{scenario.id}: no closed-form equilibrium of {row.name!r} is known for {reason}; "
            "use truthful, shading or a trained run instead"
        )
    if dominant:
        return _dominant_bids(scenario)
    if scenario.default is not None or scenario.seller.secret_reserve is not None:
        raise ValueError(
            f"{scenario.id}: with default or a secret reserve an equilibrium is known where truth is dominant without "
            "them (second_price, private values, no entry cost, no shill bids); use truthful, shading or a trained run"
        )
    if special and row.equilibrium_under is None:
        raise ValueError(
            f"{scenario.id}: the equilibrium of {row.name!r} is known for independent private values of risk-neutral "
            "bidders who are all there at no cost; use truthful, shading or a trained run instead"
        )
    return _tabled(scenario, row, section, conditions if special else None)


def _rule_played(scenario: SealedBidScenario) -> tuple[Mechanism, Any]:
    """The mechanism, as its row and section, that bidders are in: with shill bids it may be another one."""
    section: Any = scenario.mechanism
    row = mechanism(section.name)
    if scenario.seller.shill_bids == "never" or row.shill_proof:
        return row, section
    if row.under_shill_bids is None:
        raise ValueError(f"{scenario.id}: no equilibrium of {row.name!r} with shill bids after the bids is known")
    if len(set(scenario.weights or (1.0,))) > 1:
        raise ValueError(f"{scenario.id}: with shill bids an equilibrium is known for equal weights")
    turned = options_of(row.under_shill_bids(section), scenario.market)
    return mechanism(turned.name), turned


def _dominant_bids(scenario: SealedBidScenario) -> BidFunction:
    """The truth, and with the right to default the highest price worth accepting.

    A bid that the action space or a budget cuts is the best one left: utility falls in the price alone.
    """
    if scenario.default is None:
        return lambda values: np.asarray(values, dtype=np.float64)
    if scenario.utility.model != NEUTRAL:
        raise ValueError(f"{scenario.id}: with default a closed form is known for risk-neutral bidders")
    premium = scenario.default.premium
    if scenario.procurement is not None:
        return lambda costs: np.maximum(np.asarray(costs, dtype=np.float64) - premium, 0.0)
    return lambda values: np.asarray(values, dtype=np.float64) + premium


def _alike(scenario: SealedBidScenario) -> bool:
    return len(set(scenario.priors())) == 1 and len(set(scenario.weights or (1.0,))) == 1


def _truth_is_dominant(scenario: SealedBidScenario) -> bool:
    row, section = _rule_played(scenario)
    return row.truth_is_dominant(section) and scenario.information.private and scenario.entry_costs == 0.0


def numerical_solution(scenario: SealedBidScenario) -> Solution | None:
    """The equilibrium found numerically where no closed form is known and the rule allows it; None elsewhere.

    Raises:
        ValueError: The search did not come near enough to one.
    """
    if expected_outcome(scenario) is None:
        return None
    row = mechanism(scenario.mechanism.name)
    plain = conditions_of(scenario) == Conditions()
    known = row.equilibrium is not None and _alike(scenario) and (plain or row.equilibrium_under is not None)
    if known or _truth_is_dominant(scenario):
        return None
    return solved(scenario)


def conditions_of(scenario: SealedBidScenario) -> Conditions:
    """What an equilibrium depends on besides values and rule."""
    return Conditions(scenario.utility, scenario.information, scenario.participation.probability, scenario.entry_costs)


def _tabled(scenario: SealedBidScenario, row: Mechanism, section: Any, conditions: Conditions | None) -> BidFunction:
    prior: Prior = scenario.priors()[0]
    ceiling = 0.0
    if scenario.procurement is not None:
        ceiling = scenario.ceiling
        prior = left_of(ceiling, prior)
    highest = scenario.information.highest_signal(prior.highest)
    reserve = float(getattr(section, "reserve", 0.0))
    # the bid function jumps at the reserve: a point on each side of it
    ends = [prior.lowest, reserve, np.nextafter(reserve, 0.0)]
    points = np.unique(np.concatenate([np.linspace(0.0, highest, _TABLE_POINTS), prior.quantile_table().values, ends]))
    arguments = (points, prior, scenario.num_agents, section)
    if conditions is None:
        table = np.asarray(row.equilibrium(*arguments))  # type: ignore[misc]  # the caller has checked for one
    else:
        table = np.asarray(row.equilibrium_under(*arguments, conditions))  # type: ignore[misc]  # here too
    _require_room(scenario, points, ceiling - table if ceiling else table, prior)

    def bid(values: ArrayLike) -> Float64s:
        return np.asarray(np.interp(np.asarray(values, dtype=np.float64), points, table))

    return asked(ceiling, bid) if ceiling else bid


def _require_room(scenario: SealedBidScenario, points: Float64s, bids: Float64s, prior: Prior) -> None:
    """Raises where the action space cuts the bids of more than a few types."""
    even = prior.quantile_table().quantile(np.linspace(0.0, 1.0, CELLS, endpoint=False))
    types = even if scenario.information.private else points[1:-1]
    wanted = np.interp(types, points, bids)
    if (wanted < -1e-9).mean() > _MOST_BEYOND:
        raise ValueError(
            f"{scenario.id}: the equilibrium asks for as little as {wanted.min():g}, and no bid is below 0; "
            "give costs that lie higher, or use truthful, shading or a trained run instead"
        )
    unit = np.full_like(types, scenario.bid_unit) if scenario.bids == "amount" else types
    beyond = wanted > scenario.largest_bid * unit * (1.0 + 1e-9) + 1e-9
    if beyond.mean() > _MOST_BEYOND:
        needed = float((wanted[beyond] / np.maximum(unit[beyond], 1e-9)).max())
        raise ValueError(
            f"{scenario.id}: the equilibrium bids more than largest_bid={scenario.largest_bid:g} allows; "
            f"set it to at least {np.ceil(needed):g}"
        )
