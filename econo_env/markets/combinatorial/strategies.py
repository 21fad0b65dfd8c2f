"""What a combinatorial market tells strategies, judges and telemetry: bids as actions, equilibria, types, welfare."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.engine import Engine
from econo_env.engine.state import Arrays, Float32s, Float64s, Int64s
from econo_env.equilibrium import MOST_IN_A_TABLE, BidFunction, Choices, Solution, solved
from econo_env.games.bid_curves import BidCurves
from econo_env.games.welfare import Welfare
from econo_env.markets.actions import actions_for
from econo_env.markets.analysis import of_a_round, welfare_of
from econo_env.markets.combinatorial.scenario import CombinatorialScenario
from econo_env.markets.combinatorial.state import State, highest_values
from econo_env.markets.wording import none_known
from econo_env.mechanisms.combinatorial.batch import best_allocations, game_of
from econo_env.mechanisms.combinatorial.local_bids import local_bids
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.money import to_credits, to_money
from econo_env.valuations.bid_function import MIDDLE
from econo_env.valuations.bundle_values import LocalGlobal
from econo_env.valuations.bundle_worth import bundle_worths, worths_of_wishes


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
        known = f"closed-form equilibria are known for LLG with two locals, not for {scenario.num_agents} bidders of"
        raise none_known(scenario, f"{known} {game.played}")
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


_MIDPOINTS = (1, 512, 48)  # of the types of each other local, by how many there are


def types(scenario: CombinatorialScenario, state: State) -> Float64s:
    """Types as `type_names` lists them, values in credits, shape (markets, agents, components); a copy."""
    if scenario.bundle_values.by_item:
        return to_credits(state.items)
    values = to_credits(state.values)
    return (
        np.concatenate([values, state.bundle[..., None]], axis=2) if scenario.bundle_values.random_bundles else values
    )


def types_at(scenario: CombinatorialScenario, agent: int, uniforms: Float64s) -> Float64s:
    """The agent's types at points of the unit cube, shape (..., components)."""
    points = np.asarray(uniforms, dtype=np.float64)
    section = scenario.bundle_values
    if isinstance(section, LocalGlobal):
        return points * float(highest_values(scenario)[agent])
    if section.by_item:
        return to_credits(to_money(section.prior.quantile_table().quantile(points)))
    draws = points.reshape(-1, points.shape[-1])
    bundles = np.full(len(draws), scenario.offers.masks[agent])
    if section.random_bundles:
        bundles = 1 + (draws[:, 1] * (2.0**scenario.offers.num_items - 1)).astype(np.int64)
    values = np.empty(len(draws), dtype=np.int64)
    worths_of_wishes(section.drawing(), bundles, np.ascontiguousarray(draws[:, 0]), values)
    found = np.column_stack([to_credits(values), bundles])
    return found[:, : points.shape[-1]].reshape(points.shape)


def set_types(scenario: CombinatorialScenario, engine: Engine, agent: int, types: Float64s) -> None:
    """Gives the agent types, shape (markets, components)."""
    section = scenario.bundle_values
    if section.by_item:
        engine.state.items[:, agent] = to_money(types)
    engine.state.values[:, agent] = own_values(scenario, agent, types)
    if section.random_bundles:
        engine.state.bundle[:, agent] = types[:, scenario.bundles_each].astype(np.int64)


def own_values(scenario: CombinatorialScenario, agent: int, types: Float64s) -> Int64s:
    """What the agent's own bundles are worth in micro-credits, shape (samples, bundles), from its types."""
    drawing, money = scenario.bundle_values.drawing(), to_money(types)
    if drawing is None or not drawing.by_item:
        return money[:, : scenario.bundles_each]
    values, first = np.empty((len(types), scenario.bundles_each), dtype=np.int64), scenario.offers.first[agent]
    bundle_worths(drawing, money, scenario.offers.masks[first : first + scenario.bundles_each], values)
    return values


def values_of_bundles(scenario: CombinatorialScenario, types: Float64s) -> Float64s:
    """What everybody's own bundles are worth in credits, shape (markets, agents, bundles), from the types."""
    if not scenario.bundle_values.by_item:
        return types[..., : scenario.bundles_each]
    agents = [own_values(scenario, i, np.ascontiguousarray(types[:, i])) for i in range(scenario.num_agents)]
    return to_credits(np.stack(agents, axis=1))


def types_hang_together(scenario: CombinatorialScenario) -> bool:
    """Whether local bidders may share one draw."""
    return scenario.correlation > 0.0


