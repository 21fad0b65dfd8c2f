"""What judges ask of a position auction: welfare, and the outcome of a bidder's own bid.

Types are those of a sealed-bid market. See `econo_env.markets.judging` for the meaning of each function.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.games.bid_curves import BidCurves
from econo_env.games.bidding import Bidding
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.market import rule_of
from econo_env.markets.outcome_curves import outcome_curves
from econo_env.markets.position.kernels import clicks, params
from econo_env.markets.position.scenario import PositionScenario
from econo_env.markets.position.strategies import Sale, best_worth
from econo_env.markets.sealed_bid.state import State
from econo_env.mechanisms.base import mechanism
from econo_env.money import to_credits, to_money

Floats = NDArray[np.float64]


def bidding(scenario: PositionScenario) -> Bidding:
    """What bidders bid for: a slot each."""
    return Bidding(units=len(scenario.click_rates), weights=scenario.weights)


def welfare(scenario: PositionScenario, state: State, types: Floats) -> Welfare:
    """Sum over slots of expected clicks times the true value of a click; reserve and weights leave the optimum alone.

    What there was to divide is rounded to whole micro-credits, as bidders are paid.
    """
    values, seated = types[..., 0], clicks(scenario, state.slots)
    return Welfare(
        realised={PRIMARY: (values * seated).sum(axis=1)},
        optimal={PRIMARY: best_worth(scenario, values)},
        revenue=to_credits(state.award.pays.sum(axis=1)),
        created=to_credits(np.floor(seated * to_money(values) + 0.5).sum(axis=1)),
    )


def expected_outcome(scenario: PositionScenario) -> Callable[[Floats, Sequence[Floats]], tuple[Floats, Floats]] | None:
    """Expected clicks and payments of own bids (credits) by each rival's chance to stand below; None where unknown."""
    rule = mechanism(scenario.mechanism.name).expected_outcome
    section: Any = scenario.mechanism
    return None if rule is None else partial(rule, parameters=Sale(float(section.reserve), scenario.click_rates))


@compiled
def _clicks(slot: int, params: Any) -> float:
    return float(params.click_rates[slot - 1]) if slot > 0 else 0.0


def bid_curves(scenario: PositionScenario, state: State, agent: int, bids: Floats) -> BidCurves:
    """Expected clicks and payment of each own bid in credits against the rivals' bids of the last round."""
    return outcome_curves(rule_of(scenario), _clicks, params(scenario), state, agent, bids)
