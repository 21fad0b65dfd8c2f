"""What traders see of a market with an order book."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature, each_of
from econo_env.markets.double_auction.features import SELLER, paid
from econo_env.markets.features import has_won, rounds_left
from econo_env.markets.order_book.kernels import Params, State
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.mechanisms.continuous_double_auction import ASK, BID, NO_ORDER


@compiled
def next_value(k: int, i: int, state: State, params: Params) -> float:
    """The value or cost of the next own unit over the highest price; 0 without one."""
    traded = state.traded[k, i]
    return float(state.values[k, i, traded] * params.value_scale) if traded < params.units else 0.0


@compiled
def units_left(k: int, i: int, state: State, params: Params) -> float:
    """The share of the own units not yet traded."""
    return float((params.units - state.traded[k, i]) / params.units)


@compiled
def over_highest(level: int, params: Params) -> float:
    """The price of a level of the book over the highest price, at most 1."""
    return min(1.0, level * params.tick_size * params.value_scale)


@compiled
def best_bid(k: int, state: State, params: Params) -> float:
    """The highest resting bid; 0 for none."""
    return over_highest(int(state.best[k, BID]), params)


@compiled
def best_ask(k: int, state: State, params: Params) -> float:
    """The lowest resting ask; 1 for none."""
    return over_highest(int(state.best[k, ASK]), params) if state.best[k, ASK] != NO_ORDER else 1.0


@compiled
def last_price(k: int, state: State, params: Params) -> float:
    """The price of the last trade of the day; 0 for none."""
    return float(min(1.0, state.last_price[k] * params.value_scale))


@compiled
def own_order(k: int, i: int, state: State, params: Params) -> float:
    """The limit of the own resting order; 0 for none."""
    return over_highest(int(state.level[k, i]), params)


@compiled
def order_placed(k: int, j: int, state: State, params: Params) -> float:
    """The limit of the last tick's order of agent j over the highest price; 0 for none."""
    return float(min(1.0, max(state.orders[k, j], 0) * params.value_scale))


@compiled
def price_traded(k: int, j: int, state: State, params: Params) -> float:
    """The price at which agent j traded in the last tick over the highest price; 0 if it did not."""
    return float(min(1.0, abs(state.award.pays[k, j]) * params.value_scale))


_FEATURES = (
    Feature("value", "value or cost of the next own unit over the highest price, 0 without one", next_value),
    Feature("rounds_left", "share of the day to come", rounds_left, shared=True),
    SELLER,
    Feature("units_left", "share of the own units not yet traded", units_left),
    Feature("best_bid", "highest resting bid over the highest price, 0 for none", best_bid, shared=True),
    Feature("best_ask", "lowest resting ask over the highest price, 1 for none", best_ask, shared=True),
    Feature("last_price", "price of the day's last trade over the highest price, 0 for none", last_price, shared=True),
    Feature("own_order", "limit of the own resting order over the highest price, 0 for none", own_order),
    Feature("traded", "1 if a unit was bought or sold in the last tick", has_won),
    Feature("paid", "price of that trade over the highest price", paid),
)


def _all_orders(agents: int) -> tuple[Feature, ...]:
    limits, prices = "limit of the last tick's order of agent", "price at which in the last tick traded agent"
    placed = [(f"limit_of_{j}", f"{limits} {j} over the highest price, 0 for none") for j in range(agents)]
    traded = [(f"price_of_{j}", f"{prices} {j} over the highest price, 0 for none") for j in range(agents)]
    return each_of(placed, order_placed, shared=True) + each_of(traded, price_traded, shared=True)


def features(scenario: OrderBookScenario) -> tuple[Feature, ...]:
    """What each trader sees."""
    return _FEATURES + (_all_orders(scenario.num_agents) if scenario.feedback == "all_orders" else ())
