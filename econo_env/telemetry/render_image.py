"""A round as an image: one group of bars an agent, curves beside them, prices across both, the story below."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from econo_env.clearing.picture import Chart, Column, Curve, Picture, credits_written

WIDTH, HEIGHT = 1120, 652
LEFT, RIGHT, TOP, BOTTOM = 84, 1000, 132, 366
EDGE = 1096
BARS_END, CHART_START = 560, 640
STORY = 498
BACKGROUND, INK, FAINT, GRID = "#ffffff", "#1f2933", "#6b7785", "#e6eaef"
BARS = ("#cdd6e1", "#5b8bbf", "#86b6a4", "#b7a3d0")
CURVES = ("#2f6fb0", "#8a4fa0", "#2f8f5b", "#8a6d1d")
WINNER = "#e07b39"
LOSS = "#a3485b"
LEVELS = ("#2f8f5b", "#a3485b", "#8a6d1d")
ROOM_FOR_NAMES = 12
ROOM_FOR_MARKS = 8
MOST_LINES = 8
"""Lines of the story."""


class Axis(NamedTuple):
    """Where amounts stand: `top` credits at the top of the plot, `left` to `right` pixels."""

    top: float
    left: float
    right: float

    def height(self, amount: float) -> float:
        """The pixel row of an amount."""
        return BOTTOM - (BOTTOM - TOP) * min(1.0, max(0.0, amount / self.top))


@cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size)


def as_image(picture: Picture, agents: Sequence[str], least_top: float = 0.0) -> NDArray[np.uint8]:
    """A round as an image, uint8 (652, 1120, 3); the axis reaches `least_top` credits or more."""
    image = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(image)
    rows = picture.shown()
    top = _nice_top(max(picture.highest(), least_top))
    bars = Axis(top, LEFT, RIGHT if picture.chart is None else BARS_END)
    _header(draw, picture, len(agents) - len(rows))
    _grid(draw, bars)
    _bars(draw, picture, rows, bars)
    if picture.chart is not None:
        _chart(draw, picture.chart, Axis(top, CHART_START, RIGHT))
    _levels(draw, picture, bars)
    _names(draw, picture, agents, rows, bars)
    _story(draw, picture.story)
    return np.asarray(image)


def _nice_top(highest: float) -> float:
    """The end of the axis: 1, 1.5, 2, 3, 4, 5, 6, 8 or 10 times a power of ten."""
    if highest <= 0.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= highest * 0.9999)


def _header(draw: ImageDraw.ImageDraw, picture: Picture, hidden: int) -> None:
    draw.text((24, 16), picture.title, INK, _font(22))
    draw.text((24, 47), picture.rule, INK, _font(14))
    facts = [picture.subtitle, *picture.facts] + ([f"{hidden:,} more agents not shown"] if hidden else [])
    draw.text((24, 70), "   |   ".join(facts), FAINT, _font(14))
    _legend(draw, [*zip(picture.bars, BARS, strict=False), ("winner", WINNER)], EDGE, 20)


def _legend(draw: ImageDraw.ImageDraw, entries: Sequence[tuple[str, str]], right: float, y: float) -> None:
    at = right
    for name, colour in reversed(entries):
        at -= draw.textlength(name, _font(14))
        draw.text((at, y), name, FAINT, _font(14))
        draw.rectangle((at - 18, y + 2, at - 6, y + 14), fill=colour)
        at -= 36


def _grid(draw: ImageDraw.ImageDraw, axis: Axis) -> None:
    ticks = np.linspace(0.0, axis.top, 5)
    for tick, label in zip(ticks, credits_written(ticks), strict=True):
        y = axis.height(float(tick))
        draw.line((axis.left, y, axis.right, y), fill=FAINT if tick == 0 else GRID)
        draw.text((axis.left - 8, y), label, FAINT, _font(12), anchor="rm")
    draw.text((24, TOP - 28), "credits", FAINT, _font(12))


def _bars(draw: ImageDraw.ImageDraw, picture: Picture, rows: NDArray[np.int64], axis: Axis) -> None:
    group = (axis.right - axis.left) / len(rows)
    width = min(30.0, 0.8 * group / len(picture.bars))
    for number, name in enumerate(picture.bars):
        heights, wins = picture.column(name).values[rows].astype(np.float64), picture.wins(name)[rows]
        for place, amount in enumerate(heights):
            if not amount > 0.0:
                continue
            start = axis.left + (place + 0.5) * group + width * (number - len(picture.bars) / 2)
            gap = 1.0 if width > 6 else 0.0
            edge = min(axis.height(amount), BOTTOM - 2)
            box = (start + gap, edge, start + width - gap, BOTTOM - 1)
            colour = WINNER if wins[place] else BARS[number]
            _bar(draw, box, colour)


def _bar(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], colour: str) -> None:
    """A bar from left, top to right, bottom, its upper corners rounded where a pixel is left beside each curve.

    Before version 13 Pillow refuses larger curves: it wants two radii and two pixels across, one and one down.
    """
    left, top, right, bottom = box
    radius = min(3.0, (right - left) / 2 - 1, bottom - top - 1)
    if radius >= 1.0:
        draw.rounded_rectangle(box, radius, fill=colour, corners=(True, True, False, False))
    else:
        draw.rectangle(box, fill=colour)


def _chart(draw: ImageDraw.ImageDraw, chart: Chart, axis: Axis) -> None:
    """The curves and marks of a chart, over an axis of whole numbers."""
    last = max([1.0, *(x for curve in chart.curves for x in curve.x), *(x for x, _, _ in chart.marks)])
    scale = (axis.right - axis.left) / last
    draw.line((axis.left, TOP, axis.left, BOTTOM), fill=FAINT)
    for tick in np.linspace(0.0, axis.top, 5):
        y = axis.height(float(tick))
        draw.line((axis.left, y, axis.right, y), fill=FAINT if tick == 0 else GRID)
    places = {x for curve in chart.curves for x in curve.x}
    broken = any(x % 1.0 for x in places)
    for tick in sorted({0.0, *places}) if broken else range(0, int(last) + 1, _round_step(last)):
        draw.text((axis.left + tick * scale, BOTTOM + 12), f"{tick:g}", FAINT, _font(12), anchor="mm")
    draw.text(((axis.left + axis.right) / 2, BOTTOM + 32), chart.runs_over, FAINT, _font(12), anchor="mm")
    draw.text((axis.left, TOP - 28), chart.title, FAINT, _font(12))
    names = [(curve.name, colour) for curve, colour in zip(chart.curves, CURVES, strict=False)]
    _legend(draw, names, axis.right, TOP - 30)
    for curve, colour in zip(chart.curves, CURVES, strict=False):
        _curve(draw, curve, colour, axis, scale)
    marks: dict[tuple[float, float], str] = {}
    for x, amount, word in chart.marks[-ROOM_FOR_MARKS:]:
        marks[x, amount] = f"{marks[x, amount]}, {word}" if (x, amount) in marks else word
    falls = bool(chart.curves) and chart.curves[0].y[0] > chart.curves[0].y[-1]
    for (x, amount), word in marks.items():
        at, y = axis.left + x * scale, axis.height(amount)
        draw.ellipse((at - 4, y - 4, at + 4, y + 4), fill=INK)
        left = x > 0.5 * last
        beside = y + 12 if left and falls and y < BOTTOM - 24 else y - 12  # off the curve
        draw.text((at - 8 if left else at + 8, beside), word, INK, _font(12), anchor="rm" if left else "lm")


def _steps(power: int) -> tuple[int, ...]:
    return power, 2 * power, 5 * power


def _round_step(last: float) -> int:
    """The distance of labels on an axis of whole numbers: at most some eight of them."""
    return next(step for power in range(12) for step in _steps(int(10**power)) if last / step <= 8)


def _curve(draw: ImageDraw.ImageDraw, curve: Curve, colour: str, axis: Axis, scale: float) -> None:
    points: list[tuple[float, float]] = []
    before = 0.0
    for x, amount in zip(curve.x, curve.y, strict=True):
        y = axis.height(amount)
        if curve.steps:
            points.append((axis.left + before * scale, y))
        points.append((axis.left + x * scale, y))
        before = x
    if len(points) > 1:
        draw.line(points, fill=colour, width=3)
    if not curve.steps and len(points) <= 20:
        for x, y in points:
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)


def _levels(draw: ImageDraw.ImageDraw, picture: Picture, axis: Axis) -> None:
    at = float(HEIGHT)
    levels = zip(picture.levels.items(), LEVELS, strict=False)
    for (name, level), colour in sorted(levels, key=lambda entry: entry[0][1]):
        y = axis.height(level)
        for x in range(LEFT, RIGHT, 10):
            if x < axis.right or x >= CHART_START:
                draw.line((x, y, x + 5, y), fill=colour, width=2)
        at = min(y, at - 32)  # a label does not cover the one below it
        label = f"{name}\n{credits_written(np.array([level]))[0]}"
        draw.multiline_text((RIGHT + 8, at), label, colour, _font(13), anchor="lm", spacing=2)


def _names(
    draw: ImageDraw.ImageDraw, picture: Picture, agents: Sequence[str], rows: NDArray[np.int64], axis: Axis
) -> None:
    group = (axis.right - axis.left) / len(rows)
    roomy = len(rows) <= ROOM_FOR_NAMES
    every = math.ceil(28 / group)
    captions = [picture.column(name) for name in picture.captions] if roomy else []
    written = [Column(c.name, c.values[rows], c.kind).written() for c in captions]
    size = 14 if group >= 84 else 12
    for line, column in enumerate(captions):
        draw.text((axis.left - 8, BOTTOM + 34 + 18 * line), column.name, FAINT, _font(12), anchor="rm")
    for place, agent in enumerate(rows.tolist()):
        x = axis.left + (place + 0.5) * group
        name = agents[agent] if group >= 70 else agents[agent].rsplit("_", 1)[-1]
        if roomy or place % every == 0:
            colour = WINNER if picture.winners[agent] else FAINT if agent in picture.idle else INK
            draw.text((x, BOTTOM + 14), name, colour, _font(size if roomy else 11), anchor="mm")
        for line, cells in enumerate(written):
            colour = LOSS if cells[place].startswith("-") and cells[place] != "-" else INK
            draw.text((x, BOTTOM + 34 + 18 * line), cells[place], colour, _font(12), anchor="mm")


def _story(draw: ImageDraw.ImageDraw, story: Sequence[str]) -> None:
    """The sentences, broken into lines that fit; what does not fit is counted."""
    lines: list[str] = []
    for number, sentence in enumerate(story):
        broken = _broken(draw, sentence)
        if len(lines) + len(broken) > MOST_LINES - (number + 1 < len(story)):
            lines.append(f"... and {len(story) - number} more lines")
            break
        lines += broken
    for number, line in enumerate(lines):
        draw.text((24, STORY + 18 * number), line, INK, _font(13))


def _broken(draw: ImageDraw.ImageDraw, sentence: str) -> list[str]:
    lines = [""]
    for word in sentence.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and draw.textlength(longer, _font(13)) > EDGE - 24:
            lines.append("    " + word)
        else:
            lines[-1] = longer if lines[-1].strip() == lines[-1] else f"{lines[-1]} {word}"
    return lines
