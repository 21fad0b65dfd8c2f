"""Equilibria of a sealed-bid scenario: known symmetric ones as bid functions, others found numerically."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.state import Float64s
from econo_env.equilibrium import Solution, solved
from econo_env.markets.procurement import asked
from econo_env.markets.sealed_bid.analysis import expected_outcome
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.markets.wording import none_known
from econo_env.mechanisms.base import Mechanism, Options, mechanism, options_of
from econo_env.mechanisms.claims import EX_POST_RATIONAL
from econo_env.mechanisms.conditions import Conditions
from econo_env.mechanisms.order_statistics import win_probability
from econo_env.mechanisms.parameters import units_of
from econo_env.money import MICRO
from econo_env.scenario import Scenario
from econo_env.valuations.bid_function import MIDDLE, BidFunction, Strategy
from econo_env.valuations.places import Places, left_of, of_table, places_of
from econo_env.valuations.utility import NEUTRAL

_MOST_LUMPED = 0.005  # of all draws; 5 % cost 2 % of utility
_MOST_BEYOND = 1e-3  # share of types whose bid the action space may cut
_LEAST_MARGIN = 1000.0  # micro-credits
_MOST_BEYOND_MIXED = 1e-5  # the same in an atom, all of whose types could bid just below the cut


@lru_cache(maxsize=16)
def equilibrium_bids(scenario: SealedBidScenario) -> Strategy:
    """The symmetric Bayes-Nash bid function of the scenario, credits to credits, any shape.

    The mechanism's closed form is evaluated once on a fine table and interpolated linearly; where the prior has an atom
    bids are mixed, by the luck that is given. With an entry fee or cost a bid of 0 stays out.

    Raises:
        ValueError: No closed form is known: the mechanism has none under these conditions, or bidders differ in prior
            or weight under a rule whose equilibrium is not truth, or a right to default or a secret reserve comes with
            such a rule, or the action space is too small for it.
    """
    row, section = _rule_played(scenario)
    dominant = _truth_is_dominant(scenario)
    conditions = conditions_of(scenario)
    special = conditions != Conditions()
    if row.equilibrium is None or not (alike(scenario) or dominant):
        reason = "bidders with different priors or weights" if row.equilibrium else "this mechanism"
        raise none_known(scenario, f"no closed-form equilibrium of {row.name!r} is known for {reason}")
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
    return _closed_form(scenario, row, section, conditions if special else None)


def _rule_played(scenario: SealedBidScenario) -> tuple[Mechanism, Options]:
    """The mechanism, as its row and section, that bidders are in: with shill bids it may be another one."""
    row, section = scenario.row(), scenario.mechanism
    if scenario.seller.shill_bids == "never" or row.shill_proof:
        return row, section
    if row.under_shill_bids is None:
        raise ValueError(f"{scenario.id}: no equilibrium of {row.name!r} with shill bids after the bids is known")
    if len(set(scenario.weights or (1.0,))) > 1:
        raise ValueError(f"{scenario.id}: with shill bids an equilibrium is known for equal weights")
    turned = options_of(row.under_shill_bids(section), scenario.market)
    return mechanism(turned.name), turned


def _dominant_bids(scenario: SealedBidScenario) -> Strategy:
    """The truth, and with the right to default the highest price worth accepting.

    A bid that the action space or a budget cuts is the best one left: utility falls in the price alone.
    """
    if scenario.default is None:
        return lambda values, luck=MIDDLE: np.asarray(values, dtype=np.float64)
    if scenario.utility.model != NEUTRAL:
        raise ValueError(f"{scenario.id}: with default a closed form is known for risk-neutral bidders")
    premium = scenario.default.premium
    if scenario.procurement is not None:
        return lambda costs, luck=MIDDLE: np.maximum(np.asarray(costs, dtype=np.float64) - premium, 0.0)
    return lambda values, luck=MIDDLE: np.asarray(values, dtype=np.float64) + premium


def alike(scenario: SealedBidScenario) -> bool:
    """Whether bidders have one prior and one weight."""
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
    row = scenario.row()
    plain = conditions_of(scenario) == Conditions()
    known = row.equilibrium is not None and alike(scenario) and (plain or row.equilibrium_under is not None)
    if known or _truth_is_dominant(scenario):
        return None
    return solved(scenario)


def conditions_of(scenario: SealedBidScenario) -> Conditions:
    """What an equilibrium depends on besides values and rule."""
    return Conditions(scenario.utility, scenario.information, scenario.participation.probability, scenario.entry_costs)


def _closed_form(
    scenario: SealedBidScenario, row: Mechanism, section: Options, conditions: Conditions | None
) -> Strategy:
    ceiling = 0.0 if scenario.procurement is None else scenario.ceiling
    arguments = (_places(scenario, ceiling), scenario.num_agents, section)
    try:
        if conditions is None or row.equilibrium_under is None:
            function = row.closed_form(*arguments)
        else:
            function = row.equilibrium_under(*arguments, conditions)
    except ValueError as error:
        raise none_known(scenario, str(error)) from None
    _require_room(scenario, function, ceiling)
    if conditions is None:
        require_margin(scenario, arguments[0], units_of(section), EX_POST_RATIONAL in row.claims)
    return asked(ceiling, function) if ceiling else function


def _places(scenario: SealedBidScenario, ceiling: float) -> Places:
    """Of what bidders know: values, what costs leave of the ceiling, or signals."""
    prior, information = scenario.priors()[0], scenario.information
    if ceiling:
        return left_of(ceiling, prior)
    if information.independent or information.private:
        return places_of(prior)
    return of_table(information.signal_table(prior), prior)


def _require_room(scenario: SealedBidScenario, function: BidFunction, ceiling: float) -> None:
    """Raises where the action space cuts the bids of more than a few types."""
    shares, types, bids = function.shares, function.types, np.nan_to_num(function.bids)
    bids = ceiling - bids if ceiling else bids
    unit = np.full_like(types, scenario.bid_unit) if scenario.bids == "amount" else types
    below = bids < -1e-9
    if share_of(shares, below) > _MOST_BEYOND:
        raise ValueError(
            f"{scenario.id}: the equilibrium asks for as little as {bids.min():g}, and no bid is below 0; "
            "give costs that lie higher, or use truthful, shading or a trained run instead"
        )
    beyond = bids > scenario.largest_bid * unit * (1.0 + 1e-9) + 1e-9
    atoms = np.diff(types) <= 0.0
    mixed = beyond & (np.concatenate([[False], atoms]) | np.concatenate([atoms, [False]]))
    most = _MOST_BEYOND / max(1, scenario.num_agents - 1) ** 2  # who is cut ties with every rival who is
    if share_of(shares, beyond) > most or share_of(shares, mixed) > _MOST_BEYOND_MIXED:
        needed = _covering(shares, bids / np.maximum(unit, 1e-9), _MOST_BEYOND_MIXED if mixed.any() else most)
        raise ValueError(
            f"{scenario.id}: the equilibrium bids more than largest_bid={scenario.largest_bid:g} allows; "
            f"set it to at least {needed:g}"
        )


def require_margin(scenario: Scenario, places: Places, units: int, losers_pay_nothing: bool) -> None:
    """Raises where whole micro-credits are too coarse for the values, or for what there is to gain.

    A bidder gains the integral of (1 - F) G on average, G the chance to win of a value (Myerson 1981).
    """
    rivals = scenario.num_agents - 1
    below = (places.shares[1:] + places.shares[:-1]) / 2.0
    gain = float(((1.0 - below) * win_probability(below, rivals, units)) @ np.diff(places.values))
    gain += places.lowest * (rivals < units)
    if losers_pay_nothing:
        gain *= max(1.0, scenario.num_agents / units)
    if 0.0 < gain * MICRO < _LEAST_MARGIN:
        raise ValueError(
            f"{scenario.id}: a bidder gains about {gain * MICRO:.3g} micro-credits, and bids in whole ones miss an "
            "equilibrium by too much of that; set all amounts a thousand times as high"
        )
    lumped = _share_at_one_micro(places)
    if lumped > _MOST_LUMPED:
        raise ValueError(
            f"{scenario.id}: {lumped:.1%} of the values differ by less than a micro-credit, so they are drawn as one "
            "while bids tell them apart; set all amounts higher"
        )


def _share_at_one_micro(places: Places) -> float:
    """The largest share of draws that differ and yet round to one micro-credit."""
    micros = np.rint(places.values * MICRO)
    lumped = (np.diff(micros) == 0.0) & (np.diff(places.values) > 0.0)
    starts = np.concatenate([[True], np.diff(micros) != 0.0])[:-1]  # cells that begin a new micro-credit
    return float(np.bincount(np.cumsum(starts) - 1, weights=np.diff(places.shares) * lumped).max())


def share_of(shares: Float64s, chosen: NDArray[np.bool_]) -> float:
    """The share of all draws between places (points,) that are chosen, shape (points,)."""
    return float(np.diff(shares)[chosen[1:] & chosen[:-1]].sum())


def _covering(shares: Float64s, ratios: Float64s, beyond: float) -> float:
    """The least whole number that all but a share of the draws stay below, by ratios at places."""
    order = np.argsort(ratios[1:])[::-1]
    above = np.cumsum(np.diff(shares)[order])
    return float(np.ceil(ratios[1:][order][min(int(np.searchsorted(above, beyond)), len(order) - 1)]))
