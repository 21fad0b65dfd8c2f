"""What a sealed-bid market tells strategies and telemetry: bids as actions, known equilibria, roles, series."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.agents import BIDDER, SUPPLIER, grouped, named
from econo_env.baselines import CompiledActions
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Arrays, Float32s, Float64s, Int64s
from econo_env.market import market_of
from econo_env.markets.actions import AS_SEEN, action_for, actions_for, rounded_actions
from econo_env.markets.analysis import of_a_round
from econo_env.markets.sealed_bid.analysis import optimal_welfare, realised_welfare
from econo_env.markets.sealed_bid.equilibria import equilibrium_bids, numerical_solution
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.markets.sealed_bid.state import State
from econo_env.mechanisms.parameters import reserve_of
from econo_env.money import CREDIT, to_credits
from econo_env.valuations.bid_function import MIDDLE


def private_values(scenario: SealedBidScenario, observations: ArrayLike) -> Float64s:
    """The own values, signals or costs in credits, shape (...), from observations of shape (..., features)."""
    return np.asarray(np.asarray(observations)[..., 0], dtype=np.float64) * scenario.highest_signal


def bid_actions(
    scenario: SealedBidScenario, observations: ArrayLike, bids: ArrayLike, reach: ArrayLike | None = None
) -> Float32s:
    """Actions, shape (..., 1), that place the given bids.

    Args:
        scenario: Configuration; its `bids` says what an action means.
        observations: Shape (..., features).
        bids: Credits, shape (...). A bid beyond what an action can say (`largest_bid` times the own value or the
            highest one) becomes the largest possible bid; of a value of 0 every share is 0.
        reach: Thresholds in credits, one a bid, that a bid meant to reach them does reach: by default the reserve and a
            budget, in procurement what the reserve leaves of the ceiling.
    """
    return placed(scenario, private_values(scenario, observations), bids, reach)[..., None]


def placed(scenario: SealedBidScenario, values: Float64s, bids: ArrayLike, reach: ArrayLike | None = None) -> Float32s:
    """The same for the own values that observations show, one a bid, any shape."""
    amounts = scenario.bids == "amount"
    return actions_for(
        bids,
        scenario.largest_bid / 2.0 * (scenario.highest_value if amounts else values),
        up=scenario.procurement is not None,
        reach=_thresholds(scenario, bids) if reach is None else reach,
        error=0.0 if amounts else AS_SEEN,
    )


def _thresholds(scenario: SealedBidScenario, bids: ArrayLike) -> float | Float64s:
    reserve = reserve_of(scenario.mechanism)
    if scenario.procurement is not None:
        return scenario.ceiling - reserve
    budget = scenario.utility.budget
    if budget is None:
        return reserve
    # the engine cuts to what is left of the budget: who means to spend all of it ties with those cut
    most = max(0.0, budget - scenario.participation.entry_fee)
    return np.where(np.asarray(bids, dtype=np.float64) >= most - CREDIT / 2.0, max(most, reserve), reserve)


_ROUNDED = 1e-15
"""More than rounding moves a multiple of a value over the value, relatively."""


class Multiples(NamedTuple):
    """Multiples of the own value as bids."""

    factors: Float64s  # (n,)
    highest_signal: float  # credits
    half: float  # the bid of action 0 over the own or the highest value
    by_value: bool
    highest_value: float  # credits
    reserve: float  # credits
    budget: float  # credits, infinite for none: who means to spend it does
    error: float  # of the own value, relative
    fixed: Float32s  # (n,), actions whatever the value; empty where they hang on it
    varies: Int64s  # numbers of those that do all the same


@compiled
def multiple_of_value(multiples: Multiples, seen: Float32s, number: int) -> float:
    """The action that bids a multiple of the value seen, as `bid_actions` places it."""
    value = float(seen[0]) * multiples.highest_signal
    bid = multiples.factors[number] * value
    unit = multiples.half * (value if multiples.by_value else multiples.highest_value)
    spends_all = bid >= multiples.budget - CREDIT / 2.0
    reach = max(multiples.budget, multiples.reserve) if spends_all else multiples.reserve
    return action_for(bid, unit, reach, multiples.error)


@compiled
def steady_multiple_of_value(multiples: Multiples, seen: Float32s, number: int) -> float:
    """The same where most actions do not hang on the value, unless it is 0."""
    hangs = not seen[0] > 0.0
    for one in range(multiples.varies.shape[0]):
        hangs = hangs or multiples.varies[one] == number
    return multiple_of_value(multiples, seen, number) if hangs else float(multiples.fixed[number])


def multiples(scenario: SealedBidScenario, factors: Float64s) -> CompiledActions | None:
    """Multiples of the own value for compiled loops; None in procurement, where they are rounded up."""
    if scenario.procurement is not None:
        return None
    budget, by_value = scenario.utility.budget, scenario.bids != "amount"
    constants = Multiples(
        factors=factors,
        highest_signal=scenario.highest_signal,
        half=scenario.largest_bid / 2.0,
        by_value=by_value,
        highest_value=scenario.highest_value,
        reserve=reserve_of(scenario.mechanism),
        budget=math.inf if budget is None else max(0.0, budget - scenario.participation.entry_fee),
        error=AS_SEEN if by_value else 0.0,
        fixed=np.zeros(0, dtype=np.float32),
        varies=np.zeros(0, dtype=np.int64),
    )
    if by_value and constants.half == 1.0 and constants.reserve <= 0.0 and budget is None:
        return CompiledActions(steady_multiple_of_value, _fixed(constants))
    return CompiledActions(multiple_of_value, constants)


def _fixed(multiples: Multiples) -> Multiples:
    """The same with the actions that do not hang on the value: a factor less 1, wherever rounding may leave it.

    By 0 and powers of two multiplication and division are exact, and by all of 24 digits where the value has no more.
    """
    factors = multiples.factors
    exact = (factors == 0.0) | (np.frexp(factors)[0] == 0.5)
    if np.frexp(multiples.highest_signal)[0] == 0.5:
        exact |= factors == factors.astype(np.float32)
    off = np.where(exact, 0.0, _ROUNDED)
    low, high = (rounded_actions(factors * (1.0 + side * off) - 1.0) for side in (-1.0, 1.0))
    return multiples._replace(fixed=low, varies=np.flatnonzero(low != high))


def equilibrium_actions(
    scenario: SealedBidScenario,
    observations: ArrayLike,
    luck: ArrayLike = MIDDLE,
    names: tuple[str, ...] | None = None,
) -> Float32s:
    """Actions, shape (..., 1), of the symmetric equilibrium, or of one found numerically; see `equilibria`.

    Args:
        scenario: Configuration.
        observations: Shape (..., features).
        luck: Draws uniform in [0, 1), shape (...), for bids that are mixed.
        names: What the features are, where not those of a sealed-bid market.
    """
    return bid_actions(scenario, observations, bids_in_equilibrium(scenario, observations, luck, names))


def bids_in_equilibrium(
    scenario: SealedBidScenario,
    observations: ArrayLike,
    luck: ArrayLike = MIDDLE,
    names: tuple[str, ...] | None = None,
) -> Float64s:
    """The bids in credits, shape (...), that `equilibrium_actions` places."""
    values, solution = private_values(scenario, observations), numerical_solution(scenario)
    if solution is None:
        return equilibrium_bids(scenario)(values, luck)
    return solution.bids(values, role_numbers(scenario, observations, names), luck)


def role_numbers(
    scenario: SealedBidScenario, observations: ArrayLike, names: tuple[str, ...] | None = None
) -> NDArray[np.int64]:
    """Which of `roles` each observation (..., features) belongs to, by the prior and weight that it shows.

    Args:
        scenario: Configuration.
        observations: Shape (..., features).
        names: What the features are, where not those of the scenario.
    """
    names = names or market_of(scenario).observations(scenario)
    seen = np.asarray(observations, dtype=np.float64)
    numbers = np.zeros(seen.shape[:-1], dtype=np.int64)
    if "prior" not in names:
        return numbers
    priors, weights = scenario.priors(), scenario.weights or (1.0,) * scenario.num_agents
    distinct = list(dict.fromkeys(priors))
    for number, (seat, *_) in enumerate(roles(scenario)):
        ours = np.isclose(seen[..., names.index("prior")] * len(distinct), distinct.index(priors[seat]) + 1)
        if "weight" in names:
            ours &= np.isclose(seen[..., names.index("weight")] * max(weights), weights[seat], atol=5e-4)
        numbers[ours] = number
    return numbers


def agents(scenario: SealedBidScenario) -> tuple[str, ...]:
    """`bidder_0`, ...; in procurement `supplier_0`, ..."""
    return named([BIDDER if scenario.procurement is None else SUPPLIER] * scenario.num_agents)


def roles(scenario: SealedBidScenario) -> tuple[tuple[int, ...], ...]:
    """Seats with the same prior and weight, group by group, in order of first appearance."""
    return grouped(zip(scenario.priors(), scenario.weights or (1.0,) * scenario.num_agents, strict=True))


def series(scenario: SealedBidScenario, state: State) -> Arrays:
    """What telemetry shows of the last round: see `of_a_round`; values are those of that round."""
    values = to_credits(state.values)
    welfare, best = realised_welfare(scenario, state, values), optimal_welfare(scenario, state, values)
    return of_a_round(state.award, state.bids, values, welfare, best)
