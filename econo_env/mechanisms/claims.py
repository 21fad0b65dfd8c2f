"""What theory promises of a mechanism, what it denies, and the theorem that leaves no other choice.

A claim is tested: `tests/properties/test_claims.py` plays the mechanism and holds it to each of them, and finds an
example against each that is denied.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Theorem:
    """An impossibility that no choice of parameters removes.

    Attributes:
        name: Its authors.
        statement: What it says.
        reference: Where it is proved.
    """

    name: str
    statement: str
    reference: str


@dataclass(frozen=True)
class Claim:
    """A property that a mechanism has, or lacks.

    Attributes:
        name: The property in the field's words.
        holds: Whether the mechanism has it.
        condition: Where it holds, in words; empty for everywhere.
        tolerance: Name of the parameter (credits) up to which it holds, such as the `increment` of a clock.
        setting: Fields of the mechanism's scenario under which the condition is met; a double underscore for the dot.
        forbidden_by: The theorem that denies the property to a mechanism that has its others.
    """

    name: str
    holds: bool = True
    condition: str = ""
    tolerance: str = ""
    setting: Mapping[str, Any] = field(default_factory=dict, hash=False)
    forbidden_by: Theorem | None = None

    def where(self, condition: str, **setting: Any) -> "Claim":
        """The claim under a condition, which those fields of the scenario meet."""
        return replace(self, condition=condition, setting=setting)

    def within(self, parameter: str) -> "Claim":
        """The claim up to a parameter of the mechanism."""
        return replace(self, tolerance=parameter)

    @property
    def fields(self) -> dict[str, Any]:
        """The setting as changes of a scenario."""
        return {name.replace("__", "."): value for name, value in self.setting.items()}

    @property
    def limits(self) -> str:
        """Tolerance and condition in words."""
        step = f"within one {self.tolerance}" if self.tolerance else ""
        return " ".join(part for part in (step, self.condition) if part)

    def __str__(self) -> str:
        """The claim in words, such as `not efficient with unequal weights`."""
        return f"{'' if self.holds else 'not '}{self.name} {self.limits}".rstrip()


def denied(claim: Claim, by: Theorem | None = None) -> Claim:
    """That the mechanism lacks the property, and the theorem that forbids it to whoever has its others."""
    return replace(claim, holds=False, forbidden_by=by)


TRUTHFUL = Claim("dominant-strategy incentive compatible")
EFFICIENT = Claim("efficient")
EFFICIENT_IN_EQUILIBRIUM = Claim("efficient in equilibrium")
EX_POST_RATIONAL = Claim("ex-post individually rational")
INTERIM_RATIONAL = Claim("interim individually rational")
NO_DEFICIT = Claim("no deficit")
BUDGET_BALANCED = Claim("budget balanced")
MONOTONE = Claim("monotone allocation")
PRICED_BY_OTHERS = Claim("prices independent of the own bid")
IN_THE_CORE = Claim("payments in the core")
FALSE_NAME_PROOF = Claim("false-name-proof")
SHILL_PROOF = Claim("proof against a shill bid placed after the bids")
PRICE_TIME_PRIORITY = Claim("price-time priority")
LOSES_THE_LEAST_TRADE = Claim("loses at most 1/q of the gains from q efficient trades")

BILATERAL_TRADE = Theorem(
    "Myerson-Satterthwaite",
    "No mechanism is at once efficient, incentive compatible, individually rational and without deficit when it is "
    "uncertain that trade is worth it.",
    "Myerson and Satterthwaite, Journal of Economic Theory 29 (1983)",
)
GROVES = Theorem(
    "Green-Laffont-Holmstrom",
    "In a mechanism that is efficient only Groves payments make truth dominant; where losers pay nothing these are "
    "VCG's, whatever the winner bids.",
    "Green and Laffont, Econometrica 45 (1977); Holmstrom, Econometrica 47 (1979)",
)
CORE = Theorem(
    "Goeree-Lien and Othman-Sandholm",
    "No incentive-compatible core-selecting auction exists in general: there is one only where VCG payments lie in "
    "the core, and it is VCG.",
    "Othman and Sandholm, AAAI 2010; Goeree and Lien, Theoretical Economics 11 (2016)",
)
FALSE_NAMES = Theorem(
    "Yokoo-Sakurai-Matsubara",
    "No efficient combinatorial auction is proof against bidders under several names.",
    "Yokoo, Sakurai and Matsubara, Games and Economic Behavior 46 (2004)",
)
DEMAND_REDUCTION = Theorem(
    "Ausubel-Cramton",
    "Where bidders want several units, equilibria of the uniform price are inefficient in almost every setting: a bid "
    "for a later unit may set the price of those before.",
    "Ausubel, Cramton, Pycia, Rostek and Weretka, Review of Economic Studies 81 (2014)",
)

SHILLS = Theorem(
    "Komo-Kominers-Roughgarden",
    "A deterministic auction has at most two of three: one simultaneous bid each, truth dominant, and a seller who "
    "gains nothing by bids of its own.",
    "Komo, Kominers and Roughgarden, Shill-proof auctions (2024)",
)

NOT_TRUTHFUL = denied(TRUTHFUL, GROVES)

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "truth dominant": {TRUTHFUL.name: "yes"},
    "efficient": {EFFICIENT.name: "yes", EFFICIENT_IN_EQUILIBRIUM.name: "in equilibrium"},
    "individually rational": {EX_POST_RATIONAL.name: "ex post", INTERIM_RATIONAL.name: "interim"},
    "budget": {NO_DEFICIT.name: "no deficit", BUDGET_BALANCED.name: "balanced"},
}
"""The columns of the table of properties and the word for each of theirs; other properties stand in a last one."""


def table_line(mechanism: str, claims: Iterable[Claim]) -> str:
    """The mechanism's line of the table of properties in docs/mechanisms.md."""
    claims = tuple(claims)
    cells = ["; ".join(_cell(c, words[c.name]) for c in claims if c.name in words) for words in COLUMNS.values()]
    others = "; ".join(str(claim) for claim in claims if claim.name not in _COLUMN_OF)
    forbidden: dict[str, list[str]] = {}
    for claim in claims:
        if claim.forbidden_by is not None:
            forbidden.setdefault(claim.forbidden_by.name, []).append(_COLUMN_OF.get(claim.name, claim.name))
    theorems = "; ".join(f"{', '.join(names)}: {theorem}" for theorem, names in forbidden.items())
    return "| " + " | ".join((f"`{mechanism}`", *cells, others, theorems)) + " |"


_COLUMN_OF = {name: column for column, words in COLUMNS.items() for name in words}


def _cell(claim: Claim, word: str) -> str:
    if claim.holds:
        said = word
    else:
        said = word.removeprefix("no ") if word.startswith("no ") else "no" if word == "yes" else f"not {word}"
    return f"{said} {claim.limits}".rstrip()
