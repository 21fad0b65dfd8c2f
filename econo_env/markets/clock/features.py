"""What bidders see at a tick of a clock auction."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.markets.clock.kernels import Params, State
from econo_env.markets.clock.scenario import ClockScenario
from econo_env.markets.features import own_value, prior_shown


@compiled
def price(k: int, state: State, params: Params) -> float:
    """The price of the coming tick over the highest value, at most 1."""
    return float(min(1.0, state.price[k] * params.value_scale))


@compiled
def clock_left(k: int, state: State, params: Params) -> float:
    """Ticks until the sale closes over the longest episode."""
    return float(max(0, state.closes[k] - state.tick[k]) / params.max_cycles)


@compiled
def still_in(k: int, i: int, state: State, params: Params) -> float:
    """1 while in the auction."""
    return float(state.standing[k, i])


@compiled
def leading(k: int, i: int, state: State, params: Params) -> float:
    """1 for the leader."""
    return 1.0 if state.leader[k] == i else 0.0


@compiled
def bidders_in(k: int, state: State, params: Params) -> float:
    """The share of bidders still in."""
    count = 0
    for i in range(state.standing.shape[1]):
        count += state.standing[k, i]
    return float(count / state.standing.shape[1])


_STANDING = {
    "still_in": Feature("still_in", "1 while in the auction; who is out may do nothing (action mask)", still_in),
    "leading": Feature("leading", "1 while holding the highest bid", leading),
}


def features(scenario: ClockScenario) -> tuple[Feature, ...]:
    """What each bidder sees; the own standing is as the mechanism has it."""
    shown: tuple[Feature, ...] = (
        Feature("value", "own private value over the highest possible value", own_value),
        Feature("price", "price asked at this tick over the highest possible value, 1 beyond it", price, shared=True),
        Feature(
            "clock_left",
            "ticks until the sale closes, as it stands, over the longest episode",
            clock_left,
            shared=True,
        ),
    )
    sees = scenario.row().sees
    shown += prior_shown(scenario) + tuple(_STANDING[name] for name in sees)
    if "still_in" in sees and scenario.feedback == "bidders_in":
        shown += (Feature("bidders_in", "share of the bidders still in the auction", bidders_in, shared=True),)
    return shown
