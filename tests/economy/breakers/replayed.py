"""The rules on prices of breakers once more, in exact fractions and plain Python, and runs of the compiled ones."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from econo_env.economy.breakers import halts
from econo_env.economy.breakers.bands import Mean
from econo_env.economy.breakers.halts import CLIP, FOLLOW, HALTED, OPEN, REOPENING, Rules, Status

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
