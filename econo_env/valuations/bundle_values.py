"""What bundles are worth to the bidders of a combinatorial market: local-global, single-minded, and by the item.

Each kind is a section of a scenario, such as `{name: complements, items: 4, synergy: 0.2}`. It says who may bid on what
(XOR bids, up to 20 bundles a bidder) and how values are drawn; the engine's side of the drawing is
`econo_env.markets.combinatorial.drawing`, what bundles come to `bundle_worth`.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from econo_env.agents import BIDDER
from econo_env.engine.state import Float64s
from econo_env.money import LARGEST_CREDITS, MICRO
from econo_env.valuations.bundles.local_global import local_global
from econo_env.valuations.drawing import DrawTables, draw_tables
from econo_env.valuations.priors import AnyPrior, Uniform
from econo_env.valuations.xor_bids import XorBids, xor_bids

MOST_BUNDLES = 20
"""Bundles that a bidder may bid on."""

_MASK_BITS = 62

Bundles = tuple[tuple[int, ...], ...]


class Drawing(NamedTuple):
    """How values are drawn from a prior, as the compiled kernels take it.

    The value of a bundle is the sum of its items' values, best first, the second weighted by `later`, the third by its
    square and so on, times `size_factor` of the number of items; or one draw times that factor.
    """

    quantiles: DrawTables  # micro-credits
    by_item: bool  # every item has a value of its own
    random_bundles: bool  # what a bidder wants is drawn too
    size_factor: Float64s  # (items + 1,)
    later: float


class BundleValues(BaseModel):
    """A kind of values.

    Attributes:
        by_item: Whether every item has a value to every bidder, from which those of bundles follow.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    by_item: ClassVar[bool] = False

    name: str

    @property
    def random_bundles(self) -> bool:
        """Whether the bundle that a bidder wants is drawn anew every round."""
        return False

    @property
    def played(self) -> str:
        """What is played: this kind, or the game of it that is chosen."""
        return self.name

    def num_items(self, num_bidders: int) -> int:
        """Items for sale."""
        raise NotImplementedError

    def misfit(self, num_bidders: int) -> str | None:
        """What is wrong with that number of bidders, or None."""
        return None

    def offers(self, num_bidders: int) -> XorBids:
        """Who may bid on what, as many bundles each; the amounts are the highest values."""
        raise NotImplementedError

    def drawing(self) -> Drawing | None:
        """How values are drawn from a prior; None for local-global, which is uniform."""
        return None

    def roles(self, num_bidders: int) -> tuple[tuple[int, ...], ...]:
        """Bidders grouped by what they may bid on."""
        return (tuple(range(num_bidders)),)

    def sides(self, num_bidders: int) -> tuple[str, ...]:
        """What each bidder is called: `bidder`, or by the part that it has in a game."""
        return (BIDDER,) * num_bidders


