"""Tables on a terminal: as wide as what they hold, never wider than the terminal."""

import os
import sys
from collections.abc import Sequence

_GAP = "  "


def terminal_width() -> int | None:
    """Columns of the terminal behind standard output; None where it is a file or a pipe, which have no width."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else None
    except (OSError, ValueError):
        return None


def fitted(rows: Sequence[Sequence[str]], width: int | None, *, kept: int = 1) -> list[str]:
    """Lines of a table: the first column to the left, the others to the right.

    Where the table is wider than the terminal it goes on below, the first column again in front; only a first column
    that leaves no room for any other is cut, with an ellipsis.

    Args:
        rows: The head and the body, equally long.
        width: Columns there are; None for any number.
        kept: Columns that are shown together in the first part.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if width is not None:
        room = width - max(sum(widths[1:kept]) + len(_GAP) * (kept - 1), *(one + len(_GAP) for one in widths[1:]), 0)
        widths[0] = max(min(widths[0], room), 2)
    parts = _parts(widths, width, kept)
    lines: list[str] = []
    for number, part in enumerate(parts):
        lines += [""] if number else []
        for first, *others in rows:
            cells = [others[column - 1].rjust(widths[column]) for column in part]
            shown = first if len(first) <= widths[0] else first[: widths[0] - 1] + "…"
            lines.append(_GAP.join([shown.ljust(widths[0]), *cells]).rstrip())
    return lines


def _parts(widths: Sequence[int], width: int | None, kept: int) -> list[list[int]]:
    """Columns beside the first, as many to a part as there is room for."""
    parts: list[list[int]] = [[]]
    used = widths[0]
    for column, own in enumerate(widths[1:], start=1):
        if width is not None and parts[-1] and column >= kept and used + len(_GAP) + own > width:
            parts.append([])
            used = widths[0]
        parts[-1].append(column)
        used += len(_GAP) + own
    return parts
