"""What a round of a position auction has of its own: a slot is worth its expected clicks.

Bids, clearing, observations and the clock are those of `econo_env.markets.sealed_bid`; `slots` holds the slot, counted
from 1, and 0 for none.
"""

import math

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Arrays, StepBuffers
from econo_env.markets.position.scenario import PositionScenario
from econo_env.markets.sealed_bid import state
from econo_env.markets.sealed_bid.state import Params, State
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.slots import Slots
from econo_env.money import CREDIT, to_credits, to_money


def params(scenario: PositionScenario) -> Params:
    """The scenario's constants for the compiled kernels; `rule` also holds the click rates."""
    rates = np.array(scenario.click_rates, dtype=np.float64)
    return state.params(scenario)._replace(rule=Slots(int(to_money(reserve_of(scenario.mechanism))), rates))


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Pays every bidder the worth of its slot's expected clicks minus the payment, in credits.

    The worth is rounded to the next whole micro-credit and payments are rounded down, so truth never loses.
    """
    for i in range(state.values.shape[1]):
        slot = state.award.units[k, i]  # the rule writes the number of the slot
        worth = np.int64(0)
        if slot > 0:
            worth = np.int64(math.floor(params.rule.click_rates[slot - 1] * state.values[k, i] + 0.5))
        state.slots[k, i] = slot
        state.award.units[k, i] = 1 if slot > 0 else 0
        state.award.worth[k, i] = worth
        buffers.rewards[k, i] = (worth - state.award.pays[k, i]) * CREDIT


@compiled
def quote(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The reference price: what an expected click costs, over all slots sold; to the next micro-credit, halves up."""
    paid, clicks = np.int64(0), 0.0
    for i in range(state.values.shape[1]):
        if state.award.units[k, i] > 0:
            paid += state.award.pays[k, i]
            clicks += params.rule.click_rates[state.slots[k, i] - 1]
    state.award.price[k] = int(math.floor(paid / clicks + 0.5)) if clicks > 0.0 else 0


def axes(scenario: PositionScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    return state.axes(scenario) | {"slots": scenario.num_agents}


def clicks(scenario: PositionScenario, allocation: NDArray[np.int64]) -> NDArray[np.float64]:
    """Expected clicks of everybody's slot, the shape of `allocation`; 0 without one."""
    return np.array([0.0, *scenario.click_rates])[allocation]


def info(scenario: PositionScenario, state: State) -> Arrays:
    """What the dict APIs tell in `infos`, of the last round, arrays (markets, agents).

    `won`; `slot`, from 1, 0 for none; `paid` for its expected clicks, in credits.
    """
    return {"won": state.award.units > 0, "slot": state.slots, "paid": to_credits(state.award.pays)}