def set_types_given(
    scenario: CombinatorialScenario, engine: Engine, agent: int, types: Float64s, uniforms: Float64s
) -> None:
    """Gives the agent values (markets, bundles), and everybody else draws given those, by (markets, agents, bundles).

    With the chance `correlation` the locals' draw is one, that of the agent itself where it is local. The own value
    says nothing of that chance, so the agent's own place in `uniforms` decides it.
    """
    local = agent < scenario.num_locals
    one = types / highest_values(scenario)[agent] if local else uniforms[:, 0]
    shared = (uniforms[:, agent, 0] < scenario.correlation)[:, None]
    for other in range(scenario.num_agents):
        draws = np.where(shared, one, uniforms[:, other]) if other < scenario.num_locals else uniforms[:, other]
        set_types(scenario, engine, other, types if other == agent else types_at(scenario, other, draws))


def expected_curves(
    scenario: CombinatorialScenario, functions: Sequence[BidFunction], role: int, bids: Float64s
) -> BidCurves:
    """Units and payments of own bids in LLG with payment first_price, against the bid functions of both roles.

    The locals win together where their bids exceed the global one. Bids of all locals but one are averaged over
    midpoints of equal shares of their types; the last bid is integrated exactly.

    Args:
        scenario: LLG with independent values and payment first_price.
        functions: Of a local and of the global bidder.
        role: 0 for a local, 1 for the global bidder.
        bids: Own bids in credits, shape (bids,).
    """
    local, largest = functions
    others = scenario.num_locals - 1
    points = _MIDPOINTS[others] if others < len(_MIDPOINTS) else _MIDPOINTS[-1]
    shares = (np.arange(points) + 0.5) / points
    made = np.interp(shares, local.shares, np.nan_to_num(local.bids))
    sums = np.array([sum(profile) for profile in product(made.tolist(), repeat=others)])
    wins = np.zeros(len(bids))
    for rest in sums:
        wins += largest.share_below(bids + rest) if role == 0 else local.share_below(bids - rest)
    wins /= len(sums)
    return BidCurves(bids=bids, allocation=wins, payment=bids * wins)


def outcome_tables(
    scenario: CombinatorialScenario, choices: tuple[Choices, Choices]
) -> tuple[tuple[Float64s, Float64s], tuple[Float64s, Float64s]]:
    """Units and payments of both roles in every profile of bids, under the conditions of `expected_curves`.

    Args:
        scenario: LLG with independent values and payment first_price.
        choices: Of a local and of the global bidder.

    Returns:
        Units by role, shape (own bids, bids of each other agent in order), and payments.
    """
    local, largest = choices
    profiles = product(*[local.bids.tolist()] * scenario.num_locals)
    sums = np.array([sum(profile) for profile in profiles])
    shape = (len(local.bids),) * scenario.num_locals
    together = largest.share_below(sums).reshape(*shape, -1)
    rests = np.array([sum(profile) for profile in product(*[local.bids.tolist()] * (scenario.num_locals - 1))])
    needed = (largest.bids[:, None] - rests).ravel()
    alone = local.share_below(needed).reshape(len(largest.bids), *shape)
    paid = local.bids.reshape(-1, *[1] * scenario.num_locals), largest.bids.reshape(-1, *[1] * scenario.num_locals)
    return (together, alone), (together * paid[0], alone * paid[1])


def worth_won(state: State, values: Float64s) -> Float64s:
    """What each agent's bundle is worth to it in credits, shape (markets, agents)."""
    each = values.shape[2]
    bundle = np.maximum(state.won - np.arange(values.shape[1]) * each, 0)
    worth = np.take_along_axis(values, bundle[..., None], axis=2)[..., 0]
    return np.where(state.won >= 0, worth, 0.0)


def best_worth(scenario: CombinatorialScenario, values: Float64s, bundle: Int64s) -> Float64s:
    """The most that any allocation is worth in credits, shape (markets,).

    Args:
        scenario: The configuration.
        values: Of everybody's own bundles in credits, shape (markets, agents, bundles).
        bundle: Items as bits, shape (markets, agents): what they want, where that is drawn; else of no account.
    """
    money, game = to_money(values).reshape(len(values), -1), game_of(scenario.offers)
    wanted = bundle if scenario.bundle_values.random_bundles else np.tile(game.bundle, (len(values), 1))
    return to_credits(best_allocations(game, wanted, money))


def welfare(scenario: CombinatorialScenario, state: State, types: Float64s) -> Welfare:
    """Sum of the winners' true values against the best allocation on the true values."""
    values = values_of_bundles(scenario, types)
    realised = worth_won(state, values).sum(axis=1)
    return welfare_of(state.award, realised, best_worth(scenario, values, types[..., -1].astype(np.int64)))
