"""Configuration of a sequential sale."""

from typing import Literal

from econo_env.markets.built_in import one_a_rule
from econo_env.markets.sealed_bid.scenario import PlainBidsScenario
from econo_env.scenario import Scenario


class SequentialScenario(PlainBidsScenario):
    """Identical units sold one after another to bidders who want one each; a winner leaves.

    `max_cycles` is the number of units, one a round. Values are drawn once and hold for the episode. A winner has left:
    its action mask is off and its bids do not count, until the sale ends for everybody.

    Attributes:
        mechanism: `{name: sequential_first_price, reserve: 0.0}`: a mechanism of the table, amounts in credits.
        values: The prior of every bidder's value, or a list of one for each bidder.
        weights: None: bids are ranked as they are.
        bids: What the action means: `share_of_value`, (1 + a) times the own value, so that 0 is the truth; or
            `amount`, (1 + a) times the highest value.
        feedback: What bidders see of the last round: `nothing` but who left, its `price`, or also the `winning_bid`,
            or the price and `all_bids`.
    """

    market: Literal["sequential"] = "sequential"  # type: ignore[assignment]  # the sealed bid form, but its own kind
    weights: None = None
    feedback: Literal["nothing", "price", "winning_bid", "all_bids"] = "price"  # type: ignore[assignment]  # a loser sees a price

    @property
    def ticks_hang_together(self) -> bool:
        """Winners leave, so what is bid in one round decides who is there in the next."""
        return self.max_cycles > 1


def built_in() -> list[Scenario]:
    """One scenario for each sequential sale: three bidders, U[0, 1], two units."""
    return one_a_rule(SequentialScenario, 0, num_agents=3, max_cycles=2)
