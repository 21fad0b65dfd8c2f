"""What judges ask of a two-sided market: values and costs, gains from trade, and the outcome of an own offer."""

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Float64s, Int64s
from econo_env.games.bid_curves import BidCurves
from econo_env.games.bidding import Bidding
from econo_env.games.welfare import Welfare
from econo_env.market import rule_of
from econo_env.markets.analysis import welfare_of
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario
from econo_env.markets.double_auction.state import State, params
from econo_env.markets.double_auction.strategies import best_gains
from econo_env.markets.outcome_curves import averaged, sum_outcomes, units


def bidding(scenario: DoubleAuctionScenario) -> Bidding:
    """What traders offer: one unit each, at up to the highest price, which a seller may ask."""
    return Bidding(highest_bid=float(scenario.highest_value))


def welfare(scenario: DoubleAuctionScenario, state: State, types: Float64s) -> Welfare:
    """Gains from trade: the buyers' true values less the sellers' true costs; revenue goes to the market maker."""
    values = types[..., 0]
    gains = np.asarray((values * state.award.units).sum(axis=1), dtype=np.float64)
    return welfare_of(state.award, gains, best_gains(scenario, values))


def highest_bid(scenario: DoubleAuctionScenario, values: Float64s) -> Float64s:
    """The highest offer worth a search at each value, in credits: nobody can have a higher value or cost."""
    return np.full_like(values, scenario.highest_value)


@compiled
def _clear_sides(
    rule: Rule, offers: Int64s, lottery: Lottery, params: object, buyers: int, order: Int64s, won: Int64s, paid: Int64s
) -> None:
    """Clears a round of offers, those of the buyers first."""
    rule(offers[:buyers], offers[buyers:], lottery, params, order, won, paid)


def bid_curves(scenario: DoubleAuctionScenario, state: State, agent: int, bids: Float64s) -> BidCurves:
    """Expected units and payment of each own offer in credits against the others' offers of the last round.

    A seller's units and payment are negative, so that utility is value times units less payment for both sides. Every
    offer meets the same others and the same tie lottery, in the rule that the engine compiles.
    """
    constants = params(scenario)
    compiled_rules, given = (rule_of(scenario), _clear_sides, units), (constants.rule, constants.num_buyers)
    return averaged(sum_outcomes, compiled_rules, given, state, agent, bids, rows=4)
