"""Configuration of a combinatorial market."""

from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from econo_env.mechanisms.base import Options, mechanisms, options_of
from econo_env.mechanisms.combinatorial.small import LARGEST_SMALL_GAME
from econo_env.scenario import Scenario
from econo_env.valuations.bundles import local_global
from econo_env.valuations.xor_bids import XorBids

MARKET = "combinatorial"


class CombinatorialScenario(Scenario):
    """Local bidders want parts, global bidders want more: XOR bids for bundles, private uniform values.

    Attributes:
        mechanism: `{name: combinatorial, payment: nearest_vcg}`.
        game: `LLG`, all bidders but the last are local, each wants one item of its own, and the last is global and
            wants all of them; or `LLLLGG`, four locals on a ring of eight items want either of two overlapping pairs,
            two globals want either of two halves. A local values a bundle by U[0, 1], a global one by U[0, 2] (in LLG
            U[0, number of locals]).
        correlation: Chance that all local values of a round are one and the same draw, from 0 to 1; gamma in the
            literature. LLG only.
        bids: What an action means: `share_of_value`, (1 + a) times the own value of the bundle, so that 0 is the
            truth; or `amount`, (1 + a) times the highest value of all.
        feedback: What a bidder sees of the last round: `nothing` or its `own_result`.
    """

    module: ClassVar[str] = "econo_env.markets.combinatorial"

    market: Literal["combinatorial"] = "combinatorial"
    mechanism: SerializeAsAny[Options]
    game: Literal["LLG", "LLLLGG"] = "LLG"
    correlation: float = Field(0.0, ge=0.0, le=1.0)
    bids: Literal["share_of_value", "amount"] = "share_of_value"
    feedback: Literal["nothing", "own_result"] = "own_result"

    @field_validator("mechanism", mode="before")
    @classmethod
    def _of_the_table(cls, section: Any) -> Options:
        return options_of(section, MARKET)

    @model_validator(mode="after")
    def _fits_the_game(self) -> Self:
        if self.game == "LLG" and not 2 <= self.num_agents <= LARGEST_SMALL_GAME + 1:
            raise ValueError(
                f"{self.num_agents} bidders: LLG has 1 to {LARGEST_SMALL_GAME} local bidders and one global bidder"
            )
        if self.game == "LLLLGG" and self.num_agents != 6:
            raise ValueError(f"{self.num_agents} bidders: LLLLGG has 6, four locals and two globals")
        if self.game == "LLLLGG" and self.correlation > 0:
            raise ValueError(f"correlation = {self.correlation}: values of LLLLGG are independent, give 0")
        return self

    @cached_property
    def offers(self) -> XorBids:
        """Who may bid on what; the amounts are the highest values."""
        return local_global(self.num_agents - 1 if self.game == "LLG" else 4, ring=self.game == "LLLLGG")

    @property
    def bundles_each(self) -> int:
        """Bundles that a bidder bids on."""
        return len(self.offers.amount) // self.num_agents

    @property
    def num_locals(self) -> int:
        """Local bidders; they come first."""
        return self.num_agents - 1 if self.game == "LLG" else 4


SCENARIO = CombinatorialScenario


def built_in() -> list[Scenario]:
    """The local-global game with two locals for each combinatorial mechanism, its name with `_v0`."""
    rows = [row for row in mechanisms().values() if row.market == MARKET]
    return [
        CombinatorialScenario(id=f"{row.name}_v0", num_agents=3, mechanism={"name": row.name, **row.example})
        for row in rows
    ]
