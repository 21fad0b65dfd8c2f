"""What judges ask of a sealed-bid market: true values, welfare, and the outcome of a bidder's own bid.

See `econo_env.markets.judging` for the meaning of each function.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from econo_env.engine.rng import Lottery
from econo_env.markets.judging import PRIMARY, BidCurves, Welfare
from econo_env.markets.sealed_bid.layout import State, rule, terms
from econo_env.markets.sealed_bid.phases import NO_BID
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.money import to_credits, to_money

Floats = NDArray[np.float64]


def type_names(scenario: SealedBidScenario) -> tuple[str, ...]:
    """A bidder's type is its value."""
    return ("value",)


def types(scenario: SealedBidScenario, state: State) -> Floats:
    """Values in credits, shape (markets, agents, 1); a copy, for the end of a tick draws the next ones."""
    return to_credits(state.values)[..., None]


def types_at(scenario: SealedBidScenario, agent: int, uniforms: Floats) -> Floats:
    """The agent's values at the given probabilities, shape (..., 1), as the engine draws them."""
    table = scenario.priors()[agent].quantile_table()
    return np.interp(uniforms, np.linspace(0.0, 1.0, len(table)), table)


def set_types(scenario: SealedBidScenario, engine: Any, agent: int, types: Floats) -> None:
    """Gives the agent values in credits, shape (markets, 1), and shows them in its observations."""
    money = to_money(types[:, 0])
    engine.state.values[:, agent] = money
    engine.exchange.observations[:, agent, 0] = money / float(to_money(scenario.highest_value))


def roles(scenario: SealedBidScenario) -> tuple[tuple[int, ...], ...]:
    """Bidders with the same prior and weight, in order of first appearance."""
    groups: dict[Any, list[int]] = {}
    for agent, prior in enumerate(scenario.priors()):
        weight = scenario.weights[agent] if scenario.weights else 1.0
        groups.setdefault((prior, weight), []).append(agent)
    return tuple(tuple(members) for members in groups.values())


def welfare(scenario: SealedBidScenario, state: State, types: Floats) -> Welfare:
    """Sum of the winners' true values; with weights also the sum of weight times value.

    A reserve does not enter the optimum: a sale that it prevents is welfare lost, for the seller's own value is 0.
    """
    values = types[..., 0]
    units = min(getattr(scenario.mechanism, "units", 1), scenario.num_agents)
    measures = {PRIMARY: values}
    if scenario.weights is not None:
        measures["weighted_value"] = values * np.asarray(scenario.weights)
    return Welfare(
        realised={name: (worth * state.allocation).sum(axis=1) for name, worth in measures.items()},
        optimal={name: np.sort(worth, axis=1)[:, -units:].sum(axis=1) for name, worth in measures.items()},
        revenue=to_credits(state.payments.sum(axis=1)),
    )


def bids_made(scenario: SealedBidScenario, state: State) -> Floats:
    """The bids of the last round in credits, shape (markets, agents); NaN is no bid."""
    return np.where(state.bids == NO_BID, np.nan, to_credits(state.bids))


def highest_bid(scenario: SealedBidScenario, values: Floats) -> Floats:
    """The bid of action 1 at each value, in credits."""
    scale = np.full_like(values, scenario.highest_value) if scenario.bids == "amount" else values
    return 2.0 * scale


@numba.njit(error_model="numpy", nogil=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _sum_outcomes(
    rule: Any,
    terms: Any,
    weights: Any,
    state: Any,
    agent: int,
    own: Any,
    scratch: Any,
    won: Any,
    paid: Any,
) -> None:
    bids, allocation, payments = scratch
    for k in range(state.bids.shape[0]):
        bids[:] = state.bids[k]
        # the clock has moved on since the round that is replayed here
        lottery = Lottery(state.key[k], state.episode[k], state.tick[k] - 1)
        for g in range(own.shape[0]):
            bids[agent] = own[g]
            rule(bids, weights, lottery, terms, allocation, payments)
            won[g] += allocation[agent]
            paid[g] += payments[agent]


def bid_curves(scenario: SealedBidScenario, state: State, agent: int, bids: Floats) -> BidCurves:
    """Expected units and payment of each own bid in credits against the rivals' bids of the last round.

    Every bid meets the same rivals and the same tie lottery, in the rule that the engine compiles.
    """
    none = np.isnan(bids)
    own = np.where(none, NO_BID, to_money(np.where(none, 0.0, bids)))
    constants = terms(scenario)
    scratch = tuple(np.zeros(scenario.num_agents, dtype=np.int64) for _ in range(3))
    won, paid = np.zeros(len(own)), np.zeros(len(own))
    _sum_outcomes(rule(scenario), constants.rule, constants.weights, state, agent, own, scratch, won, paid)
    markets = state.bids.shape[0]
    return BidCurves(bids=bids, allocation=won / markets, payment=to_credits(paid / markets))
