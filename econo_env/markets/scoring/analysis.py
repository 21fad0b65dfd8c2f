"""What judges ask of a scoring auction: true cost parameters and welfare."""

import numpy as np

from econo_env.engine.state import Float64s
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.markets.scoring.menu import best_surplus, cost, menu
from econo_env.markets.scoring.scenario import ScoringScenario
from econo_env.markets.scoring.state import State
from econo_env.money import to_credits


def created_by_winner(scenario: ScoringScenario, state: State, theta: Float64s) -> Float64s:
    """V(q) - c(q, theta) of what was delivered, credits, shape (markets,); `theta` in credits (markets, agents)."""
    worth = menu(scenario).worth[state.qualities] - cost(scenario, theta, state.qualities)
    return to_credits(np.where(state.award.units != 0, worth, 0).sum(axis=1))


def welfare(scenario: ScoringScenario, state: State, types: Float64s) -> Welfare:
    """True worth of the delivered quality minus its cost, against the best quality of the best supplier.

    The announced scoring does not enter, nor a reserve: a distorted quality and a purchase that does not take place
    are welfare lost. The revenue is what the buyer gains, V(q) minus what it pays.
    """
    theta = types[..., 0]
    created = created_by_winner(scenario, state, theta)
    bought = np.where(state.award.units != 0, menu(scenario).worth[state.qualities], 0)
    return Welfare(
        realised={PRIMARY: created},
        optimal={PRIMARY: best_surplus(scenario, theta).max(axis=1)},
        revenue=to_credits((bought + state.award.pays).sum(axis=1)),
        created=created,
    )
