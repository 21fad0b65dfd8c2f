"""What the steps of a clock take from bidders who keep to the limits of the sealed form, by exact chances.

A limit between two prices counts as the lower one, so rivals tie there with some chance and draw lots; in the button
form it may then pay to leave a step early, and draw, rather than to be left alone at the next price.
"""

from functools import lru_cache

import numpy as np

from econo_env.engine.state import Float64s
from econo_env.equilibrium.grids import type_law
from econo_env.markets.clock.analysis import prices_asked
from econo_env.markets.clock.scenario import ClockScenario, sealed_form
from econo_env.markets.sealed_bid.equilibria import equilibrium_bids, numerical_solution
from econo_env.markets.sealed_bid.strategies import roles
from econo_env.money import MICRO, to_credits
from econo_env.valuations.bid_function import Strategy

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_TYPES = 4096
_HALF = 0.5 / MICRO


@lru_cache(maxsize=64)
def lost_to_steps(scenario: ClockScenario) -> float:
    """The mean gain of the best limit over the sealed form's, over its mean utility, of the role that loses most.

    Of the Dutch and the button auction; 0 in open outcry, where bidders call one by one and the limits are the values.
    """
    if "leading" in scenario.row().sees:
        return 0.0
    sealed, groups = sealed_form(scenario), roles(sealed_form(scenario))
    solution = numerical_solution(sealed)
    functions: list[Strategy] = (
        [equilibrium_bids(sealed)] * len(groups) if solution is None else list(solution.functions)
    )
    prices = np.sort(to_credits(prices_asked(scenario)))
    shares, luck = (np.arange(_TYPES) + 0.5) / _TYPES, (np.arange(_TYPES) * 2531 % _TYPES + 0.5) / _TYPES
    types = [type_law(scenario, agents[0]).quantile(shares) for agents in groups]
    limits = [function(values, luck) for function, values in zip(functions, types, strict=True)]
    below = [np.searchsorted(np.sort(made), np.append(prices - _HALF, np.inf)) / _TYPES for made in limits]
    losses = []
    for role, (values, made) in enumerate(zip(types, limits, strict=True)):
        rivals = [below[other] for other, agents in enumerate(groups) for _ in range(len(agents) - (other == role))]
        utility = np.hstack([np.zeros((_TYPES, 1)), _utility(scenario, prices, rivals, values)])
        step = np.searchsorted(prices, made + _HALF, side="right")
        own = utility[np.arange(_TYPES), step]
        losses.append(float((utility.max(axis=1) - own).mean() / max(own.mean(), 1e-300)))
    return max(losses)


def _utility(scenario: ClockScenario, prices: Float64s, rivals: list[Float64s], values: Float64s) -> Float64s:
    """Expected utility of each value (types,) whose last accepted price is each of `prices`: shape (types, prices).

    Args:
        scenario: The clock.
        prices: Increasing, credits, shape (prices,).
        rivals: For each rival the chance that it accepts none of the prices from each on, shape (prices + 1,).
        values: Credits.
    """
    all_below = np.prod([one[:-1] for one in rivals], axis=0) if rivals else np.ones(len(prices))
    wins = np.zeros(len(prices))
    # the place in the lottery of those who stop at the same price is uniform
    for node, weight in zip((_NODES + 1.0) / 2.0, _WEIGHTS / 2.0, strict=True):
        parts = [one[:-1] + (one[1:] - one[:-1]) * node for one in rivals]
        wins += weight * (np.prod(parts, axis=0) if parts else 1.0)
    tied = wins - all_below
    if scenario.row().falling:
        return np.asarray((values[:, None] - prices) * wins)
    first = np.diff(np.concatenate([[0.0], all_below]))
    units, paid = np.cumsum(first) + tied, np.cumsum(prices * first) + prices * tied
    return np.asarray(values[:, None] * units - paid)
