"""What a mechanism is: a rule for one market, its parameters, its known answer, its reference; one file each."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, create_model

from econo_env.engine.levers import Lever
from econo_env.mechanisms.claims import SHILL_PROOF, Claim
from econo_env.mechanisms.own_bid import OwnBid
from econo_env.mechanisms.parameters import Adjustable
from econo_env.mechanisms.reasons import Source
from econo_env.mechanisms.rounds import SealedRound
from econo_env.money import is_money, to_money
from econo_env.settings import validated
from econo_env.table import Table
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places


class Equilibrium(Protocol):
    """A symmetric Bayes-Nash equilibrium.

    Called with the places of the values' prior, the number of bidders, and the mechanism's parameters in credits;
    returns bids by place, which are mixed where the prior has an atom.
    """

    def __call__(self, places: Places, num_bidders: int, parameters: Any) -> BidFunction:
        """The bid function.

        Raises:
            ValueError: The rule has no such equilibrium for this prior; the message says why.
        """
        ...


class ExpectedOutcome(Protocol):
    """Expected units and payment of own bids, where they depend on the own bid and on how many rivals stand above it.

    Called with own bids (credits, shape (bids,)), for each rival its chance to stand below each of them (or not to bid
    at all; independent, same shape), and the mechanism's parameters in credits.
    """

    def __call__(
        self, bids: NDArray[Any], below: Sequence[NDArray[Any]], parameters: Any
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Units and payments in credits, both of shape (bids,)."""
        ...


