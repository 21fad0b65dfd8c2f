"""What bidders see in a sequential sale."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.markets.features import own_value, prior_shown, rounds_left
from econo_env.markets.feedback import all_bids
from econo_env.markets.sealed_bid.state import Params, action_names
from econo_env.markets.sequential.kernels import State
from econo_env.markets.sequential.scenario import SequentialScenario


@compiled
def rivals(k: int, state: State, params: Params) -> float:
    """The share of the others who are still there, as seen by one who is."""
    present = 0
    for i in range(state.active.shape[1]):
        present += state.active[k, i]
    return float((present - 1) / max(1, state.active.shape[1] - 1))


@compiled
def _winner(k: int, state: State) -> int:
    """The last one who got a unit in the last round, -1 for nobody."""
    winner = -1
    for i in range(state.values.shape[1]):
        if state.award.units[k, i] > 0:
            winner = i
    return winner


@compiled
def price(k: int, state: State, params: Params) -> float:
    """What the winner of the last round paid over the largest bid; 0 without one."""
    winner = _winner(k, state)
    return state.award.pays[k, winner] / params.largest_amount if winner >= 0 else 0.0


@compiled
def winning_bid(k: int, state: State, params: Params) -> float:
    """What the winner of the last round bid over the largest bid; 0 without one."""
    winner = _winner(k, state)
    return state.bids[k, winner] / params.largest_amount if winner >= 0 else 0.0


@compiled
def present(k: int, i: int, state: State) -> bool:
    """Whether a bidder is still there; who has its unit sees nothing any more."""
    return bool(state.active[k, i])


_OVER = "of the last round over twice the highest possible value"


def features(scenario: SequentialScenario) -> tuple[Feature, ...]:
    """What each bidder sees until it wins."""
    shown: tuple[Feature, ...] = (
        Feature("value", "own private value over the highest possible value", own_value),
        Feature("rounds_left", "units left over all units", rounds_left, shared=True),
        Feature("rivals", "share of the other bidders who are still there", rivals, shared=True),
        *prior_shown(scenario),
    )
    if scenario.feedback != "nothing":
        shown += (Feature("price", f"price {_OVER}", price, shared=True),)
    if scenario.feedback == "winning_bid":
        shown += (Feature("winning_bid", f"winning bid {_OVER}", winning_bid, shared=True),)
    if scenario.feedback == "all_bids" and scenario.max_cycles > 1:
        shown += all_bids(action_names(scenario), scenario.num_agents)
    return shown
