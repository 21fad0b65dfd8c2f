"""Configuration of a combinatorial market."""

from functools import cached_property
from typing import Literal, Self

from pydantic import model_validator

from econo_env.markets.built_in import one_a_rule
from econo_env.mechanisms.combinatorial.small import LARGEST_SMALL_GAME
from econo_env.scenario import Scenario
from econo_env.valuations.bundle_values import AnyBundleValues, LocalGlobal
from econo_env.valuations.xor_bids import XorBids


class CombinatorialScenario(Scenario):
    """XOR bids for bundles, private values.

    Attributes:
        mechanism: `{name: combinatorial, payment: nearest_vcg}`.
        bundle_values: Who wants what, and what it is worth: `local_global`, `single_minded`, `additive`, `complements`
            or `substitutes`, each with its parameters (`econo_env.valuations.bundle_values`).
        bids: What an action means: `share_of_value`, (1 + a) times the own value of the bundle, so that 0 is the
            truth; or `amount`, (1 + a) times the highest value of all.
        feedback: What a bidder sees of the last round: `nothing`, its `own_result`, or also the `winning_bid`, the
            highest one, or its own result and `all_bids`.
    """

    market: Literal["combinatorial"] = "combinatorial"
    bundle_values: AnyBundleValues = LocalGlobal()
    bids: Literal["share_of_value", "amount"] = "share_of_value"
    feedback: Literal["nothing", "own_result", "winning_bid", "all_bids"] = "own_result"

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if said := self.bundle_values.misfit(self.num_agents):
            raise ValueError(said)
        items = self.bundle_values.num_items(self.num_agents)
        if items > LARGEST_SMALL_GAME:
            raise ValueError(f"{items} items: a market clears up to {LARGEST_SMALL_GAME}, sell fewer")
        return self

    @cached_property
    def offers(self) -> XorBids:
        """Who may bid on what; the amounts are the highest values.

        Where bundles are drawn, the offer stands for the bundle of the round; its items here are all of them.
        """
        return self.bundle_values.offers(self.num_agents)

    @property
    def ticks_hang_together(self) -> bool:
        """Only through what is shown of the last round: values are drawn afresh in each."""
        return self.max_cycles > 1 and (self.feedback != "nothing" or self.economy is not None)

    @property
    def bundles_each(self) -> int:
        """Bundles that a bidder bids on."""
        return len(self.offers.amount) // self.num_agents

    @property
    def num_locals(self) -> int:
        """Local bidders, who come first; 0 where values are not local-global."""
        values = self.bundle_values
        return values.num_locals(self.num_agents) if isinstance(values, LocalGlobal) else 0

    @property
    def correlation(self) -> float:
        """Chance that the locals share one draw."""
        return self.bundle_values.correlation if isinstance(self.bundle_values, LocalGlobal) else 0.0


def built_in() -> list[Scenario]:
    """The local-global game with two locals for each combinatorial mechanism, its name with `_v1`."""
    return one_a_rule(CombinatorialScenario, 1, num_agents=3)
