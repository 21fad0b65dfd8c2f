"""The section `economy.breakers` of a scenario, and the constants that it comes to."""

from itertools import pairwise
from typing import Literal, NamedTuple

from pydantic import Field, model_validator

from econo_env.economy.breakers.bands import MOVE, NO_BAND, PPM, TIER_1, TIER_2
from econo_env.economy.breakers.calls import CallRules
from econo_env.economy.breakers.halts import CLIP, FOLLOW, WIDEN, Rules
from econo_env.economy.breakers.levels import Levels
from econo_env.economy.part import Section
from econo_env.money import LARGEST_CREDITS, Credits, to_money
from econo_env.scenario import Scenario

LONGEST = 1_000_000
"""Ticks that a halt can take at most."""

_TIERS = {None: NO_BAND, 1: TIER_1, 2: TIER_2}
_REOPENINGS = {"clip": CLIP, "widen": WIDEN, "follow": FOLLOW}


class SystemicSection(Section):
    """Measures of the whole market that halt it; null leaves one out.

    Attributes:
        window: Ticks that rates are taken over, halted ones aside.
        least: Cases below which a rate tells nothing; for volatility, prices.
        failures: Share of awards from which their winner walked away.
        volatility: Range of the prices of the reference over their mean.
        missed: Share of the ticks with bids in which nothing was sold and kept.
        reputation: Mean reputation below which the market halts.
        halt: Ticks of such a halt.
    """

    window: int = Field(32, ge=1, le=1_000)
    least: int = Field(8, ge=1, le=1_000_000)
    failures: float | None = Field(None, gt=0.0, lt=1.0)
    volatility: float | None = Field(None, gt=0.0, le=100.0)
    missed: float | None = Field(None, gt=0.0, lt=1.0)
    reputation: float | None = Field(None, gt=0.0, lt=1.0)
    halt: int = Field(8, ge=1, le=LONGEST)


class CallsSection(Section):
    """The breaker of a market whose winners fail one after another.

    Attributes:
        failures: Awards in a row from which their winner walked away.
        open: Ticks of the halt.
        successes: Awards kept that close it, of agents that may bid while it is half-open.
        probes: Agents that may bid in such a tick, by turns.
    """

    failures: int = Field(5, ge=1, le=1_000_000)
    open: int = Field(30, ge=1, le=LONGEST)
    successes: int = Field(3, ge=1, le=1_000_000)
    probes: int = Field(1, ge=1, le=1_000_000)


class BreakersSection(Section):
    """When trading halts, and how it begins again.

    Attributes:
        move: How far a price may be from the mean of the last ones, as a share of it; a trade beyond is voided. Null
            for no band, or the band of `tier`.
        tier: 1 or 2: the band of the limit-up limit-down plan, one credit for one dollar, in place of `move`.
        double_first: Ticks at the start of an episode in which the band is twice as wide.
        double_last: Ticks at its end.
        reference: Credits: the price known when a session opens, such as the last one of the day before. The band lies
            around it until something is sold, and levels are falls from it; 0 for none. Where an episode is one sale
            there is no other.
        window: Prices that the reference is the mean of.
        limit: Rejected trades in a row that halt the market.
        halt: Ticks of such a halt.
        collar: The band of the calls that reopen a market, around the last reference.
        reopening: What a call beyond the collar changes: `widen` makes the collar wider by itself each time, `follow`
            moves the reference to its end, `clip` opens with the reference at its end (the published rule, which halts
            again at once after a large move).
        extensions: Calls after the first until the market opens with no reference.
        least_open: Ticks that it stays open at least, so that halts do not flap.
        levels: Three falls from the session's first price: the first and second halt, the third ends the session; null
            for none. The price of a falling clock is what it asks.
        level_halt: Ticks of those halts.
        last_part: Share of the session, at its end, in which levels 1 and 2 do not halt.
        systemic: Measures of the whole market; null for none.
        calls: A breaker for awards that fail one after another; null for none.
        books: Whether a breach of the ledger halts the market for good.
        charge: Credits that each agent pays to the treasury whose trade is voided, as far as it has them.
    """

    move: float | None = Field(0.25, gt=0.0, le=100.0)
    tier: Literal[1, 2] | None = None
    double_first: int = Field(0, ge=0)
    double_last: int = Field(0, ge=0)
    reference: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e3)
    window: int = Field(16, ge=1, le=1_000)
    limit: int = Field(3, ge=1, le=LONGEST)
    halt: int = Field(8, ge=1, le=LONGEST)
    collar: float = Field(0.5, gt=0.0, le=100.0)
    reopening: Literal["widen", "follow", "clip"] = "widen"
    extensions: int = Field(4, ge=0, le=9)
    least_open: int = Field(3, ge=1, le=LONGEST)
    levels: tuple[float, float, float] | None = None
    level_halt: int = Field(15, ge=1, le=LONGEST)
    last_part: float = Field(0.1, ge=0.0, le=1.0)
    systemic: SystemicSection | None = None
    calls: CallsSection | None = None
    books: bool = True
    charge: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e3)

    @model_validator(mode="after")
    def _levels_rise(self) -> "BreakersSection":
        if self.levels is not None and not all(low < high for low, high in pairwise((0.0, *self.levels, 1.0))):
            raise ValueError(f"levels = {list(self.levels)}: give three rising falls between 0 and 1, as 0.07")
        if self.tier is not None and "move" in self.model_fields_set and self.move is not None:
            raise ValueError("tier takes the place of move: leave one of the two out")
        return self