class LocalGlobal(BundleValues):
    """Local bidders want parts, global bidders more: Ausubel and Milgrom (2002), Bosshard et al. (2020).

    Attributes:
        game: `LLG`, all bidders but the last are local, each wants one item of its own, and the last is global and
            wants all of them; or `LLLLGG`, four locals on a ring of eight items want either of two overlapping pairs,
            two globals want either of two halves. A local values a bundle by U[0, 1], a global one by U[0, 2] (in LLG
            U[0, number of locals]).
        correlation: Chance that all local values of a round are one and the same draw, from 0 to 1; gamma in the
            literature. LLG only.
    """

    name: Literal["local_global"] = "local_global"
    game: Literal["LLG", "LLLLGG"] = "LLG"
    correlation: float = Field(0.0, ge=0.0, le=1.0)

    @property
    def played(self) -> str:
        return self.game

    def misfit(self, num_bidders: int) -> str | None:
        if self.game == "LLG" and num_bidders < 2:
            return f"{num_bidders} bidders: LLG has at least one local bidder and one global bidder"
        if self.game == "LLLLGG" and num_bidders != 6:
            return f"{num_bidders} bidders: LLLLGG has 6, four locals and two globals"
        if self.game == "LLLLGG" and self.correlation > 0:
            return f"correlation = {self.correlation}: values of LLLLGG are independent, give 0"
        return None

    def num_items(self, num_bidders: int) -> int:
        return num_bidders - 1 if self.game == "LLG" else 8

    def num_locals(self, num_bidders: int) -> int:
        """Local bidders; they come first."""
        return num_bidders - 1 if self.game == "LLG" else 4

    def offers(self, num_bidders: int) -> XorBids:
        return local_global(self.num_locals(num_bidders), ring=self.game == "LLLLGG")

    def roles(self, num_bidders: int) -> tuple[tuple[int, ...], ...]:
        agents, locals_ = tuple(range(num_bidders)), self.num_locals(num_bidders)
        return agents[:locals_], agents[locals_:]

    def sides(self, num_bidders: int) -> tuple[str, ...]:
        locals_ = self.num_locals(num_bidders)
        return ("local",) * locals_ + ("global",) * (num_bidders - locals_)


class _OnItems(BundleValues):
    """Values drawn from a prior for a number of items."""

    items: int = Field(3, ge=1, le=_MASK_BITS)
    prior: AnyPrior = Uniform()
    bundles: Bundles | None = None

    @model_validator(mode="after")
    def _bundles_exist(self) -> Self:
        for bundle in self.bundles or ():
            if not bundle or len(set(bundle)) != len(bundle) or not all(0 <= item < self.items for item in bundle):
                raise ValueError(
                    f"bundle {list(bundle)}: name one or more of the items 0 to {self.items - 1}, each at most once"
                )
        if self.prior.highest * self.items * float(self._size_factors().max()) > LARGEST_CREDITS:
            raise ValueError("the highest value would leave the range of money: rescale the prior to smaller credits")
        return self

    def num_items(self, num_bidders: int) -> int:
        return self.items

    def _size_factors(self) -> Float64s:
        """What a bundle of 0, 1, ... items multiplies its items' sum or its draw with, shape (items + 1,)."""
        return np.ones(self.items + 1)

    def _later(self) -> float:
        return 1.0

    def drawing(self) -> Drawing:
        tables = draw_tables([self.prior.quantile_table()], float(MICRO))
        return Drawing(tables, self.by_item, self.random_bundles, self._size_factors(), self._later())

    def _highest(self, size: int) -> int:
        """The highest value of a bundle of that size in micro-credits."""
        weights = self._later() ** np.arange(size) if self.by_item else np.ones(1)
        return int(np.floor(self.prior.highest * MICRO * weights.sum() * self._size_factors()[size] + 0.5))


class SingleMinded(_OnItems):
    """Every bidder wants one bundle, worth a draw of the prior times the number of its items to the power `exponent`.

    Attributes:
        items: Items for sale.
        prior: Of the draw, the same for all, in credits.
        exponent: 0: larger bundles are worth no more; 1: as much an item.
        bundles: What each bidder wants, items by number from 0, one bundle a bidder: known to all. Without, every
            round draws for every bidder any of the 2^items - 1 bundles with equal chance, which only it sees.
    """

    name: Literal["single_minded"] = "single_minded"
    exponent: float = Field(1.0, ge=0.0, le=4.0)

    @property
    def random_bundles(self) -> bool:
        return self.bundles is None

    def _size_factors(self) -> Float64s:
        return np.asarray(np.maximum(np.arange(self.items + 1.0), 1.0) ** self.exponent)

    def misfit(self, num_bidders: int) -> str | None:
        if self.bundles is not None and len(self.bundles) != num_bidders:
            return f"bundles lists {len(self.bundles)} bundles for {num_bidders} bidders: give one each"
        return None

    def offers(self, num_bidders: int) -> XorBids:
        wanted = self.bundles or (tuple(range(self.items)),) * num_bidders
        rows = [(i, bundle, self._highest(len(bundle))) for i, bundle in enumerate(wanted)]
        return xor_bids(rows, self.items, num_bidders)

    def roles(self, num_bidders: int) -> tuple[tuple[int, ...], ...]:
        if self.bundles is None:
            return super().roles(num_bidders)
        wanted = [frozenset(bundle) for bundle in self.bundles]
        groups = {bundle: tuple(i for i, own in enumerate(wanted) if own == bundle) for bundle in wanted}
        return tuple(groups.values())


