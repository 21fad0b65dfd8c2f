"""A round as an image: one group of bars an agent, prices across, the winner in colour."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from econo_env.telemetry.picture import Column, Picture, credits_written

WIDTH, HEIGHT = 800, 476
LEFT, RIGHT, TOP, BOTTOM = 84, 692, 104, 352
EDGE = 776
BACKGROUND, INK, FAINT, GRID = "#ffffff", "#1f2933", "#6b7785", "#e6eaef"
BARS = ("#cdd6e1", "#5b8bbf", "#86b6a4", "#b7a3d0")
WINNER = "#e07b39"
LOSS = "#a3485b"
LEVELS = ("#2f8f5b", "#a3485b", "#8a6d1d")
ROOM_FOR_NAMES = 12


@cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size)


def as_image(picture: Picture, agents: Sequence[str], least_top: float = 0.0) -> NDArray[np.uint8]:
    """A round as an image, uint8 (476, 800, 3); the axis reaches `least_top` credits or more."""
    image = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(image)
    rows = picture.shown()
    heights = [picture.column(name).values[rows].astype(np.float64) for name in picture.bars]
    top = _nice_top(max(picture.highest(), least_top))
    _header(draw, picture, len(agents) - len(rows))
    _grid(draw, top)
    _bars(draw, heights, picture.winners[rows], top)
    _levels(draw, picture, top)
    _names(draw, picture, agents, rows)
    return np.asarray(image)


def _nice_top(highest: float) -> float:
    """The end of the axis: 1, 1.5, 2, 3, 4, 5, 6, 8 or 10 times a power of ten."""
    if highest <= 0.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= highest * 0.9999)


def _height(amount: float, top: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * min(1.0, max(0.0, amount / top))


def _header(draw: ImageDraw.ImageDraw, picture: Picture, hidden: int) -> None:
    draw.text((24, 16), picture.title, INK, _font(22))
    facts = [picture.subtitle, *picture.facts] + ([f"{hidden:,} more agents not shown"] if hidden else [])
    draw.text((24, 48), "   |   ".join(facts), FAINT, _font(14))
    entries = [*zip(picture.bars, BARS, strict=False), ("winner", WINNER)]
    at = EDGE
    for name, colour in reversed(entries):
        at -= int(draw.textlength(name, _font(14)))
        draw.text((at, 20), name, FAINT, _font(14))
        draw.rectangle((at - 18, 22, at - 6, 34), fill=colour)
        at -= 36


def _grid(draw: ImageDraw.ImageDraw, top: float) -> None:
    ticks = np.linspace(0.0, top, 5)
    for tick, label in zip(ticks, credits_written(ticks), strict=True):
        y = _height(float(tick), top)
        draw.line((LEFT, y, RIGHT, y), fill=FAINT if tick == 0 else GRID)
        draw.text((LEFT - 8, y), label, FAINT, _font(12), anchor="rm")
    draw.text((24, TOP - 26), "credits", FAINT, _font(12))


def _bars(draw: ImageDraw.ImageDraw, heights: Sequence[NDArray[Any]], winners: NDArray[np.bool_], top: float) -> None:
    group = (RIGHT - LEFT) / len(winners)
    width = min(30.0, 0.8 * group / len(heights))
    for place, wins in enumerate(winners):
        left = LEFT + (place + 0.5) * group - width * len(heights) / 2
        for number, column in enumerate(heights):
            if not column[place] > 0.0:
                continue
            colour = WINNER if wins and number == len(heights) - 1 else BARS[number]
            start = left + number * width
            gap = 1.0 if width > 6 else 0.0
            top_edge = min(_height(column[place], top), BOTTOM - 2)
            radius = min(3.0, width / 3, BOTTOM - 1 - top_edge)
            box = (start + gap, top_edge, start + width - gap, BOTTOM - 1)
            draw.rounded_rectangle(box, radius, fill=colour, corners=(True, True, False, False))


def _levels(draw: ImageDraw.ImageDraw, picture: Picture, top: float) -> None:
    labels_at: list[float] = []
    for (name, level), colour in zip(picture.levels.items(), LEVELS, strict=False):
        y = _height(level, top)
        for x in range(LEFT, RIGHT, 10):
            draw.line((x, y, x + 5, y), fill=colour, width=2)
        at = y
        while any(abs(at - other) < 32 for other in labels_at):
            at -= 4
        labels_at.append(at)
        label = f"{name}\n{credits_written(np.array([level]))[0]}"
        draw.multiline_text((RIGHT + 8, at), label, colour, _font(13), anchor="lm", spacing=2)


def _names(draw: ImageDraw.ImageDraw, picture: Picture, agents: Sequence[str], rows: NDArray[np.int64]) -> None:
    group = (RIGHT - LEFT) / len(rows)
    roomy = len(rows) <= ROOM_FOR_NAMES
    every = math.ceil(28 / group)
    captions = [picture.column(name) for name in picture.captions] if roomy else []
    written = [Column(c.name, c.values[rows], c.kind).written() for c in captions]
    size = 14 if group >= 84 else 12
    for line, column in enumerate(captions):
        draw.text((LEFT - 8, BOTTOM + 34 + 18 * line), column.name, FAINT, _font(12), anchor="rm")
    for place, agent in enumerate(rows.tolist()):
        x = LEFT + (place + 0.5) * group
        name = agents[agent] if group >= 70 else agents[agent].rsplit("_", 1)[-1]
        if roomy or place % every == 0:
            colour = WINNER if picture.winners[agent] else FAINT if agent in picture.idle else INK
            draw.text((x, BOTTOM + 14), name, colour, _font(size if roomy else 11), anchor="mm")
        for line, cells in enumerate(written):
            colour = LOSS if cells[place].startswith("-") and cells[place] != "-" else INK
            draw.text((x, BOTTOM + 34 + 18 * line), cells[place], colour, _font(12), anchor="mm")
