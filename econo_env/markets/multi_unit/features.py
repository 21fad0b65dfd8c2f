"""What bidders see in a multi-unit market."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature, each_of
from econo_env.markets.features import ROUNDS_LEFT, prior_shown
from econo_env.markets.feedback import all_bids, last_round, over_largest
from econo_env.markets.multi_unit.kernels import Params, State, action_names, type_names
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.sealed_bid.state import type_name


@compiled
def unit_value(k: int, i: int, j: int, state: State, params: Params) -> float:
    """The value or cost of each unit over the highest possible one."""
    return float(state.values[k, i, j] * params.value_scale)


@compiled
def units_won(k: int, i: int, state: State, params: Params) -> float:
    """Units won in the last round over those wanted."""
    return float(abs(state.award.units[k, i]) / state.values.shape[2])


@compiled
def paid(k: int, i: int, state: State, params: Params) -> float:
    """What was paid or received in the last round over the largest bids for all units."""
    return float(min(1.0, abs(state.award.pays[k, i]) / (state.values.shape[2] * params.largest_amount)))


@compiled
def winning_bid(k: int, state: State, params: Params) -> float:
    """The highest bid of a winner, in procurement the lowest, over the largest one; 0 where nobody won."""
    best, found, lowest = 0, False, params.ceiling is not None
    for i in range(state.award.units.shape[1]):
        if state.award.units[k, i] != 0:
            bid = state.bids[k, i, 0]
            if not found or (bid < best if lowest else bid > best):
                best, found = bid, True
    return best / params.largest_amount


@compiled
def bid_placed(k: int, j: int, state: State, params: Params) -> float:
    """Bids unit by unit, bidder by bidder, over the largest one."""
    demand = state.bids.shape[2]
    return over_largest(state.bids[k, j // demand, j % demand], params.largest_amount)


def features(scenario: MultiUnitScenario) -> tuple[Feature, ...]:
    """What each bidder sees."""
    known = type_name(scenario)
    units = enumerate(type_names(scenario), start=1)
    shown = each_of(
        ((name, f"own {known} of unit {unit} over the highest possible {known}") for unit, name in units), unit_value
    )
    shown += (ROUNDS_LEFT, *prior_shown(scenario))
    largest = "in the last round over the largest possible bids for all units wanted"
    best = "best winning bid of the last round over the largest possible bid"
    return shown + last_round(
        scenario.feedback,
        scenario.max_cycles,
        result=(
            Feature("won", "units won in the last round over the units wanted", units_won),
            Feature("paid", f"what was paid or received {largest}", paid),
        ),
        best=(Feature("winning_bid", best, winning_bid, shared=True),),
        bids=all_bids(action_names(scenario), scenario.num_agents, bid_placed),
    )