class Measures(NamedTuple):
    """Constants of the systemic triggers; None compiles one away."""

    failures: int | None  # parts per million, as the others
    volatility: int | None
    missed: int | None
    reputation: int | None
    least: int
    halt: int


class Params(NamedTuple):
    """Constants of the part."""

    rules: Rules
    double_first: int
    double_from: int  # the tick from which the band is twice as wide
    levels: Levels | None
    measures: Measures | None
    calls: CallRules | None
    books: bool
    charge: int  # micro-credits
    reference: int  # micro-credits, at the start of a session, 0 for none
    lots: int | None  # None where nothing goes by lot
    beforehand: bool  # orders are confined to the band before they trade
    vets: int | None  # trades are vetted before anything comes of them; None where they are voided afterwards
    voids: int | None  # the other way round
    longest: int  # ticks of the longest halt
    later: int | None  # of no use; None where no contract lasts


def _ppm(share: float | None) -> int | None:
    return None if share is None else round(share * PPM)


def params(scenario: Scenario, section: BreakersSection) -> Params:
    """The constants of a scenario."""
    kind = MOVE if section.tier is None and section.move is not None else _TIERS[section.tier]
    rules = Rules(
        kind=kind,
        move=_ppm(section.move) or 0,
        limit=section.limit,
        halt=section.halt,
        collar=round(section.collar * PPM),
        reopening=_REOPENINGS[section.reopening],
        extensions=section.extensions,
        least_open=section.least_open,
    )
    levels, systemic, calls = section.levels, section.systemic, section.calls
    until = scenario.max_cycles - round(section.last_part * scenario.max_cycles)
    halts = [section.halt] + [section.level_halt] * (levels is not None)
    halts += [systemic.halt] if systemic is not None else []
    halts += [calls.open] if calls is not None else []
    return Params(
        rules=rules,
        double_first=section.double_first,
        double_from=scenario.max_cycles - section.double_last,
        levels=None if levels is None else _levels(levels, section.level_halt, until),
        measures=None if systemic is None else _measures(systemic),
        calls=None if calls is None else CallRules(calls.failures, calls.open, calls.successes, calls.probes),
        books=section.books,
        charge=int(to_money(section.charge)),
        reference=int(to_money(section.reference)),
        lots=1 if "lottery" in (scenario.economy or {}) else None,
        beforehand=scenario.kind.kernels.confine is not None,
        vets=None if scenario.kind.kernels.revoke is None else 1,
        voids=1 if scenario.kind.kernels.revoke is None else None,
        longest=max(halts),
        later=1 if "lasting_contracts" in (scenario.economy or {}) else None,
    )


def _levels(falls: tuple[float, float, float], halt: int, until: int) -> Levels:
    first, second, third = (round(fall * PPM) for fall in falls)
    return Levels(first, second, third, halt, until)


def _measures(section: SystemicSection) -> Measures:
    return Measures(
        failures=_ppm(section.failures),
        volatility=_ppm(section.volatility),
        missed=_ppm(section.missed),
        reputation=_ppm(section.reputation),
        least=section.least,
        halt=section.halt,
    )


def _of_one_sale(section: BreakersSection) -> str | None:
    """Why breakers do not go with a market whose episode is one sale."""
    banded = section.tier is not None or section.move is not None
    if (banded or section.levels is not None) and section.reference == 0.0:
        return (
            "an episode is one sale, so no earlier price could be what a band lies around: give the price known "
            "before it as reference, or set move to null and leave levels out"
        )
    systemic = section.systemic
    if systemic is not None and not systemic.failures == systemic.volatility == systemic.reputation is None:
        return (
            "an episode is one sale, so there are no awards, prices and reputations to take a measure of: "
            "leave systemic.failures, volatility and reputation out"
        )
    return None


def check(scenario: Scenario, section: BreakersSection) -> str | None:
    """Why breakers do not go with a scenario."""
    kind, economy = scenario.kind, scenario.economy or {}
    if not (kind.undone_by_award or kind.kernels.confine is not None or kind.kernels.revoke is not None):
        return f"a {scenario.market} market goes on from what it sold, so no trade can be voided: leave them out"
    if kind.one_sale and kind.sale_goes_on(scenario) and (said := _of_one_sale(section)) is not None:
        return said
    if section.calls is not None and kind.sale_goes_on(scenario):
        return (
            "calls let a few bid in a tick, by turns, and who does not bid in a tick of a clock is out of the sale: "
            "leave calls out, or choose an auction of one tick"
        )
    systemic = section.systemic
    judged = section.calls is not None or (systemic is not None and systemic.failures is not None)
    if judged and not any(part.judges for part in scenario.parts()):
        return "calls and systemic.failures count awards that fail: add `default: {}` or `contracts: {}` to the economy"
    if systemic is not None and systemic.reputation is not None and "reputation" not in economy:
        return "systemic.reputation is the mean reputation: add `reputation: {}` to the economy"
    return None
