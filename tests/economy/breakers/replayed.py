"""The rules on prices of breakers once more, in exact fractions and plain Python, and runs of the compiled ones."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from econo_env.economy.breakers import halts
from econo_env.economy.breakers.bands import Mean
from econo_env.economy.breakers.halts import CLIP, FOLLOW, HALTED, OPEN, REOPENING, Rules, Status
from econo_env.economy.breakers.section import BreakersSection

PUBLISHED = Rules(0, 50_000, 3, 5, 100_000, CLIP, 4, 3)


@dataclass
class Run:
    """What a sequence of attempts came to."""

    executed: dict[int, int] = field(default_factory=dict)
    rejected: list[int] = field(default_factory=list)
    halted: list[int] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    limits: list[tuple[int, int]] = field(default_factory=list)


def run(rules: Rules, window: int, attempts: list[int], keep=lambda tick, price: price) -> Run:
    """The compiled rules on attempts (ticks,); `keep` says what of an execution is kept."""
    prices, mean, status, told = np.zeros(window, np.int64), Mean(0, 0, 0), halts.fresh(rules), Run()
    for tick, tried in enumerate(attempts):
        low, high = halts.limits(status, rules, mean, False)
        attempt = 0 if status.mode == HALTED else tried
        if status.mode == HALTED:
            told.halted.append(tick)
        price = keep(tick, halts.execution(status, rules, low, high, attempt))
        if price:
            told.executed[tick] = price
        elif attempt:
            told.rejected.append(tick)
        told.statuses.append(status)
        told.limits.append((low, high))
        mean = halts.remember(prices, mean, status, rules, low, high, attempt, price)
        status = halts.after(status, rules, attempt, low <= attempt <= high, price)
    return told


class Replay:
    """A market's mode, tick by tick, by the rules as docs/breakers.md states them, in fractions."""

    def __init__(self, rules: Rules, window: int) -> None:
        self.rules, self.window = rules, window
        self.history: list[Fraction] = []
        self.mode, self.left, self.rejections, self.calls, self.open_for = "open", 0, 0, 0, rules.least_open

    def inside(self, attempt: int) -> bool:
        """Whether the attempt may stand in this tick."""
        if not self.history:
            return True
        share, reference = self.rules.move, sum(self.history) / len(self.history)
        if self.mode == "reopening":
            share = self.rules.collar * (1 + self.calls if self.rules.reopening == halts.WIDEN else 1)
        return abs(attempt - reference) * 1_000_000 <= share * reference

    def tick(self, attempt: int, price: int) -> None:
        """A tick in which so much was attempted, 0 for nothing, and so much kept."""
        {"open": self._open, "reopening": self._call, "halted": self._halted}[self.mode](attempt, price)

    def _halted(self, attempt: int, price: int) -> None:
        self.left -= 1
        if self.left == 0:
            self.mode, self.calls = "reopening", 0

    def _call(self, attempt: int, price: int) -> None:
        if price or self.calls == self.rules.extensions:
            self.history = [Fraction(price)] if price else []
            self.mode, self.rejections, self.open_for = "open", 0, 0
            return
        if self.rules.reopening == FOLLOW and attempt and self.history:
            self.history = [self._towards(attempt)]
        self.calls += 1

    def _towards(self, attempt: int) -> Fraction:
        if self.inside(attempt):
            return Fraction(attempt)
        reference = sum(self.history) / len(self.history)
        away = reference * Fraction(self.rules.collar, 1_000_000)
        if attempt > reference:
            return Fraction((reference + away).__floor__())
        return Fraction(max(reference - away, Fraction(0)).__ceil__())

    def _open(self, attempt: int, price: int) -> None:
        if attempt:
            self.rejections = 0 if self.inside(attempt) else self.rejections + 1
        if price:
            self.history = [*self.history, Fraction(price)][-self.window :]
        self.open_for = min(self.open_for + 1, self.rules.least_open)
        if self.rejections >= self.rules.limit and self.open_for >= self.rules.least_open:
            self.mode, self.left = "halted", self.rules.halt


def replay(rules: Rules, window: int, log: list[tuple[int, int]]) -> list[str]:
    """The mode of every tick from the log of (attempt, kept price)."""
    market, modes = Replay(rules, window), []
    for attempt, price in log:
        modes.append(market.mode)
        market.tick(attempt, price)
    return modes


NAMES = {OPEN: "open", HALTED: "halted", REOPENING: "reopening"}
"""Of the modes, as `replay` tells them."""


