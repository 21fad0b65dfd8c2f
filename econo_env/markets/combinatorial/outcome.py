"""What judges ask of a combinatorial market: true values and welfare; see `econo_env.markets.judging`."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.equilibrium import BidFunction, Choices
from econo_env.markets.combinatorial.layout import State, highest_values
from econo_env.markets.combinatorial.scenario import CombinatorialScenario
from econo_env.markets.judging import PRIMARY, BidCurves, Welfare
from econo_env.mechanisms.combinatorial.batch import clear_many, game_of
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.money import to_credits, to_money

Floats = NDArray[np.float64]

_MIDPOINTS = (1, 512, 48)  # of the types of each other local, by how many there are


def types(scenario: CombinatorialScenario, state: State) -> Floats:
    """Values in credits, shape (markets, agents, bundles); a copy, for the end of a tick draws the next ones."""
    return to_credits(state.values)


def types_at(scenario: CombinatorialScenario, agent: int, uniforms: Floats) -> Floats:
    """The agent's values at points of the unit cube, shape (..., bundles)."""
    return np.asarray(uniforms, dtype=np.float64) * float(highest_values(scenario)[agent])


def set_types(scenario: CombinatorialScenario, engine: Any, agent: int, types: Floats) -> None:
    """Gives the agent values in credits, shape (markets, bundles), and shows them in its observations."""
    money = to_money(types)
    engine.state.values[:, agent] = money
    scale = float(to_money(highest_values(scenario).max()))
    engine.exchange.observations[:, agent, : scenario.bundles_each] = money / scale


def expected_curves(
    scenario: CombinatorialScenario, functions: Sequence[BidFunction], role: int, bids: Floats
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
    made = local(np.interp(shares, np.linspace(0.0, 1.0, len(local.quantiles)), local.quantiles))
    sums = np.array([sum(profile) for profile in product(made.tolist(), repeat=others)])
    wins = np.zeros(len(bids))
    for rest in sums:
        wins += largest.share_below(bids + rest) if role == 0 else local.share_below(bids - rest)
    wins /= len(sums)
    return BidCurves(bids=bids, allocation=wins, payment=bids * wins)


def outcome_tables(
    scenario: CombinatorialScenario, choices: tuple[Choices, Choices]
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
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


def worth_won(state: State, values: Floats) -> Floats:
    """What each agent's bundle is worth to it in credits, shape (markets, agents)."""
    each = values.shape[2]
    bundle = np.maximum(state.won - np.arange(values.shape[1]) * each, 0)
    worth = np.take_along_axis(values, bundle[..., None], axis=2)[..., 0]
    return np.where(state.won >= 0, worth, 0.0)


def best_worth(scenario: CombinatorialScenario, values: Floats) -> Floats:
    """The most that any allocation is worth in credits, shape (markets,)."""
    money = to_money(values).reshape(len(values), -1)
    won, _ = clear_many(game_of(scenario.offers), money, Payment.first_price)
    offers = np.take_along_axis(money, np.maximum(won, 0), axis=1)
    return to_credits(np.where(won >= 0, offers, 0).sum(axis=1))


def welfare(scenario: CombinatorialScenario, state: State, types: Floats) -> Welfare:
    """Sum of the winners' true values against the best allocation on the true values."""
    realised = worth_won(state, types).sum(axis=1)
    return Welfare(
        realised={PRIMARY: realised},
        optimal={PRIMARY: best_worth(scenario, types)},
        revenue=to_credits(state.payments.sum(axis=1)),
        created=realised,
    )
