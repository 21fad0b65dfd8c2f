"""What bidders see in a combinatorial market."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature, each_of
from econo_env.markets.combinatorial.scenario import CombinatorialScenario
from econo_env.markets.combinatorial.state import Params, State, action_names
from econo_env.markets.features import ROUNDS_LEFT, paid
from econo_env.markets.feedback import all_bids, last_round
from econo_env.markets.wording import numbered
from econo_env.valuations.bundle_values import LocalGlobal


@compiled
def bundle_value(k: int, i: int, j: int, state: State, params: Params) -> float:
    """The value of each own bundle over the highest possible one."""
    return float(state.values[k, i, j] / params.highest_value)


@compiled
def wants(k: int, i: int, j: int, state: State, params: Params) -> float:
    """1 for each item of the wanted bundle."""
    return float((state.bundle[k, i] >> j) & 1)


@compiled
def is_global(k: int, i: int, state: State, params: Params) -> float:
    """1 for a global bidder."""
    return 1.0 if i >= params.num_locals else 0.0


@compiled
def has_won(k: int, i: int, state: State, params: Params) -> float:
    """1 where a bundle was won in the last round."""
    return 1.0 if state.won[k, i] >= 0 else 0.0


@compiled
def winning_bid(k: int, state: State, params: Params) -> float:
    """The highest bid that won over twice the highest value; 0 where none did."""
    best = 0
    for i in range(state.won.shape[1]):
        if state.won[k, i] >= 0:
            best = max(best, state.bids[k, state.won[k, i]])
    return best / params.largest_amount


def features(scenario: CombinatorialScenario) -> tuple[Feature, ...]:
    """What each bidder sees."""
    own = "own value of the bundle over the highest possible value of all"
    shown = each_of(((name, own) for name in numbered("value", scenario.bundles_each)), bundle_value)
    if scenario.bundle_values.random_bundles:
        wanted, count = "1 if the bundle that the bidder wants holds this item", scenario.offers.num_items
        shown += each_of(((f"wants_{item}", wanted) for item in range(count)), wants)
    shown += (ROUNDS_LEFT,)
    if isinstance(scenario.bundle_values, LocalGlobal):
        shown += (Feature("is_global", "1 for a global bidder, 0 for a local one", is_global),)
    over = "over twice the highest possible value"
    return shown + last_round(
        scenario.feedback,
        scenario.max_cycles,
        result=(
            Feature("won", "1 if a bundle was won in the last round", has_won),
            Feature("paid", f"own payment in the last round {over}", paid),
        ),
        best=(Feature("winning_bid", f"highest winning bid of the last round {over}", winning_bid, shared=True),),
        bids=all_bids(action_names(scenario), scenario.num_agents),
    )
