"""What judges ask of a two-sided market: values and costs, gains from trade, and the outcome of an own offer.

See `econo_env.markets.judging` for the meaning of each function.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Float64s, Int64s
from econo_env.games.bid_curves import BidCurves
from econo_env.games.bidding import Bidding
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.market import rule_of
from econo_env.markets.double_auction.kernels import NO_OFFER
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario
from econo_env.markets.double_auction.state import State, params
from econo_env.markets.double_auction.strategies import best_gains
from econo_env.markets.outcome_curves import Row, averaged
from econo_env.money import to_credits

Floats = NDArray[np.float64]


def bidding(scenario: DoubleAuctionScenario) -> Bidding:
    """What traders offer: one unit each, at up to the highest price, which a seller may ask."""
    return Bidding(highest_bid=float(scenario.highest_value))


def welfare(scenario: DoubleAuctionScenario, state: State, types: Floats) -> Welfare:
    """Gains from trade: the buyers' true values less the sellers' true costs; revenue goes to the market maker."""
    values = types[..., 0]
    gains = np.asarray((values * state.award.units).sum(axis=1), dtype=np.float64)
    return Welfare(
        realised={PRIMARY: gains},
        optimal={PRIMARY: best_gains(scenario, values)},
        revenue=to_credits(state.award.pays.sum(axis=1)),
        created=gains,
    )


def bids_made(scenario: DoubleAuctionScenario, state: State) -> Floats:
    """The bids and asks of the last round in credits, shape (markets, agents); NaN is no offer."""
    return np.where(state.bids == NO_OFFER, np.nan, to_credits(state.bids))


def highest_bid(scenario: DoubleAuctionScenario, values: Floats) -> Floats:
    """The highest offer worth a search at each value, in credits: nobody can have a higher value or cost."""
    return np.full_like(values, scenario.highest_value)


@compiled
def sum_offers(
    rule: Rule,
    params: Any,
    num_buyers: int,
    state: State,
    agent: int,
    own: Int64s,
    scratch: Row,
    won: Float64s,
    paid: Float64s,
) -> None:
    """Adds up, over markets, what the agent buys (negative: sells) and pays with each of its `own` offers."""
    offers, order, allocation, payments = scratch
    for k in range(state.bids.shape[0]):
        for i in range(offers.shape[0]):
            offers[i] = state.bids[k, i]
        # the clock has moved on since the round that is replayed here
        lottery = Lottery(state.key[k], state.episode[k], state.tick[k] - 1)
        for g in range(own.shape[0]):
            offers[agent] = own[g]
            rule(offers[:num_buyers], offers[num_buyers:], lottery, params, order, allocation, payments)
            won[g] += allocation[agent]
            paid[g] += payments[agent]


def bid_curves(scenario: DoubleAuctionScenario, state: State, agent: int, bids: Floats) -> BidCurves:
    """Expected units and payment of each own offer in credits against the others' offers of the last round.

    A seller's units and payment are negative, so that utility is value times units less payment for both sides. Every
    offer meets the same others and the same tie lottery, in the rule that the engine compiles.
    """
    constants = params(scenario)
    own = constants.rule, constants.num_buyers
    return averaged(sum_offers, (rule_of(scenario),), own, state, agent, bids, rows=4)