class _ByItem(_OnItems):
    """Every item has a value to every bidder, and those of bundles follow."""

    by_item: ClassVar[bool] = True

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if self.bundles is not None and not 1 <= len(self.bundles) <= MOST_BUNDLES:
            raise ValueError(f"bundles lists {len(self.bundles)} bundles: give 1 to {MOST_BUNDLES}")
        return self

    def offers(self, num_bidders: int) -> XorBids:
        bundles = offered_bundles(self.items) if self.bundles is None else self.bundles
        rows = [(i, bundle, self._highest(len(bundle))) for i in range(num_bidders) for bundle in bundles]
        return xor_bids(rows, self.items, num_bidders)


class Additive(_ByItem):
    """A bundle is worth the sum of its items' values.

    Attributes:
        items: Items for sale.
        prior: Of the value of each item to each bidder, independent, in credits.
        bundles: What every bidder may bid on, items by number from 0, at most 20 bundles. By default all bundles up to
            four items; with more, the runs of 1, 2, ... neighbours on a ring as long as there is room, and the whole.
    """

    name: Literal["additive"] = "additive"


class Complements(_ByItem):
    """Items are worth more together: the sum of their values times 1 + synergy * (number of items - 1).

    The form of the global synergies of Goeree and Holt (2010), who use 0.2. `items`, `prior` and `bundles` as in
    `Additive`.

    Attributes:
        synergy: What each further item adds to the worth of all.
    """

    name: Literal["complements"] = "complements"
    synergy: float = Field(0.2, ge=0.0, le=10.0)

    def _size_factors(self) -> Float64s:
        return 1.0 + self.synergy * np.maximum(np.arange(self.items + 1.0) - 1.0, 0.0)


class Substitutes(_ByItem):
    """Items are worth less together: the best one counts in full, each next one `later` times as much as that before.

    With 0 a bidder needs one item (unit demand), with 1 values are additive. A bundle is worth the best assignment of
    its items to uses of falling weight, so items are gross substitutes (Lehmann, Lehmann and Nisan 2006): with bids on
    all bundles VCG payments lie in the core (Ausubel and Milgrom 2002). `items`, `prior` and `bundles` as in
    `Additive`.

    Attributes:
        later: Weight of the second best item over that of the best, and so on, from 0 to 1.
    """

    name: Literal["substitutes"] = "substitutes"
    later: float = Field(0.5, ge=0.0, le=1.0)

    def _later(self) -> float:
        return self.later


def offered_bundles(num_items: int) -> Sequence[tuple[int, ...]]:
    """All bundles of four items; of more, runs of neighbours on a ring, shortest first, and the whole: up to 20."""
    if 2**num_items - 1 <= MOST_BUNDLES:
        return [tuple(m for m in range(num_items) if mask >> m & 1) for mask in range(1, 2**num_items)]
    sizes = range(1, 1 + (MOST_BUNDLES - 1) // num_items)
    runs = [tuple(sorted((start + i) % num_items for i in range(size))) for size in sizes for start in range(num_items)]
    return [*runs, tuple(range(num_items))]


AnyBundleValues = Annotated[
    LocalGlobal | SingleMinded | Additive | Complements | Substitutes, Field(discriminator="name")
]
"""The section of a scenario that says what bundles are worth."""
