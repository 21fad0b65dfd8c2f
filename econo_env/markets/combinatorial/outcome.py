"""What judges ask of a combinatorial market: true values and welfare; see `econo_env.markets.judging`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.markets.combinatorial.layout import State, highest_values
from econo_env.markets.combinatorial.scenario import CombinatorialScenario
from econo_env.markets.judging import PRIMARY, Welfare
from econo_env.mechanisms.combinatorial.batch import clear_many, game_of
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.money import to_credits, to_money

Floats = NDArray[np.float64]


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


def types_hang_together(scenario: CombinatorialScenario) -> bool:
    """Whether local bidders may share one draw."""
    return scenario.correlation > 0.0


def set_types_given(scenario: CombinatorialScenario, engine: Any, agent: int, types: Floats, uniforms: Floats) -> None:
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
