"""What judges ask of a position auction: welfare, and the outcome of a bidder's own bid.

Types are those of a sealed-bid market.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s
from econo_env.equilibrium.games import ExpectedOutcome
from econo_env.games.bid_curves import BidCurves
from econo_env.games.bidding import Bidding
from econo_env.games.welfare import Welfare
from econo_env.market import rule_of
from econo_env.markets.analysis import welfare_of
from econo_env.markets.outcome_curves import outcome_curves
from econo_env.markets.position.kernels import clicks, params
from econo_env.markets.position.scenario import PositionScenario
from econo_env.markets.position.strategies import best_worth, sale_of
from econo_env.markets.sealed_bid.state import State
from econo_env.mechanisms.slots import Slots
from econo_env.money import to_credits, to_money


def bidding(scenario: PositionScenario) -> Bidding:
    """What bidders bid for: a slot each."""
    return Bidding(units=len(scenario.click_rates), weights=scenario.weights)


def welfare(scenario: PositionScenario, state: State, types: Float64s) -> Welfare:
    """Sum over slots of expected clicks times the true value of a click; reserve and weights leave the optimum alone.

    What there was to divide is rounded to whole micro-credits, as bidders are paid.
    """
    values, seated = types[..., 0], clicks(scenario, state.slots)
    welfare = welfare_of(state.award, (values * seated).sum(axis=1), best_worth(scenario, values))
    return replace(welfare, created=to_credits(np.floor(seated * to_money(values) + 0.5).sum(axis=1)))


def expected_outcome(scenario: PositionScenario) -> ExpectedOutcome | None:
    """Expected clicks and payments of own bids (credits) by each rival's chance to stand below; None where unknown."""
    rule = scenario.row().expected_outcome
    return None if rule is None else partial(rule, parameters=sale_of(scenario))


@compiled
def _clicks(slot: int, params: Slots) -> float:
    return float(params.click_rates[slot - 1]) if slot > 0 else 0.0


def bid_curves(scenario: PositionScenario, state: State, agent: int, bids: Float64s) -> BidCurves:
    """Expected clicks and payment of each own bid in credits against the rivals' bids of the last round."""
    return outcome_curves(rule_of(scenario), params(scenario), state, agent, bids, _clicks)
