"""Drawing from quantile tables, inside the compiled engine."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s, Int64s
from econo_env.valuations.quantile_table import CELLS, LEAST_EXPONENT, STEPS, TAIL, QuantileTable

# the octave of the probability 2^-53, in cells, by the exponent that frexp gives it
_LEAST_OCTAVE = LEAST_EXPONENT + CELLS.bit_length()
_LEAST = 2.0 ** (_LEAST_OCTAVE - 1)
_STEPS_A_MANTISSA = 2.0 * STEPS


class DrawTables(NamedTuple):
    """Quantile tables as the engine takes them; see `quantile_table` for the layout.

    Attributes:
        values: Shape (tables, longest table), padded with each table's last entry.
        cells: Shape (tables,), cells of equal probability.
        skipped: Shape (tables,), how many of them on each side are cut up.
        shift: Shape (tables,), the place of cell 0 in `values` if none were.
    """

    values: Float64s
    cells: Float64s
    skipped: Int64s
    shift: Int64s


def draw_tables(tables: Sequence[QuantileTable], unit: float) -> DrawTables:
    """The tables with `unit` of the engine to one of theirs, such as micro-credits to a credit."""
    longest = max(len(table.values) for table in tables)
    padded = [np.pad(table.values, (0, longest - len(table.values)), mode="edge") for table in tables]
    skipped = np.array([table.skipped for table in tables], dtype=np.int64)
    return DrawTables(
        values=np.stack(padded) * unit,
        cells=np.array([table.cells for table in tables], dtype=np.float64),
        skipped=skipped,
        shift=np.where(skipped > 0, TAIL - skipped, 0),
    )


@compiled
def quantile_from_table(tables: DrawTables, row: int, probability: float) -> float:
    """The quantile at `probability` in [0, 1), linear between the entries.

    Args:
        tables: The tables.
        row: Which one.
        probability: A uniform draw.
    """
    cells = tables.cells[row]
    position = probability * cells
    whole = int(position)
    skipped = tables.skipped[row]
    if whole < skipped or whole + skipped >= cells:
        return _outer_quantile(tables, row, position)
    cell = np.uint64(whole + tables.shift[row])  # without a sign, so that no code looks for places counted from the end
    left = tables.values[row, cell]
    return float(left + (tables.values[row, cell + np.uint64(1)] - left) * (position - whole))


@compiled
def _outer_quantile(tables: DrawTables, row: int, position: float) -> float:
    """The quantile at a position, in cells from 0, among the octaves of a refined table."""
    below = position < CELLS // 2
    distance = position if below else CELLS - position
    knots = 2 * TAIL + CELLS - 2 * int(tables.skipped[row]) + 1
    place, share = 0, distance / _LEAST
    if distance >= _LEAST:
        mantissa, octave = math.frexp(distance)
        steps = (mantissa - 0.5) * _STEPS_A_MANTISSA
        place = 1 + (octave - _LEAST_OCTAVE) * STEPS + int(steps)
        share = steps - int(steps)
    near = place if below else knots - 1 - place
    far = near + 1 if below else near - 1
    value = tables.values[row, near]
    return float(value + (tables.values[row, far] - value) * share)


@compiled
def draw_from_table(tables: DrawTables, row: int, probability: float) -> int:
    """The same rounded to whole units, such as micro-credits."""
    return int(math.floor(quantile_from_table(tables, row, probability) + 0.5))
