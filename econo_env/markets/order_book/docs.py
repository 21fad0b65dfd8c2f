"""What a market with an order book says about itself."""

from dataclasses import replace

from econo_env.docs import Docs
from econo_env.markets.order_book.kernels import action_names
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.markets.wording import page_of

_ACTIONS = {
    "share_of_value": "0 is the truth, below 0 are better terms for oneself: a buyer bids (1 + a) times the value of "
    "its next unit; a seller asks the cost of its next unit - a (highest price - cost), not below one tick",
    "amount": "the limit is (1 + a) / 2 times the highest price",
}


def docs(scenario: OrderBookScenario) -> Docs:
    """The texts of the scenario's page."""
    row = scenario.row()
    page = page_of(
        scenario,
        description=f"{scenario.num_buyers} buyers and {scenario.num_sellers} sellers of {scenario.units} unit(s) each "
        "trade through a limit order book. In each tick the agents act in an order drawn by lot, each with one limit "
        f"order of one unit. {row.summary} A new limit replaces the resting order and joins the end of its queue, the "
        "same limit keeps its place. Limits are rounded to the tick that is better for the agent; a bid below one tick "
        "is none. Who was filled earlier in the tick does not act again in it. Buyers never sell, so nobody trades "
        "with itself.",
        actions=dict.fromkeys(action_names(scenario), _ACTIONS[scenario.bids]),
        rewards="Buyers: value of the unit minus price if they trade. Sellers: price minus its cost. In credits.",
        start="An empty book; fresh values, falling with the unit, and costs, rising with it, that hold for the day.",
        tick="tick",
    )
    return replace(page, equilibrium=f"No closed form is known. {row.known_answer}")
