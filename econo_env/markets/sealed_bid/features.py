"""What bidders see in a sealed-bid market."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.markets.features import PRIOR, ROUNDS_LEFT, has_won, own_value, paid
from econo_env.markets.feedback import all_bids, last_round
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.markets.sealed_bid.state import Params, State, action_names, type_name


@compiled
def weight(k: int, i: int, state: State, params: Params) -> float:
    """The own weight over the largest one."""
    return float(params.weights[i] / params.largest_weight)


@compiled
def winning_bid(k: int, state: State, params: Params) -> float:
    """The highest bid that won over the largest possible one; 0 where nobody won."""
    best = 0
    for i in range(state.values.shape[1]):
        if state.award.units[k, i] != 0:
            best = max(best, state.bids[k, i])
    return best / params.largest_amount


def features(scenario: SealedBidScenario) -> tuple[Feature, ...]:
    """What each bidder sees."""
    known = type_name(scenario)
    private = "private value" if known == "value" else known
    shown: tuple[Feature, ...] = (
        Feature(known, f"own {private} over the highest possible {known}", own_value),
        ROUNDS_LEFT,
    )
    if len(set(scenario.priors())) > 1 or len(set(scenario.weights or ())) > 1:
        shown += PRIOR, Feature("weight", "own reputation weight over the largest one", weight)
    twice = scenario.largest_amount == 2.0 * scenario.highest_value
    scale = "twice the highest possible value" if twice else "the largest possible bid"
    return shown + last_round(
        scenario.feedback,
        scenario.max_cycles,
        result=(
            Feature("won", "1 if a unit was won in the last round", has_won),
            Feature("paid", f"what was paid or received in the last round over {scale}", paid),
        ),
        best=(Feature("winning_bid", f"highest winning bid of the last round over {scale}", winning_bid, shared=True),),
        bids=all_bids(action_names(scenario), scenario.num_agents),
    )
