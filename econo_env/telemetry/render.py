"""Rendering of one market: keeps the last round of an API and writes it as text or draws it."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.clearing.base import picture_of
from econo_env.clearing.picture import Chart, Column, Curve, Picture, credits_written
from econo_env.economy.part import Fact
from econo_env.engine.state import each_array
from econo_env.market import offered
from econo_env.mechanisms.base import mechanism
from econo_env.population import labels_of
from econo_env.scenario import Scenario

MOST_WRITTEN = 12
"""Points of a curve that are written as text, the last ones."""


class Recorder:
    """Keeps what the last round of the first market of an engine looked like.

    Attributes:
        round: Rounds played in this episode.
        totals: Credits earned in this episode, shape (agents,).
    """

    def __init__(self, scenario: Scenario, agents: Sequence[str]) -> None:
        self.scenario = self._played = scenario
        self.agents = agents
        self.round = 0
        self.totals = np.zeros(len(agents))
        names = labels_of(scenario.population or ())
        self._listed = np.array([names[place] for place in scenario.group_of_seats()])
        self._top = 0.0
        self._track: dict[str, list[tuple[float, float]]] = {}
        self._events: list[tuple[float, float, str]] = []
        self._before: Any = None
        self._after: Any = None

    def start(self, world: Any, played: Scenario) -> None:
        """An episode starts from `world`; `played` is the scenario with its levers where they stand."""
        self.round, self._played = 0, played
        self._top = 0.0
        self._track, self._events = {}, []
        self.totals[:] = 0.0
        self._before = self._after = _copy(world)

    def before(self, world: Any, played: Scenario) -> None:
        """A round of `played` starts from `world`."""
        self._before, self._played = _copy(world), played

    def after(self, world: Any, rewards: ArrayLike) -> None:
        """The round ended in `world` and earned `rewards`, credits (agents,)."""
        self._after = _copy(world)
        self.round += 1
        self.totals += np.asarray(rewards, dtype=np.float64)
        if self.scenario.max_cycles > 1:
            shown = self._shown()
            for name, amount in shown.track.items():
                self._track.setdefault(name, []).append((float(self.round), amount))
            self._events += [(float(self.round), amount, word) for word, amount in shown.events.items()]

    def show(self, mode: str | None) -> str | NDArray[np.uint8] | None:
        """The last round as `ansi` text, as an `rgb_array`, or written to the terminal (`human`)."""
        if mode == "rgb_array":
            return self.image()
        if mode == "ansi":
            return self.text()
        sys.stdout.write(self.text() + "\n\n")
        return None

    def picture(self) -> Picture:
        """The last round; before the first one, the market as it stands.

        Raises:
            RuntimeError: No episode has been started.
        """
        if self._after is None:
            raise RuntimeError("there is nothing to show yet: call reset() first")
        scenario, shown = self.scenario, self._shown()
        length = f"round {self.round} of {scenario.max_cycles}" if self.round else "before the first round"
        episode = int(self._of_market(self._after).episode[0]) + 1
        rule = shown.rule or mechanism(scenario.mechanism.name).summary
        shown = replace(shown, title=scenario.id, subtitle=f"episode {episode}, {length}", rule=rule)
        if scenario.population is not None:
            who = Column("listed", self._listed, "text")
            shown = replace(shown, columns=[who, *shown.columns], captions=[who.name, *shown.captions])
        if scenario.max_cycles == 1:
            return shown
        shown = replace(shown, chart=shown.chart or self._course())
        total = Column("total", self.totals.copy())
        return replace(shown, columns=[*shown.columns, total], captions=[*shown.captions, "total"])

    def _shown(self) -> Picture:
        scenario = self.scenario
        draw = offered(picture_of(scenario), "picture", scenario)
        drawn = draw(self._played, self._of_market(self._before), self._of_market(self._after), 0)
        parts = list(scenario.parts())
        facts = [_column(fact, fact.value(scenario, self._after)[0]) for part in parts for fact in part.facts]
        shut = {
            i for part in parts if part.shuts is not None for i in np.flatnonzero(part.shuts(self._before)[0]).tolist()
        }
        captions = [*drawn.captions, *(fact.name for fact in facts)]
        return replace(drawn, columns=[*drawn.columns, *facts], captions=captions, idle={*drawn.idle, *shut})

    def _of_market(self, world: Any) -> Any:
        return world.market if self.scenario.economy is not None or self.scenario.levers else world

    def _course(self) -> Chart | None:
        """What was followed since the episode began."""
        curves = [
            Curve(name, [x for x, _ in points], [y for _, y in points], steps=False)
            for name, points in self._track.items()
        ]
        return Chart("the episode so far", "round", curves, self._events) if curves else None

    def text(self) -> str:
        """The last round as a table."""
        return as_text(self.picture(), self.agents)

    def image(self) -> NDArray[np.uint8]:
        """The last round as an image, uint8 (height, width, 3)."""
        from econo_env.telemetry.render_image import as_image

        shown = self.picture()
        self._top = max(self._top, shown.highest())  # the axis does not shrink within an episode
        return as_image(shown, self.agents, self._top)


def _column(fact: Fact, values: NDArray[Any]) -> Column:
    """A fact about every agent as a column of the table."""
    return Column(fact.name, np.array(fact.words)[values] if fact.words else values, fact.kind)


def as_text(picture: Picture, agents: Sequence[str]) -> str:
    """A round as a table, one row an agent; winners carry a star."""
    rows = picture.shown().tolist()
    names = [f"{agents[i]} {'*' if picture.winners[i] else ' '}" for i in rows]
    table = [["", *names]]
    for column in picture.columns:
        written = Column(column.name, column.values[rows], column.kind).written()
        table.append([column.name, *written])
    widths = [max(map(len, cells)) for cells in table]
    lines = [f"{picture.title} - {picture.subtitle}"]
    for number in range(len(rows) + 1):
        cells = [table[0][number].ljust(widths[0])]
        cells += [cell[number].rjust(width) for cell, width in zip(table[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    hidden = len(agents) - len(rows)
    facts = [*picture.facts, "* wins"] if picture.winners.any() else list(picture.facts)
    if hidden:
        facts.append(f"{hidden:,} more agents")
    story = [f"  {line}" for line in [*([picture.rule] if picture.rule else []), *picture.story]]
    return "\n".join([*lines, ", ".join(facts), *_chart_written(picture.chart), *story])


def _chart_written(chart: Chart | None) -> list[str]:
    """The last points of every curve, and what is marked."""
    if chart is None:
        return []
    lines = []
    for curve in chart.curves:
        cut = "... " if len(curve.y) > MOST_WRITTEN else ""
        written = credits_written(np.array(curve.y[-MOST_WRITTEN:]))
        lines.append(f"  {curve.name} by {chart.runs_over}: {cut}{' '.join(written)}")
    if chart.marks:
        marked = [f"{word} ({chart.runs_over} {x:g})" for x, _, word in chart.marks[-MOST_WRITTEN:]]
        lines.append("  " + ", ".join(marked))
    return lines


def _copy(state: Any) -> Any:
    return each_array(state, np.copy)
