"""Drawing from quantile tables, inside the compiled engine."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import TWO_TO_MINUS_53, uniform
from econo_env.engine.state import Float64s, Int64s
from econo_env.valuations.quantile_table import CELLS, LEAST_EXPONENT, SKIPPED, STEPS, TAIL, QuantileTable

# the octave of the least probability, in cells, by the exponent that frexp gives it
_LEAST_OCTAVE = LEAST_EXPONENT + CELLS.bit_length()
_LEAST = 2.0 ** (_LEAST_OCTAVE - 1)
_STEPS_A_MANTISSA = 2.0 * STEPS
_LAST_KNOT = 2 * TAIL + CELLS - 2 * SKIPPED


class Layout(NamedTuple):
    """How the entries of a table lie.

    Attributes:
        cells: Of equal probability.
        skipped: How many of them on each side are cut up as in `quantile_table.REFINED`.
        inner: How many are not.
        shift: The place of cell 0, if it were not cut up.
    """

    cells: float
    skipped: int
    inner: int
    shift: int


class Layouts(NamedTuple):
    """The same for tables that differ, each of shape (tables,)."""

    cells: Float64s
    skipped: Int64s
    inner: Int64s
    shift: Int64s


class DrawTables(NamedTuple):
    """Quantile tables as the engine takes them.

    Attributes:
        values: Shape (tables, longest table), padded with each table's last entry.
        layout: That of all.
        layouts: Those of each, where they differ; None compiles them away, for constants are read much faster.
    """

    values: Float64s
    layout: Layout
    layouts: Layouts | None


def draw_tables(tables: Sequence[QuantileTable], unit: float) -> DrawTables:
    """The tables with `unit` of the engine to one of theirs, such as micro-credits to a credit."""
    entries = [table.values if table.pieces is None else table.of_pieces() for table in tables]
    longest = max(len(entry) for entry in entries)
    layouts = [_layout(table.pieces) for table in tables]
    alike = len(set(layouts)) == 1
    return DrawTables(
        values=np.stack([np.pad(entry, (0, longest - len(entry)), mode="edge") for entry in entries]) * unit,
        layout=layouts[0],
        layouts=None if alike else Layouts(*(np.array(column) for column in zip(*layouts, strict=True))),
    )


def _layout(pieces: int | None) -> Layout:
    if pieces is not None:
        return Layout(float(pieces), 0, pieces, 0)
    return Layout(float(CELLS), SKIPPED, CELLS - 2 * SKIPPED, TAIL - SKIPPED)


@compiled
def _layout_of(layouts: Layouts | None, row: int, layout: Layout) -> Layout:
    if layouts is None:
        return layout
    return Layout(layouts.cells[row], layouts.skipped[row], layouts.inner[row], layouts.shift[row])


@compiled
def quantile_from_table(tables: DrawTables, row: int, probability: float) -> float:
    """The quantile at `probability` in [0, 1), linear between the entries.

    Args:
        tables: The tables.
        row: Which one.
        probability: A uniform draw.
    """
    cells, skipped, inner, shift = _layout_of(tables.layouts, row, tables.layout)
    position = probability * cells
    whole = int(position)
    place = whole - skipped
    if place < 0 or place >= inner:
        return _outer_quantile(tables.values, row, position)
    cell = np.uint64(whole + shift)  # without a sign, so that no code looks for places counted from the end
    left = tables.values[row, cell]
    return float(left + (tables.values[row, cell + np.uint64(1)] - left) * (position - whole))


@compiled
def _outer_quantile(values: Float64s, row: int, position: float) -> float:
    """The quantile at a position, in cells from 0, among the octaves of a refined table."""
    below = position < CELLS // 2
    distance = position if below else CELLS - position
    place, share = 0, distance / _LEAST
    if distance >= _LEAST:
        mantissa, octave = math.frexp(distance)
        steps = (mantissa - 0.5) * _STEPS_A_MANTISSA
        place = 1 + (octave - _LEAST_OCTAVE) * STEPS + int(steps)
        share = steps - int(steps)
    near = place if below else _LAST_KNOT - place
    far = near + 1 if below else near - 1
    value = values[row, near]
    return float(value + (values[row, far] - value) * share)


@compiled
def draw_from_table(tables: DrawTables, row: int, probability: float) -> int:
    """The same rounded to whole units, such as micro-credits."""
    return int(math.floor(quantile_from_table(tables, row, probability) + 0.5))


@compiled
def draw_each(tables: DrawTables, rows: Int64s, draws: Int64s, first: int, last: int) -> None:
    """Turns draws of `rng.fill_with_draws` into what `draw_from_table` makes of them.

    Args:
        tables: The tables.
        rows: Which one is whose, shape (agents,).
        draws: Whole numbers below 2^53, shape (agents,); replaced by whole units in [first, last).
        first: The first agent.
        last: The one after the last agent.
    """
    for agent in range(first, last):
        draws[agent] = draw_from_table(tables, rows[agent], draws[agent] * TWO_TO_MINUS_53)


@compiled
def is_uniform(tables: DrawTables) -> bool:
    """Whether there is one law for all, and it is uniform."""
    return bool(tables.values.shape[0] == 1 and tables.values.shape[1] == 2)


@compiled
def fill_uniformly(tables: DrawTables, key: np.uint64, episode: int, tick: int, stream: int, values: Int64s) -> None:
    """What `draw_from_table` makes of each agent's draw where `is_uniform` holds, into values, shape (agents,).

    Without look-ups draws and values are one loop of vector instructions.
    """
    lowest, width = tables.values[0, 0], tables.values[0, 1] - tables.values[0, 0]
    for agent in range(values.shape[0]):
        value = lowest + width * uniform(key, episode, tick, stream, agent)
        values[np.uint64(agent)] = int(math.floor(value + 0.5))
