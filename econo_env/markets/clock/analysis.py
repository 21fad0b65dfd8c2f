"""What judges ask of a clock auction: true values, welfare, the outcome of a bidder's own limit, what its steps take.

Welfare counts at the tick that ends a sale. Best responses are sought among limits that are kept to the end, against
rivals who keep to theirs; `reveal_bids` finds the limit that a policy amounts to, whatever it states from tick to tick.

What the steps of a clock take from bidders who keep to the limits of the sealed form is reckoned by exact chances. A
limit between two prices counts as the lower one, so rivals tie there with some chance and draw lots; in the button form
it may then pay to leave a step early, and draw, rather than to be left alone at the next price.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.engine import Engine
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Float64s, Int64s
from econo_env.equilibrium.grids import type_law
from econo_env.games.bid_curves import BidCurves
from econo_env.games.welfare import Welfare
from econo_env.market import rule_of
from econo_env.markets.analysis import welfare_of
from econo_env.markets.clock.kernels import Params, State, is_over, params
from econo_env.markets.clock.scenario import ClockScenario, sealed_form
from econo_env.markets.outcome_curves import Row, averaged
from econo_env.markets.sealed_bid import analysis as sealed
from econo_env.markets.sealed_bid.equilibria import equilibrium_bids, numerical_solution
from econo_env.markets.sealed_bid.state import NO_BID
from econo_env.markets.sealed_bid.strategies import roles
from econo_env.mechanisms.clock_rule import Clock
from econo_env.mechanisms.ranking import NOBODY
from econo_env.money import MICRO, to_credits
from econo_env.valuations.bid_function import Strategy

_NO_LIMIT_ABOVE = 2**62  # micro-credits, beyond every price


def welfare(scenario: ClockScenario, state: State, types: Float64s) -> Welfare:
    """The buyer's true value, against the highest one, where the sale is over; 0 while the clock runs."""
    values, over = types[..., 0], is_over(state)
    realised = (values * state.award.units).sum(axis=1)
    best = sealed.revenue_at_best_reserve(sealed_form(scenario), values)
    welfare = welfare_of(state.award, realised, np.where(over, values.max(axis=1), 0.0))
    return replace(welfare, revenue_at_best_reserve=None if best is None else np.where(over, best, 0.0))


def reveal_bids(engine: Engine, act: Callable[[], NDArray[np.float32]]) -> None:
    """Leaves in `engine.state.bids` the limit that each bidder's policy amounts to, the sale not yet begun.

    The clock is shown to everybody at every price, nobody leaving and nobody buying: the limit is the first price that
    a bidder takes of a falling clock, the last one it accepts of a rising one. That is the whole strategy in the Dutch
    auction, and in the button form with two bidders or without `bidders_in`; in open outcry it is what the bidder does
    while others outbid it at every tick.

    Args:
        engine: At the first tick of its sales.
        act: The policy's actions (markets, agents, 1) for the engine's observations as they stand.
    """
    scenario, state = engine.scenario, engine.state
    assert isinstance(scenario, ClockScenario)
    constants = params(scenario)
    prices, falling = prices_asked(scenario), scenario.row().falling
    limits = np.full(state.values.shape, NO_BID, dtype=np.int64)
    waiting = np.ones(limits.shape, dtype=np.bool_)
    scale = constants.highest_value if constants.bids_are_amounts else state.values
    for tick, price in enumerate(prices.tolist()):
        state.price[:], state.tick[:] = price, tick
        engine.show()
        actions = act()[..., 0].astype(np.float64)
        yes = np.floor((1.0 + actions) * scale + 0.5) >= price
        limits[waiting & yes] = price
        waiting &= yes != falling
    state.bids[:] = limits


def prices_asked(scenario: ClockScenario) -> NDArray[np.int64]:
    """The prices of the clock in micro-credits while it moves, one a tick, up to the largest limit there can be."""
    constants, row = params(scenario), scenario.row()
    limit = np.array([NO_BID if row.falling else _NO_LIMIT_ABOVE] * 2, dtype=np.int64)
    clock = Clock(0, scenario.max_cycles, constants.closes, constants.opening, 0, NOBODY, False)
    prices: list[int] = []
    while clock.tick < clock.closes and not clock.sold and clock.price <= 2 * constants.highest_value:
        prices.append(int(clock.price))
        moved = row.rule(limit, np.ones(2, dtype=np.int64), Lottery(np.uint64(0), 0, clock.tick), constants.rule, clock)
        clock = Clock(*moved)._replace(tick=clock.tick + 1)
    return np.array(prices, dtype=np.int64)


def highest_bid(scenario: ClockScenario, values: Float64s) -> Float64s:
    """The limit of action 1 at each value, in credits."""
    return sealed.highest_bid(sealed_form(scenario), values)


@compiled
def run_clock(
    rule: Rule, params: Params, limits: Int64s, standing: Int64s, key: np.uint64, episode: int, agent: int
) -> tuple[Clock, int]:
    """Plays a whole sale among bidders who keep to their limits, all arrays (n,).

    Returns:
        The clock at its end, and `agent`'s least limit that would have led to a different path of the clock: every
        limit from the own one up to below that gives the same sale.
    """
    for i in range(standing.shape[0]):
        standing[i] = 1
    clock = Clock(0, params.max_cycles, params.closes, params.opening, 0, NOBODY, False)
    differs = _NO_LIMIT_ABOVE
    while True:
        if limits[agent] < clock.price < differs:
            differs = clock.price
        lottery = Lottery(key, episode, clock.tick)
        moved = rule(limits, standing, lottery, params.rule, clock)
        if moved.sold or clock.tick + 1 >= moved.closes:
            return moved, differs
        clock = Clock(
            clock.tick + 1, params.max_cycles, moved.closes, moved.price, moved.best, moved.leader, moved.sold
        )


@compiled
def sum_limits(
    rule: Rule,
    params: Params,
    state: State,
    agent: int,
    own: Int64s,
    scratch: Row,
    won: Float64s,
    paid: Float64s,
) -> None:
    """Adds up, over markets, what the agent wins and pays with each of its limits `own`, in rising order."""
    limits, standing = scratch
    for k in range(state.bids.shape[0]):
        for i in range(limits.shape[0]):
            limits[i] = state.bids[k, i]
        differs = own[0]
        wins, price = False, np.int64(0)
        for g in range(own.shape[0]):
            if own[g] >= differs:
                limits[agent] = own[g]
                clock, differs = run_clock(rule, params, limits, standing, state.key[k], state.episode[k], agent)
                wins = clock.sold and clock.leader == agent
                price = clock.best
            if wins:
                won[g] += 1.0
                paid[g] += price


def bid_curves(scenario: ClockScenario, state: State, agent: int, bids: Float64s) -> BidCurves:
    """Expected units and payment of each own limit in credits, kept to the end, against the rivals' stated limits.

    Every limit meets the same rivals and the same lotteries, in the rule that the engine compiles.
    """
    return averaged(sum_limits, (rule_of(scenario),), (params(scenario),), state, agent, bids, rows=2)


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
