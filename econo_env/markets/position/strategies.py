"""What a position auction tells strategies, judges, telemetry and its page beyond what a sealed-bid market does."""

from dataclasses import replace
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.docs import Docs
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Arrays, Float32s, Float64s, Int64s
from econo_env.equilibrium import Solution, solved
from econo_env.equilibrium.games import ExpectedOutcome
from econo_env.games.bid_curves import BidClearing, BidCurves
from econo_env.games.bidding import Bidding
from econo_env.games.welfare import Welfare
from econo_env.market import rule_of
from econo_env.markets.analysis import of_a_round, welfare_of
from econo_env.markets.outcome_curves import outcome_curves, ranked
from econo_env.markets.position.kernels import clicks, params
from econo_env.markets.position.scenario import PositionScenario
from econo_env.markets.sealed_bid.docs import docs as sealed_bid_docs
from econo_env.markets.sealed_bid.equilibria import alike
from econo_env.markets.sealed_bid.state import State
from econo_env.markets.sealed_bid.strategies import bid_actions, private_values, role_numbers
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.slots import Slots
from econo_env.money import to_credits, to_money
from econo_env.valuations.bid_function import MIDDLE, BidFunction
from econo_env.valuations.places import places_of


class Sale(NamedTuple):
    """What the closed forms take, amounts in credits."""

    reserve: float
    click_rates: tuple[float, ...]


def sale_of(scenario: PositionScenario) -> Sale:
    """What the closed forms take of a scenario."""
    return Sale(reserve_of(scenario.mechanism), scenario.click_rates)


def equilibrium_actions(scenario: PositionScenario, observations: ArrayLike, luck: ArrayLike = MIDDLE) -> Float32s:
    """Actions, shape (..., 1), of the symmetric Bayes-Nash equilibrium, or of one found numerically.

    Raises:
        ValueError: No closed form is known, under GSP or where bidders differ, and none was found numerically.
    """
    values = private_values(scenario, observations)
    if scenario.row().truth_is_dominant(scenario.mechanism):
        return bid_actions(scenario, observations, values)
    solution = numerical_solution(scenario)
    if solution is not None:
        numbers = role_numbers(scenario, observations)
        return bid_actions(scenario, observations, solution.bids(values, numbers, luck))
    return bid_actions(scenario, observations, _bids(scenario)(values, luck))


@lru_cache(maxsize=16)
def _bids(scenario: PositionScenario) -> BidFunction:
    return scenario.row().closed_form(places_of(scenario.priors()[0]), scenario.num_agents, sale_of(scenario))


def numerical_solution(scenario: PositionScenario) -> Solution | None:
    """The equilibrium found numerically where truth is not dominant and no closed form is known; None elsewhere."""
    row = scenario.row()
    if row.truth_is_dominant(scenario.mechanism) or (row.equilibrium is not None and alike(scenario)):
        return None
    return solved(scenario)


def best_worth(scenario: PositionScenario, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest worth of any seating, shape (markets,): the highest values (markets, agents) in the best slots."""
    slots = min(len(scenario.click_rates), scenario.num_agents)
    ranked = np.sort(values, axis=1)[:, ::-1][:, :slots]
    return np.asarray(ranked @ np.array(scenario.click_rates[:slots]))


def series(scenario: PositionScenario, state: State) -> Arrays:
    """What telemetry shows of the last round: see `of_a_round`; values are those of that round.

    Bids per click, and `clicks` expected.
    """
    values, seated = to_credits(state.values), clicks(scenario, state.slots)
    welfare, best = (seated * values).sum(axis=1), best_worth(scenario, values)
    told = of_a_round(state.award, state.bids, values, welfare, best)
    return told | {"clicks": seated}


def bidding(scenario: PositionScenario) -> Bidding:
    """What bidders bid for: a slot each."""
    return Bidding(units=len(scenario.click_rates), weights=scenario.weights)


def welfare(scenario: PositionScenario, state: State, types: Float64s) -> Welfare:
    """Sum over slots of expected clicks times the true value of a click; reserve and weights leave the optimum alone.

    What there was to divide is rounded to whole micro-credits, as bidders are paid.
    """
    values, seated = types[..., 0], clicks(scenario, state.slots)
    welfare = welfare_of(state.award, (values * seated).sum(axis=1), best_worth(scenario, values))
    return replace(welfare, created=to_credits(np.floor(seated * to_money(values) + 0.5).sum(axis=1)))


def expected_outcome(scenario: PositionScenario) -> ExpectedOutcome | None:
    """Expected clicks and payments of own bids (credits) by each rival's chance to stand below; None where unknown."""
    rule = scenario.row().expected_outcome
    return None if rule is None else partial(rule, parameters=sale_of(scenario))


@compiled
def _clicks(slot: int, params: Slots) -> float:
    return float(params.click_rates[slot - 1]) if slot > 0 else 0.0


@compiled
def _clicks_of(i: int, bids: Int64s, allocation: Int64s, params: Slots, weights: Int64s) -> float:
    return _clicks(allocation[i], params)


def clearing(scenario: PositionScenario) -> BidClearing:
    """One round, units being expected clicks."""
    constants = params(scenario)
    return BidClearing(scenario.row().rule, ranked, _clicks_of, constants.rule, constants.weights)


def bid_curves(scenario: PositionScenario, state: State, agent: int, bids: Float64s) -> BidCurves:
    """Expected clicks and payment of each own bid in credits against the rivals' bids of the last round."""
    constants = params(scenario)
    return outcome_curves(rule_of(scenario), (constants.rule, constants.weights), state, agent, bids, _clicks)


def docs(scenario: PositionScenario) -> Docs:
    """The texts of the scenario's page."""
    rule = scenario.row()
    rates = ", ".join(f"{rate:g}" for rate in scenario.click_rates)
    return replace(
        sealed_bid_docs(scenario),
        description=f"{len(scenario.click_rates)} advertising slots with {rates} expected clicks are sold at once to "
        f"{scenario.num_agents} bidders, each with a private value of a click. {rule.summary} Ties are broken by "
        f"lottery. Properties: {rule.promises}.",
        rewards="Expected clicks of the own slot times the value of a click, minus the payment, in credits.",
        start="A fresh value of a click for every bidder, drawn from its prior; new values every round.",
    )
