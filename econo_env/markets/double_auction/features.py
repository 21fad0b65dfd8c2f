"""What traders see in a sealed two-sided market."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.markets.double_auction.kernels import Params, State, action_names
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario
from econo_env.markets.features import PRIOR, ROUNDS_LEFT, has_won, own_value
from econo_env.markets.feedback import all_bids, last_round


@compiled
def sells(k: int, i: int, state: State, params: Params) -> float:
    """1 for sellers."""
    return 1.0 if i >= params.num_buyers else 0.0


@compiled
def paid(k: int, i: int, state: State, params: Params) -> float:
    """What was paid or received in the last round over the highest price."""
    return float(min(1.0, abs(state.award.pays[k, i]) * params.value_scale))


@compiled
def mean_price(k: int, state: State, params: Params) -> float:
    """The mean of what buyers paid, over the highest price; 0 without a trade."""
    total, trades = 0, 0
    for i in range(params.num_buyers):
        total += state.award.pays[k, i]
        trades += state.award.units[k, i]
    return min(1.0, total / max(1, trades) * params.value_scale)


SELLER = Feature("seller", "1 for sellers, 0 for buyers", sells)
_PRICE = "mean price that buyers paid in the last round over the highest price, 0 without a trade"


def features(scenario: DoubleAuctionScenario) -> tuple[Feature, ...]:
    """What each trader sees."""
    highest = "the highest price, which is the highest value or cost anyone can have"
    shown: tuple[Feature, ...] = (Feature("value", f"own value or cost over {highest}", own_value), ROUNDS_LEFT, SELLER)
    sides = scenario.priors()[: scenario.num_buyers], scenario.priors()[scenario.num_buyers :]
    if any(len(set(side)) > 1 for side in sides):
        shown += (PRIOR,)
    return shown + last_round(
        scenario.feedback,
        scenario.max_cycles,
        result=(
            Feature("traded", "1 if a unit was bought or sold in the last round", has_won),
            Feature("paid", "price paid or received in the last round over the highest price", paid),
        ),
        best=(Feature("price", _PRICE, mean_price, shared=True),),
        bids=all_bids(action_names(scenario), scenario.num_agents),
    )
