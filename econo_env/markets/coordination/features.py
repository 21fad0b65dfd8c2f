"""What agents see of a coordination market; the banned see zeros."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.markets.coordination.auctions import AUCTION_TYPES
from econo_env.markets.coordination.scenario import CoordinationScenario
from econo_env.markets.coordination.state import Params, State
from econo_env.markets.features import has_won, rounds_left
from econo_env.markets.task_market.features import own_cost, own_reliability, value_of_task


@compiled
def waiting(k: int, state: State, params: Params) -> float:
    """Requests that wait over the most that can."""
    return float(state.demand[k] / max(params.most_waiting, params.waiting))


@compiled
def market_price(k: int, state: State, params: Params) -> float:
    """The market price over the highest pay."""
    return float(min(1.0, state.market_price[k] / params.highest_pay))


@compiled
def least_owed(k: int, state: State, params: Params) -> float:
    """What the holder of a task owes at least, over the highest pay."""
    return float(min(1.0, state.reserve[k] / params.highest_pay))


@compiled
def clock_price(k: int, state: State, params: Params) -> float:
    """The price of the coming tick over the highest pay."""
    return float(min(1.0, state.price[k] / params.highest_pay))


@compiled
def still_in(k: int, i: int, state: State, params: Params) -> float:
    """1 while in the auction of the request on offer."""
    return 1.0 if state.offered[k] and state.standing[k, i] != 0 else 0.0


@compiled
def tasks_left(k: int, state: State, params: Params) -> float:
    """Tasks of the request that nobody holds, over its supply."""
    return float(state.left[k] / params.rule.supply) if state.offered[k] else 0.0


@compiled
def owed(k: int, i: int, state: State, params: Params) -> float:
    """What is owed for the tasks won last over the highest pay."""
    return float(min(1.0, state.owes[k, i] / params.highest_pay))


_ALWAYS = (
    Feature("cost", "own cost of a task at full effort as a share of its value, over the highest share", own_cost),
    Feature("reliability", "own chance of success at full effort", own_reliability),
    Feature("task_value", "the value of a task of the request over the highest", value_of_task, shared=True),
    Feature("ticks_left", "share of the episode to come", rounds_left, shared=True),
    Feature("demand", "requests that wait, over the most that can", waiting, shared=True),
    Feature(
        "market_price", "price that follows what holders of tasks owe, over the highest pay", market_price, shared=True
    ),
    Feature("reserve", "what the holder of a task owes at least, over the highest pay", least_owed, shared=True),
    Feature("won", "1 if something was won in the last tick", has_won, rare=True),
    Feature("owed", "what is owed for it, over the highest pay", owed, rare=True),
)
_OF_A_CLOCK = (
    Feature("price", "price that the clock asks at this tick, over the highest pay", clock_price, shared=True),
    Feature("left", "tasks of the request that nobody holds yet, over its supply", tasks_left, shared=True),
    Feature("still_in", "1 while in the auction of the request; who is out may do nothing", still_in),
)

ARRANGED = (
    *("cost", "reliability", "task_value", "ticks_left", "demand", "market_price", "reserve"),
    *("free_money", "reputation", "reputation_bound", "eligible", "open", "rivals"),
    *("won", "grade", "owed", "price", "left", "still_in"),
)
"""The order of an observation, with what is seen of the parts of the economy; all lie in [0, 1]."""

COST, RELIABILITY, TASK_VALUE = (ARRANGED.index(name) for name in ("cost", "reliability", "task_value"))


def features(scenario: CoordinationScenario) -> tuple[Feature, ...]:
    """What each agent sees of the market itself; a clock shows its price."""
    return _ALWAYS + (_OF_A_CLOCK if AUCTION_TYPES[scenario.auction_type].clock else ())
