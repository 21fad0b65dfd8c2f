"""What one agent's own bid comes to against the others' bids of the last round, by the rule that the engine compiles.

Every own bid meets the same others and the same lotteries.
"""

from collections.abc import Callable

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import bound
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Float64s, Int64s
from econo_env.games.bid_curves import BidCurves
from econo_env.markets.records import Bids
from econo_env.money import to_credits, to_money

_NO_BID = -1

Row = tuple[Int64s, ...]
"""Arrays (agents,) to work in."""


@compiled
def sum_outcomes(
    rule: Rule,
    clear: Callable[..., None],
    units_of: Callable[..., float],
    params: object,
    beside: object,
    state: Bids,
    agent: int,
    own: Int64s,
    scratch: Row,
    won: Float64s,
    paid: Float64s,
) -> None:
    """Adds up, over markets, what the agent wins and pays with each of its `own` bids."""
    bids, order, allocation, payments = scratch
    for k in range(state.bids.shape[0]):
        for i in range(bids.shape[0]):
            bids[i] = state.bids[k, i]
        # the clock has moved on since the round that is replayed here
        lottery = Lottery(state.key[k], state.episode[k], state.tick[k] - 1)
        for g in range(own.shape[0]):
            bids[agent] = own[g]
            clear(rule, bids, lottery, params, beside, order, allocation, payments)
            won[g] += units_of(allocation[agent], params)
            paid[g] += payments[agent]


@compiled
def ranked(
    rule: Rule,
    bids: Int64s,
    lottery: Lottery,
    params: object,
    weights: Int64s,
    order: Int64s,
    won: Int64s,
    paid: Int64s,
) -> None:
    """Clears a round in which one bid of each agent counts by its weight."""
    rule(bids, weights, lottery, params, won, paid)


@compiled
def units(allocation: int, params: object) -> int:
    """Entries of the rule's allocation are units."""
    return allocation


@compiled
def units_won(i: int, bids: Int64s, allocation: Int64s, params: object, beside: object) -> float:
    """The same of agent i, for `BidClearing`."""
    return float(allocation[i])


def averaged(
    adds_up: Callable[..., None],
    rules: tuple[Rule, ...],
    constants: tuple[object, ...],
    state: Bids,
    agent: int,
    bids: Float64s,
    rows: int,
) -> BidCurves:
    """Expected units and payment of each own bid, over the markets of a batch.

    Args:
        adds_up: Compiled, `(*rules, *constants, state, agent, own, scratch, won, paid)`: adds up, over markets, what
            the agent wins and pays with each of its `own` bids, micro-credits in rising order, -1 for none.
        rules: Its first arguments, compiled functions.
        constants: The arguments after them.
        state: The state after the round, with `bids` (markets, agents).
        agent: Whose bids are tried.
        bids: Credits, shape (bids,); NaN is no bid.
        rows: How many arrays (agents,) `scratch` has.
    """
    none = np.isnan(bids)
    own = np.where(none, _NO_BID, to_money(np.where(none, 0.0, bids)))
    order = np.argsort(own, kind="stable")
    markets, agents = state.bids.shape
    scratch = tuple(np.zeros(agents, dtype=np.int64) for _ in range(rows))
    won, paid = np.zeros(len(own)), np.zeros(len(own))
    bound(adds_up, *rules)(*constants, state, agent, own[order], scratch, won, paid)
    back = np.argsort(order, kind="stable")
    return BidCurves(bids=bids, allocation=won[back] / markets, payment=to_credits(paid[back] / markets))


def outcome_curves(
    rule: Rule,
    constants: tuple[object, Int64s],
    state: Bids,
    agent: int,
    bids: Float64s,
    units_of: Callable[..., float] = units,
) -> BidCurves:
    """Expected units and payment of each own bid where a rule ranks one bid each.

    Args:
        rule: The compiled rule.
        constants: The rule's parameters and the weights.
        state: The state after the round.
        agent: Whose bids are tried.
        bids: Credits, shape (bids,); NaN is no bid.
        units_of: Compiled: what an entry of the rule's allocation amounts to, given the rule's parameters.
    """
    return averaged(sum_outcomes, (rule, ranked, units_of), constants, state, agent, bids, rows=4)