class Options(BaseModel):
    """A mechanism's parameters as a validated section of a scenario, amounts in credits."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str

    def __reduce__(self) -> tuple[Any, ...]:
        # the class is made from the table of mechanisms, so a pickle holds its name
        return _restore_options, (self.name, self.model_dump(mode="json"))


def _restore_options(name: str, section: dict[str, Any]) -> "Options":
    return mechanism(name).options.model_validate(section)


@dataclass(frozen=True)
class Mechanism:
    """One row of the table of mechanisms.

    Attributes:
        name: Name in scenarios and on the command line; the scenario id is this with a version, such as `_v0`.
        summary: The rule in one sentence.
        market: The kind of market that plays it, a package of `econo_env.markets`.
        rule: The compiled rule for one market.
        parameters: A NamedTuple of its parameters with defaults, amounts of money marked `Credits`.
        properties: What theory promises and denies; tested.
        known_answer: One closed form that the tests hold it to, in words.
        reference: Where the rule and the answer come from.
        equilibrium: The symmetric equilibrium bid function for independent private values, where known.
        equilibrium_under: The same under `Conditions` beyond these: risk, entry, an unknown number of rivals.
        expected_outcome: Expected units and payment against independent rivals, where the payment depends on no other
            bid: what equilibria of bidders who differ are computed from.
        truth_is_dominant: Whether bidding the value is dominant under given parameters, whoever the rivals are.
        example: Parameters of the scenario that carries the mechanism's name, where not the defaults.
        setting: Other fields of that scenario, where not the market's defaults.
        sources: What a payment can be: explanations say the first that gives it, else that it is by the rule.
        own_bid: What an own bid comes to by a few numbers, where that is so; else each is cleared.
        losers_pay: Whether bidders who win nothing pay too.
        chances: Of a contest, in which a draw decides: each bidder's chance, shape (n,), given the parameters.
        own_chance: The same for bidder i in compiled loops, `(i, bids, allocation, params, weights)`: bids in whole
            micro-credits (n,), -1 for none; weights in thousandths; the allocation is not looked at.
        charges_at_most_bids: Whether nobody ever pays more than it bid, given the parameters: an economy has to know
            before the clearing what a bid can cost.
        reversible: Whether it also makes sense as procurement: only winners pay.
        reverse_setting: Further fields of its procurement scenario.
        under_shill_bids: Where it is not shill-proof, given the parameters: the section of the mechanism that the game
            turns into when the seller bids last, where known; may raise ValueError with the reason.
    """

    name: str
    summary: str
    market: str
    rule: Callable[..., Any]
    parameters: type[Any]
    claims: tuple[Claim, ...]
    known_answer: str
    reference: str
    equilibrium: Equilibrium | None = None
    equilibrium_under: Callable[..., BidFunction] | None = None
    expected_outcome: ExpectedOutcome | None = None
    truth_is_dominant: Callable[[Any], bool] = lambda _: False
    example: Mapping[str, Any] = field(default_factory=dict)
    setting: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[Source[Any], ...] = ()
    own_bid: OwnBid | None = None
    losers_pay: bool = False
    chances: Callable[[SealedRound, Any], NDArray[np.float64]] | None = None
    own_chance: Callable[..., float] | None = None
    charges_at_most_bids: Callable[[Any], bool] = lambda _: True
    reversible: bool = False
    reverse_setting: Mapping[str, Any] = field(default_factory=dict)
    under_shill_bids: Callable[[Any], Mapping[str, Any]] | None = None

    @property
    def promises(self) -> str:
        """The properties in words."""
        return "; ".join(map(str, self.claims))

    @property
    def shill_proof(self) -> bool:
        """Whether a seller who sees the bids never gains by one of its own."""
        return SHILL_PROOF in self.claims

    @cached_property
    def options(self) -> type[Options]:
        """The parameters as a validated section of a scenario, amounts in credits."""
        hints = get_type_hints(self.parameters, include_extras=True)
        fields: dict[str, Any] = {"name": (Literal[self.name], self.name)} | {
            name: (hints[name], self.parameters._field_defaults[name]) for name in self.parameters._fields
        }
        return create_model(f"{self.name}_options", __base__=Options, **fields)

    @cached_property
    def levers(self) -> tuple[Lever, ...]:
        """Its parameters that may be moved: those marked `Adjustable`."""
        return tuple(
            Lever(f"mechanism.{name}", (f"rule.{name}",), mark.meaning, money=is_money(info.metadata))
            for name, info in self.options.model_fields.items()
            for mark in info.metadata
            if isinstance(mark, Adjustable)
        )

    def closed_form(self, places: Places, num_bidders: int, parameters: object) -> BidFunction:
        """Its equilibrium, where callers have asked whether one is known; see `Equilibrium`."""
        assert self.equilibrium is not None
        return self.equilibrium(places, num_bidders, parameters)

    def params(self, options: Options) -> Any:
        """The parameters as the compiled rule takes them: credits as int64 micro-credits, choices as numbers."""
        values, given = {}, dict(options)
        for name in self.parameters._fields:
            value = given[name]
            if is_money(self.options.model_fields[name].metadata):
                value = to_money(value)
            values[name] = value if isinstance(value, float) else int(value)
        return self.parameters(**values)


def _own() -> list[Mechanism]:
    package = importlib.import_module("econo_env.mechanisms")
    modules = (importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__))
    rows = [vars(module)["MECHANISM"] for module in modules if "MECHANISM" in vars(module)]
    return sorted(rows, key=lambda row: row.name)


MECHANISMS: Table[Mechanism] = Table("mechanism", "econo_env.mechanisms", _own, Mechanism)


def register_mechanism(row: Mechanism) -> Mechanism:
    """Makes a rule known: in scenarios, `econo-env clear`, and as a built-in scenario of its kind of market.

    Raises:
        TypeError: It is no `Mechanism`.
        ValueError: Another mechanism has its name.
    """
    return MECHANISMS.register(row)


def mechanisms() -> Mapping[str, Mechanism]:
    """Every mechanism by name: each module of this package that holds a `MECHANISM`, and those registered."""
    return MECHANISMS.rows()


def mechanism(name: str) -> Mechanism:
    """The mechanism of that name.

    Raises:
        ValueError: There is none; the message lists those there are.
    """
    return MECHANISMS.row(name)


def rules_of(market: str) -> list[Mechanism]:
    """The mechanisms of a kind of market."""
    return [row for row in mechanisms().values() if row.market == market]


def reversible_names(market: str) -> str:
    """The mechanisms of that kind of market that have a procurement form, listed."""
    return ", ".join(row.name for row in rules_of(market) if row.reversible)


def options_of(section: Any, market: str) -> Options:
    """The validated `mechanism` section of a scenario of that kind of market.

    Raises:
        ValueError: No name, an unknown one, a mechanism of another market, or a parameter that is off.
    """
    if isinstance(section, BaseModel):
        section = section.model_dump(mode="json")
    if not isinstance(section, dict) or "name" not in section:
        raise ValueError("give the mechanism as a section with its name, such as {name: first_price}")
    row = mechanism(section["name"])
    if row.market != market:
        allowed = ", ".join(other.name for other in mechanisms().values() if other.market == market)
        raise ValueError(f"{row.name!r} is played in a {row.market} market; mechanisms of a {market} are {allowed}")
    return validated(row.options, section)
