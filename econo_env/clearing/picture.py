"""What a market shows of one round, before it is drawn as text or as an image.

The row of a kind of market in `econo_env.clearing` gives a function `picture(scenario, before, after, k) -> Picture`:
`before` and `after` are its states around the round (the same object where no round has been played yet), `k` the
market in them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["credits", "share", "text"]
MOST_AGENTS = 48
"""Agents shown of a large market."""
MOST_TOLD = 6
"""Agents that a story tells of."""


@dataclass(frozen=True)
class Column:
    """One fact about every agent.

    Attributes:
        name: Heading, one word.
        values: Shape (agents,); NaN where there is none.
        kind: `credits`, a `share` from 0 to 1, or `text`.
    """

    name: str
    values: NDArray[Any]
    kind: Kind = "credits"

    def written(self) -> list[str]:
        """Every entry as text, with as many decimals as tell unequal amounts apart."""
        if self.kind == "text":
            return [str(value) for value in self.values]
        if self.kind == "share":
            return [_or_dash(value, "{:.0%}") for value in self.values]
        return credits_written(self.values)


@dataclass(frozen=True)
class Curve:
    """A line over what runs from left to right, in credits.

    Attributes:
        name: For the legend.
        x: Places, rising; of a step curve the right ends of its steps, the first step starts at 0.
        y: Credits, the shape of `x`.
        steps: Whether it is drawn in steps: demand, supply, a price per unit.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    steps: bool = True


@dataclass(frozen=True)
class Chart:
    """What stands beside the bars, on the same axis of credits.

    Attributes:
        title: What it shows.
        runs_over: What runs from left to right, with its unit, e.g. "units" or "tick".
        curves: The curves.
        marks: Points with a word each, `(x, credits, word)`.
    """

    title: str
    runs_over: str
    curves: Sequence[Curve]
    marks: Sequence[tuple[float, float, str]] = ()


@dataclass(frozen=True)
class Picture:
    """One round.

    Attributes:
        columns: The table, one row an agent.
        winners: bool (agents,).
        bars: Names of the columns in credits that are drawn as bars, the decisive one last.
        captions: Names of the columns written under an agent's bars.
        levels: Prices drawn across the bars, name to credits.
        facts: Short statements about the round, e.g. "revenue 0.42".
        idle: Agents that could not act in this round.
        story: Who wins and who pays what, and why: one sentence each.
        chart: Curves beside the bars.
        track: What is followed over the rounds of an episode and drawn as curves, name to credits.
        events: What happened in this round, in a word, at how many credits; marked on those curves.
        marked: For bars that win apart from their agent's last one: the column's name to bool (agents,).
        rule: The rule in one sentence.
        title: What is played.
        subtitle: Which round.
    """

    columns: Sequence[Column]
    winners: NDArray[np.bool_]
    bars: Sequence[str]
    captions: Sequence[str] = ()
    levels: Mapping[str, float] = field(default_factory=dict)
    facts: Sequence[str] = ()
    idle: Collection[int] = ()
    story: Sequence[str] = ()
    chart: Chart | None = None
    track: Mapping[str, float] = field(default_factory=dict)
    events: Mapping[str, float] = field(default_factory=dict)
    marked: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    rule: str = ""
    title: str = ""
    subtitle: str = ""

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    def highest(self) -> float:
        """The highest bar, level or point of a curve, in credits."""
        bars = [np.nanmax(self.column(name).values, initial=0.0) for name in self.bars]
        curves = [y for curve in (self.chart.curves if self.chart else ()) for y in curve.y]
        return float(max([0.0, *self.levels.values(), *bars, *curves]))

    def wins(self, bar: str) -> NDArray[np.bool_]:
        """Whose bar of that name is drawn in the winner's colour, bool (agents,)."""
        if self.marked:
            return self.marked.get(bar, np.zeros_like(self.winners))
        return self.winners if bar == self.bars[-1] else np.zeros_like(self.winners)

    def shown(self) -> NDArray[np.int64]:
        """The agents to show, in order: all, or in a large market those with the highest last bar, winners first."""
        count = len(self.winners)
        if count <= MOST_AGENTS:
            return np.arange(count)
        height = np.nan_to_num(self.column(self.bars[-1]).values.astype(np.float64), nan=-np.inf)
        return np.sort(np.lexsort((-height, ~self.winners))[:MOST_AGENTS])


def told(winners: NDArray[np.bool_], most: int = MOST_TOLD) -> list[int]:
    """The agents that a story tells of, in order: the winners first, the others as far as there is room."""
    return sorted(np.argsort(~winners, kind="stable")[:most].tolist())


def credits_written(amounts: NDArray[Any]) -> list[str]:
    """Amounts in credits as text, with the same number of decimals: as many as tell unequal ones apart."""
    finite = np.unique(np.round(amounts[np.isfinite(amounts)].astype(np.float64), 6))
    largest = np.max(np.abs(finite), initial=0.0)
    decimals = 3 if largest < 10 else 2 if largest < 1000 or np.any(finite % 1.0) else 0
    while decimals < 6 and len(np.unique(np.round(finite, decimals))) < len(finite):
        decimals += 1
    return [_or_dash(amount, f"{{:,.{decimals}f}}") for amount in amounts]


def _or_dash(value: float, form: str) -> str:
    return form.format(value) if np.isfinite(value) else "-"
