"""What a combinatorial market tells strategies and telemetry: bids as actions, known equilibria, roles, series."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from econo_env.agents import named
from econo_env.engine.state import Arrays, Float32s, Float64s
from econo_env.equilibrium import MOST_IN_A_TABLE, Solution, solved
from econo_env.markets.actions import actions_for
from econo_env.markets.combinatorial.analysis import best_worth, worth_won
from econo_env.markets.combinatorial.scenario import CombinatorialScenario
from econo_env.markets.combinatorial.state import State, highest_values
from econo_env.markets.series import of_a_round
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.money import to_credits
from econo_env.valuations.bid_function import MIDDLE
from econo_env.valuations.bundle_values import LocalGlobal


def private_values(scenario: CombinatorialScenario, observations: ArrayLike) -> Float64s:
    """The own values in credits, shape (..., bundles), from observations of shape (..., features)."""
    highest = float(highest_values(scenario).max())
    return np.asarray(observations, dtype=np.float64)[..., : scenario.bundles_each] * highest


def bid_actions(scenario: CombinatorialScenario, observations: ArrayLike, bids: ArrayLike) -> Float32s:
    """Actions that place the given bids, both of shape (..., bundles), bids in credits.

    A bid beyond what an action can say becomes the largest possible bid; of a value of 0 every share is 0.
    """
    amounts = scenario.bids == "amount"
    return actions_for(bids, highest_values(scenario).max() if amounts else private_values(scenario, observations))


def scaled_actions(scenario: CombinatorialScenario, observations: ArrayLike, factor: ArrayLike) -> Float32s:
    """Actions, shape (..., bundles), that bid `factor` (a number, or one an agent) times the own values."""
    values = private_values(scenario, observations)
    factors = np.asarray(factor, dtype=np.float64)
    return bid_actions(scenario, observations, (factors[..., None] if factors.ndim else factors) * values)


def truthful_actions(scenario: CombinatorialScenario, observations: ArrayLike) -> Float32s:
    """Actions, shape (..., bundles), that bid the own values."""
    return scaled_actions(scenario, observations, 1.0)


def local_bids(payment: int, values: ArrayLike, correlation: float) -> Float64s:
    """Equilibrium bids of the two locals of LLG with values U[0, 1] and a global with U[0, 2], who is truthful.

    Goeree and Lien, "On the impossibility of core-selecting auctions" (2016); Ausubel and Baranov, "Core-selecting
    auctions with incomplete information" (2020).

    Args:
        payment: `vcg`, `nearest_vcg`, `nearest_zero` (and `proxy`, the same here) or `nearest_bid`.
        values: Credits in [0, 1], any shape.
        correlation: Chance that the locals share one draw.

    Raises:
        ValueError: No closed form is known under this payment rule.
    """
    v = np.asarray(values, dtype=np.float64)
    apart = 1.0 - correlation
    if payment == Payment.vcg:
        return v
    if payment in (Payment.nearest_zero, Payment.proxy):
        if apart == 0.0:
            return v
        return np.maximum(0.0, 1.0 + np.log(np.maximum(correlation + apart * v, 1e-300)) / apart)
    if payment == Payment.nearest_bid:
        return v / 2.0 if apart == 0.0 else (math.log(2.0) - np.log(2.0 - apart * v)) / apart
    if payment == Payment.nearest_vcg:
        least = 0.0 if apart == 0.0 else (3.0 - math.sqrt(9.0 - apart**2)) / apart
        return np.maximum(0.0, 2.0 / (2.0 + correlation) * (v - least))
    raise ValueError(
        f"no closed-form equilibrium of payment {Payment(payment).name!r} is known; "
        "use truthful, shading or a trained run instead"
    )


def equilibrium_actions(scenario: CombinatorialScenario, observations: ArrayLike, luck: ArrayLike = MIDDLE) -> Float32s:
    """Actions, shape (..., agents, bundles), of the known equilibrium, see `local_bids`, or of one found numerically.

    Raises:
        ValueError: None is known, for more than two locals, correlated values or two bundles a bidder.
    """
    section: Any = scenario.mechanism
    payment = int(section.payment)
    if payment in (Payment.vcg, Payment.grand_bundle):
        return truthful_actions(scenario, observations)
    values = private_values(scenario, observations)
    solution = numerical_solution(scenario)
    if solution is not None:
        is_global = np.asarray(observations)[..., 2:3] > 0.5
        return bid_actions(scenario, observations, solution.bids(values, is_global.astype(np.int64)))
    game = scenario.bundle_values
    if not isinstance(game, LocalGlobal) or game.game != "LLG" or scenario.num_agents != 3:
        raise ValueError(
            f"{scenario.id}: closed-form equilibria are known for LLG with two locals, not for {scenario.num_agents} "
            f"bidders of {getattr(game, 'game', game.name)}; use truthful, shading or a trained run instead"
        )
    is_global = np.asarray(observations)[..., 2:3] > 0.5
    try:
        shaded = local_bids(payment, np.minimum(values, 1.0), game.correlation)
    except ValueError as error:
        raise ValueError(f"{scenario.id}: {error}") from error
    return bid_actions(scenario, observations, np.where(is_global, values, shaded))


def numerical_solution(scenario: CombinatorialScenario) -> Solution | None:
    """The equilibrium found numerically, for the first price in LLG with independent values; None elsewhere."""
    section: Any = scenario.mechanism
    game = scenario.bundle_values
    if int(section.payment) != Payment.first_price or not isinstance(game, LocalGlobal):
        return None
    if game.game != "LLG" or game.correlation > 0.0 or scenario.num_agents > MOST_IN_A_TABLE:
        return None
    return solved(scenario)


def agents(scenario: CombinatorialScenario) -> tuple[str, ...]:
    """`local_0`, ..., then `global_0`, ...; `bidder_0`, ... where values are not local-global."""
    return named(scenario.bundle_values.sides(scenario.num_agents))


def roles(scenario: CombinatorialScenario) -> tuple[tuple[int, ...], ...]:
    """Bidders who may bid on the same: locals and globals, or all; those of known different wishes apart."""
    return scenario.bundle_values.roles(scenario.num_agents)


def series(scenario: CombinatorialScenario, state: State) -> Arrays:
    """What telemetry shows of the last round: see `of_a_round`; values are those of that round.

    Bids on the bundle valued most.
    """
    values = to_credits(state.values)
    top = values.argmax(axis=2)[..., None]
    bid = np.take_along_axis(state.bids.reshape(values.shape), top, axis=2)[..., 0]
    value = np.take_along_axis(values, top, axis=2)[..., 0]
    return of_a_round(
        bid,
        value,
        bid >= 0,
        state.award.pays,
        state.won >= 0,
        worth_won(state, values).sum(axis=1),
        best_worth(scenario, values, state.bundle),
    )
