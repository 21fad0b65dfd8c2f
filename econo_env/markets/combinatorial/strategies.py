"""What a combinatorial market tells strategies and telemetry: bids as actions, known equilibria, roles, series."""

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
from econo_env.mechanisms.combinatorial.local_bids import local_bids
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


def equilibrium_actions(scenario: CombinatorialScenario, observations: ArrayLike, luck: ArrayLike = MIDDLE) -> Float32s:
    """Actions, shape (..., agents, bundles), of the known equilibrium, see `local_bids`, or of one found numerically.

    Raises:
        ValueError: None is known, for more than two locals, correlated values or two bundles a bidder.
    """
    payment, values = _payment(scenario), private_values(scenario, observations)
    if payment in (Payment.vcg, Payment.grand_bundle):
        return bid_actions(scenario, observations, values)
    solution = numerical_solution(scenario)
    if solution is not None:
        is_global = np.asarray(observations)[..., 2:3] > 0.5
        return bid_actions(scenario, observations, solution.bids(values, is_global.astype(np.int64)))
    game = scenario.bundle_values
    if not isinstance(game, LocalGlobal) or game.game != "LLG" or scenario.num_agents != 3:
        raise ValueError(
            f"{scenario.id}: closed-form equilibria are known for LLG with two locals, not for {scenario.num_agents} "
            f"bidders of {game.played}; use truthful, shading or a trained run instead"
        )
    is_global = np.asarray(observations)[..., 2:3] > 0.5
    try:
        shaded = local_bids(payment, np.minimum(values, 1.0), game.correlation)
    except ValueError as error:
        raise ValueError(f"{scenario.id}: {error}") from error
    return bid_actions(scenario, observations, np.where(is_global, values, shaded))


def _payment(scenario: CombinatorialScenario) -> int:
    return int(scenario.row().params(scenario.mechanism).payment)


def numerical_solution(scenario: CombinatorialScenario) -> Solution | None:
    """The equilibrium found numerically, for the first price in LLG with independent values; None elsewhere."""
    game = scenario.bundle_values
    if _payment(scenario) != Payment.first_price or not isinstance(game, LocalGlobal):
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
    welfare, best = worth_won(state, values).sum(axis=1), best_worth(scenario, values, state.bundle)
    award = state.award._replace(units=np.where(state.won >= 0, 1, 0))  # who won, whatever became of it
    return of_a_round(award, bid, value, welfare, best)