@dataclass
class Tick:
    """What the log of a market says of a tick.

    Attributes:
        attempt: The price tried, micro-credits, 0 for none.
        price: The price of what was kept, 0 for nothing.
        tried: Whether anybody bid.
        outcomes: Of each award, by the number of its agent, whether it was kept.
        counts: Whether something on offer came to an end, by bids: else it was no call.
        index: The price that the market showed where nothing was kept, 0 for none.
    """

    attempt: int
    price: int
    tried: bool
    outcomes: list[bool]
    counts: bool = True
    index: int = 0

    @property
    def failed(self) -> int:
        """Awards walked away from."""
        return len(self.outcomes) - sum(self.outcomes)


class Session:
    """All halts of a market from its log: prices, market-wide levels, systemic rates, awards that fail in a row."""

    def __init__(self, section: BreakersSection, rules: Rules, length: int) -> None:
        self.section, self.prices = section, Replay(rules, section.window)
        self.until = length - round(section.last_part * length)
        self.first = self.last = self.level = self.number = 0
        if section.reference:
            self.first = round(section.reference * 1_000_000)
            self.prices.history = [Fraction(self.first)]
        self.ticks: list[Tick] = []
        self.armed = {"failures": True, "missed": True, "volatility": True}
        self.phase, self.row, self.good, self.waits = "closed", 0, 0, 0

    @property
    def mode(self) -> str:
        """`open`, `halted`, `reopening` or `ended`."""
        return self.prices.mode

    def tick(self, tick: Tick) -> None:
        """Plays a tick of the log."""
        before = self.mode
        self.number += 1
        if before != "ended" and (tick.counts or before != "reopening"):
            self.prices.tick(tick.attempt, tick.price)
        self._calls(tick)
        self._levels(tick.price or tick.index)
        if before in ("open", "reopening") and self.section.systemic is not None:
            self.ticks.append(tick)
            self._measures()

    def _halt(self, ticks: int) -> None:
        market = self.prices
        if market.mode == "ended" or (market.mode == "halted" and market.left >= ticks):
            return
        market.mode, market.left = "halted", ticks
        market.rejections = market.open_for = 0

    def _may_halt(self) -> bool:
        market = self.prices
        return market.mode == "halted" or (market.mode == "open" and market.open_for >= market.rules.least_open)

    def _levels(self, price: int) -> None:
        self.last = price or self.last
        self.first = self.first or price
        if self.section.levels is None or not self.first or not self.last:
            return
        fall = Fraction(self.first - self.last, self.first)
        level = sum(fall >= Fraction(str(threshold)) for threshold in self.section.levels)
        if level > self.level and level == 3:
            self.level, self.prices.mode = 3, "ended"
        elif level > self.level and self.number < self.until and self._may_halt():
            self.level = level
            self._halt(self.section.level_halt)

    def _calls(self, tick: Tick) -> None:
        if self.section.calls is None:
            return
        rules, phase = self.section.calls, self.phase
        if phase == "open":
            self.waits -= 1
            self.phase = "open" if self.waits else "half-open"
            self.good = 0
            return
        for kept in tick.outcomes:
            self.row = 0 if kept else self.row + 1
            self.good += kept
            if self.row >= (rules.failures if phase == "closed" else 1):
                self.phase, self.waits, self.row = "open", rules.open, 0
                self._halt(rules.open)
                return  # what else comes of the tick tells of a breaker that is no more
            if phase == "half-open" and self.good >= rules.successes:
                self.phase, self.row = "closed", 0
                return

    def _measures(self) -> None:
        rules, market = self.section.systemic, self.prices
        if market.mode != "open" or market.open_for < market.rules.least_open:
            return
        recent = self.ticks[-rules.window :]
        awards, tried = sum(len(t.outcomes) for t in recent), sum(t.tried for t in recent)
        measures = {
            "failures": (sum(t.failed for t in recent), awards, rules.failures, awards >= rules.least),
            "missed": (sum(t.tried and not t.price for t in recent), tried, rules.missed, tried >= rules.least),
        }
        if market.history:
            width = (max(market.history) - min(market.history)) * len(market.history)
            enough = len(market.history) >= max(rules.least, 2)
            measures["volatility"] = width, sum(market.history), rules.volatility, enough
        for name, (events, cases, trigger, enough) in measures.items():
            if trigger is None or not enough:
                continue
            measure = Fraction(events) / Fraction(cases)
            if measure > Fraction(str(trigger)):
                if self.armed[name]:
                    self._halt(rules.halt)
                self.armed[name] = False
            elif measure <= Fraction(str(trigger)) * Fraction(4, 5):
                self.armed[name] = True
