"""What a scoring auction tells strategies, judges and telemetry: offers as actions, equilibria, welfare, series."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Arrays, Float32s, Float64s
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.markets.actions import AS_SEEN, rounded_actions
from econo_env.markets.analysis import of_a_round
from econo_env.markets.scoring.kernels import NO_OFFER, State
from econo_env.markets.scoring.menu import best_score, best_steps, best_surplus, cost, menu
from econo_env.markets.scoring.scenario import ScoringScenario
from econo_env.markets.wording import none_known
from econo_env.money import to_credits
from econo_env.valuations.bid_function import MIDDLE, SEEN, BidFunction
from econo_env.valuations.places import Places, of_table

_ROUNDING = 2e-6  # credits: price and cost are whole micro-credits


def cost_parameters(scenario: ScoringScenario, observations: ArrayLike) -> Float64s:
    """The own theta in credits, shape (...), from observations of shape (..., features)."""
    return np.asarray(observations, dtype=np.float64)[..., 0] * scenario.highest_cost


def score_actions(scenario: ScoringScenario, observations: ArrayLike, scores: ArrayLike) -> Float32s:
    """Actions, shape (..., 2), that offer the best quality at the price that gives the wanted scores.

    Args:
        scenario: The configuration.
        observations: Shape (..., features).
        scores: Credits, shape (...); what a price from 0 up to a score of 0 cannot reach is cut.
    """
    theta = cost_parameters(scenario, observations)
    at_cost, wanted = best_score(scenario, theta), np.asarray(scores, dtype=np.float64)
    costs = to_credits(cost(scenario, theta, best_steps(scenario, theta, menu(scenario).scored)))
    asks_more = wanted < at_cost
    # what is asked beyond the cost leaves room for rounding: a score that is meant to reach a reserve reaches it
    spare = _ROUNDING + 4.0 * AS_SEEN * (at_cost + costs)
    asked = np.where(asks_more, np.maximum(at_cost - wanted - spare, 0.0), at_cost - wanted)
    room = np.where(asks_more, at_cost, costs)
    markup = np.where(room > 0.0, asked / np.where(room > 0.0, room, 1.0), 0.0)
    actions = np.zeros((*theta.shape, 2), dtype=np.float32)
    actions[..., 0] = rounded_actions(markup)
    return actions


def truthful_actions(scenario: ScoringScenario, observations: ArrayLike) -> Float32s:
    """Actions, shape (..., 2), all 0: the quality with the best score at cost, at cost."""
    return np.zeros((*np.shape(observations)[:-1], 2), dtype=np.float32)


def scaled_actions(scenario: ScoringScenario, observations: ArrayLike, factor: ArrayLike) -> Float32s:
    """Actions, shape (..., 2), that score `factor` (a number, or one an agent) times the best score at cost.

    Below 1 an agent asks for more than its cost and never loses; above 1 it asks for less.
    """
    at_cost = best_score(scenario, cost_parameters(scenario, observations))
    return score_actions(scenario, observations, np.asarray(factor, dtype=np.float64) * at_cost)


def equilibrium_actions(scenario: ScoringScenario, observations: ArrayLike, luck: ArrayLike = MIDDLE) -> Float32s:
    """Actions, shape (..., 2), of the symmetric Bayes-Nash equilibrium.

    The quality is that of truth, whatever the competition (Che 1993, lemma 1). With it a supplier is known by its best
    score at cost, and scores are the bids of a sale among such values (Asker and Cantillon 2008).

    Raises:
        ValueError: No closed form is known: suppliers differ in their priors and truth is not dominant.
    """
    row = scenario.row()
    if row.truth_is_dominant(scenario.mechanism):
        return truthful_actions(scenario, observations)
    if row.equilibrium is None or len(set(scenario.priors())) > 1:
        reason = "suppliers with different priors" if row.equilibrium else "this mechanism"
        raise none_known(scenario, f"no closed-form equilibrium of {row.name!r} is known for {reason}")
    own = best_score(scenario, cost_parameters(scenario, observations))
    return score_actions(scenario, observations, _scores(scenario)(own, luck))


def potential_places(scenario: ScoringScenario) -> Places:
    """The places of a supplier's best score at cost, in credits; the first supplier's prior counts."""
    # it falls with theta, but equal steps of whole micro-credits may cross
    return of_table(scenario.priors()[0].quantile_table().reversed(lambda theta: best_score(scenario, theta)))


@lru_cache(maxsize=16)
def _scores(scenario: ScoringScenario) -> BidFunction:
    """The equilibrium's scores by best scores at cost, in credits."""
    made = scenario.row().closed_form(potential_places(scenario), scenario.num_agents, scenario.mechanism)
    # an observed theta is float32, and costs grow with it
    highest = float(to_credits(menu(scenario).scored.max()))
    return replace(made, blur=_ROUNDING + SEEN * highest)


def series(scenario: ScoringScenario, state: State) -> Arrays:
    """What telemetry shows of the last round: see `of_a_round`; values are those of that round.

    Scores, compared with the best score at cost; revenue is what the buyer gains; `quality` offered.
    """
    theta, made, received = to_credits(state.values), state.prices != NO_OFFER, -state.award.pays
    bought = np.where(state.award.units != 0, menu(scenario).worth[state.qualities], 0)
    created, best = created_by_winner(scenario, state, theta), best_surplus(scenario, theta).max(axis=1)
    award, at_cost = state.award._replace(pays=received), best_score(scenario, theta)
    told = of_a_round(award, state.scores, at_cost, created, best, placed=made)
    quality = np.where(made, menu(scenario).qualities[state.qualities], np.nan)
    return told | {"revenue": to_credits((bought - received).sum(axis=1)), "quality": quality}


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
