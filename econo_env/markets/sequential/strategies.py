"""What a sequential sale tells strategies, judges, telemetry and its page; types are those of a sealed-bid market."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.docs import Docs
from econo_env.engine.state import Arrays, Float32s
from econo_env.games.welfare import Welfare
from econo_env.market import market_of
from econo_env.markets.analysis import of_a_round, welfare_of
from econo_env.markets.sealed_bid.docs import ACTIONS
from econo_env.markets.sealed_bid.state import action_names
from econo_env.markets.sealed_bid.strategies import bid_actions, private_values
from econo_env.markets.sequential.kernels import State
from econo_env.markets.sequential.scenario import SequentialScenario
from econo_env.markets.wording import none_known, page_of
from econo_env.mechanisms.unit_rounds import RoundMechanism
from econo_env.money import to_credits
from econo_env.valuations.bid_function import LEAST_ATOM, MIDDLE, BidFunction
from econo_env.valuations.places import places_of


@lru_cache(maxsize=256)
def _bids(scenario: SequentialScenario, bidders: int, units_left: int) -> BidFunction:
    """The equilibrium of a round."""
    equilibrium: Any = scenario.row().equilibrium
    places = places_of(scenario.priors()[0])
    made: BidFunction = equilibrium(places, bidders, scenario.mechanism, units_left=units_left)
    return made


def _require_no_atom(scenario: SequentialScenario) -> None:
    """Raises where several bidders may have one value and would have to mix: their place would have to last the sale.

    In the last round of second price, and where there are units for all, nobody mixes.
    """
    places = places_of(scenario.priors()[0])
    table = places.values
    flat = (table[:-1] == table[1:]) & (np.diff(places.shares) > LEAST_ATOM)
    row = scenario.row()
    truthful_at_last = isinstance(row, RoundMechanism) and row.truthful_in_the_last_round
    mixed = scenario.num_agents > scenario.max_cycles and (scenario.max_cycles > 1 or not truthful_at_last)
    if mixed and np.any(flat & (table[1:] > table[0])):
        raise ValueError(
            f"{scenario.id}: the prior has an atom above its lowest value, so bidders would mix, and who is how far up "
            "among equals would have to last from round to round, which is not played here; use truthful, shading or a "
            "trained run instead"
        )


def equilibrium_actions(scenario: SequentialScenario, observations: ArrayLike, luck: ArrayLike = MIDDLE) -> Float32s:
    """Actions, shape (..., 1), of the symmetric equilibrium; bids depend on who is left, not on past prices.

    Raises:
        ValueError: Bidders differ in prior, or the prior has an atom above its lowest value.
    """
    if len(set(scenario.priors())) > 1:
        known = f"no closed-form equilibrium of {scenario.mechanism.name!r} is known for bidders with different priors"
        raise none_known(scenario, known)
    _require_no_atom(scenario)
    seen = np.asarray(observations, dtype=np.float64)
    names = market_of(scenario).observations(scenario)
    values = private_values(scenario, seen)
    units = np.rint(seen[..., names.index("rounds_left")] * scenario.max_cycles).astype(np.int64)
    bidders = np.rint(seen[..., names.index("rivals")] * (scenario.num_agents - 1)).astype(np.int64) + 1
    bids = np.zeros_like(values)
    situations = np.unique(np.stack([bidders.ravel(), np.maximum(units, 1).ravel()], axis=1), axis=0)
    for there, left in situations.tolist():
        here = (bidders == there) & (np.maximum(units, 1) == left)
        bids[here] = _bids(scenario, there, left)(values[here])
    return bid_actions(scenario, seen, bids)


def series(scenario: SequentialScenario, state: State) -> Arrays:
    """What telemetry shows of the last round: see `of_a_round`; values are those of that round.

    Efficiency is of all units sold so far; `bidders` still there.
    """
    values = to_credits(state.values)
    ranked = np.cumsum(np.sort(values, axis=1)[:, ::-1], axis=1)
    sold = np.clip(state.tick, 1, scenario.num_agents) - 1
    best = np.take_along_axis(ranked, sold[:, None], axis=1)[:, 0]
    told = of_a_round(state.award, state.bids, values, (values * ~state.active).sum(axis=1), best)
    return told | {"bidders": state.active.sum(axis=1).astype(np.float64)}


def welfare(scenario: SequentialScenario, state: State, types: NDArray[np.float64]) -> Welfare:
    """The value served in the last round; the optimum of round l is the l-th highest value of all.

    Over an episode the optima add up to the most that its units can serve, whatever was sold to whom before.
    """
    values = types[..., 0]
    realised = (values * state.award.units).sum(axis=1)
    ranked = np.sort(values, axis=1)[:, ::-1]
    place = np.clip(state.tick - 1, 0, scenario.num_agents - 1)
    best = np.take_along_axis(ranked, place[:, None], axis=1)[:, 0]
    return welfare_of(state.award, realised, np.where(state.tick <= scenario.num_agents, best, 0.0))


def docs(scenario: SequentialScenario) -> Docs:
    """The texts of the scenario's page."""
    page = page_of(
        scenario,
        description=f"{scenario.max_cycles} identical units are sold one after another to {scenario.num_agents} "
        f"bidders who want one each; their values hold for the whole sale. {scenario.row().summary} Those who have not "
        "won see the price and bid on. Ties are broken by lottery.",
        actions=dict.fromkeys(action_names(scenario), ACTIONS[scenario.bids]),
        rewards="To the winner of a round its value minus the payment, in credits; 0 to the others.",
        start="A private value for every bidder, drawn from its prior, which lasts for the episode.",
    )
    leaves = " A winner bids no more: its action mask is off for the rest of the sale."
    return replace(page, end=(page.end[0] + leaves,))
