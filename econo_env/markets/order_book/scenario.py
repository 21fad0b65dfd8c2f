"""Configuration of a market with a limit order book."""

from typing import Literal, Self

from pydantic import Field, model_validator

from econo_env.markets.built_in import one_a_rule
from econo_env.markets.double_auction.scenario import TwoSidedScenario
from econo_env.markets.feedback import check_bids_shown
from econo_env.mechanisms.parameters import tick_of
from econo_env.money import MICRO
from econo_env.scenario import Scenario

MOST_LEVELS = 1_000_000


class OrderBookScenario(TwoSidedScenario):
    """Buyers and sellers of several units place limit orders, tick by tick, in an order drawn by lot.

    Attributes:
        units: Units that each buyer wants and each seller has, with values that fall and costs that rise.
        max_cycles: Ticks of a trading day; every trader may place or replace one order in each.
        feedback: What a trader sees of the last tick: the best offers and prices of the `book`, or also
            `all_orders`, of every trader the limit and the price at which it traded.
    """

    market: Literal["order_book"] = "order_book"
    max_cycles: int = Field(16, ge=1, le=1_000_000_000)
    units: int = Field(1, ge=1, le=10_000)
    feedback: Literal["book", "all_orders"] = "book"

    @model_validator(mode="after")
    def _ladder_of_prices(self) -> Self:
        tick = round(self.tick_size * MICRO)
        if tick < 1:
            raise ValueError(f"mechanism.tick_size={self.tick_size:g} is below a micro-credit, the smallest money")
        if self.num_levels > MOST_LEVELS:
            raise ValueError(
                f"mechanism.tick_size={self.tick_size:g} makes {self.num_levels:,} price levels up to the highest "
                f"price {self.highest_value:g}: at most {MOST_LEVELS:,} are allowed, choose a larger tick_size"
            )
        check_bids_shown(self.feedback, 2 * self.num_agents)
        return self

    @property
    def tick_size(self) -> float:
        """The step between prices, in credits."""
        tick = tick_of(self.mechanism)
        if tick is None:
            raise ValueError(f"{self.mechanism.name} has no step between prices: mark the parameter as a `Tick`")
        return tick

    @property
    def num_levels(self) -> int:
        """Price levels from one tick up to the highest price."""
        return -(-round(self.highest_value * MICRO) // max(1, round(self.tick_size * MICRO)))


def built_in() -> list[Scenario]:
    """One scenario for each mechanism with a book: four buyers and four sellers of two units, U[0, 1], 16 ticks."""
    return one_a_rule(OrderBookScenario, 1, num_agents=8, units=2)
