"""What judges ask of a coordination market, and what the dict APIs tell. Types are those of a task market."""

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.state import Arrays
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.markets.coordination.scenario import CoordinationScenario
from econo_env.markets.coordination.state import State
from econo_env.money import MICRO, to_credits


def welfare(scenario: CoordinationScenario, state: State, types: NDArray[np.float64]) -> Welfare:
    """Expected surplus of a request's contracts at true types and efforts, in credits, at the tick that ends it.

    The optimum is over the agents that might bid for it; that of `first_best_value` over all who are active, reputation
    aside.
    """
    surplus, received = np.where(state.over, state.surplus, 0.0) / MICRO, to_credits(-state.award.pays.sum(axis=1))
    return Welfare(
        realised={PRIMARY: surplus, "first_best_value": surplus},
        optimal={PRIMARY: state.best_surplus / MICRO, "first_best_value": state.first_best / MICRO},
        revenue=-received,
        created=state.award.worth.sum(axis=1) / MICRO,
    )


def info(scenario: CoordinationScenario, state: State) -> Arrays:
    """What the dict APIs tell in `infos` of the last tick, (markets, agents): `won`, and credits `paid`, `owed`."""
    return {
        "won": state.award.units != 0,
        "paid": to_credits(-state.award.pays),
        "owed": to_credits(state.owes),
    }
