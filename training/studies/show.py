"""Findings for people: a table, a document, a picture."""

import math
from io import BytesIO
from typing import Any

from econo_env.training.studies.base import Finding, Findings

_NO = "-"


def rows_of(findings: Findings) -> list[list[str]]:
    """A table: figure, interval, known answer, whether it holds."""
    head = ["", "found", "95 % interval", "known answer", ""]
    rows = [[one.what, f"{one.value:.6g}", _interval(one), _known(one), _holds(one)] for one in findings.figures]
    return [head, *rows]


def _interval(one: Finding) -> str:
    return _NO if math.isnan(one.low) else f"{one.low:.4g} to {one.high:.4g}"


def _known(one: Finding) -> str:
    return _NO if one.known is None else f"{one.known[0]:.4g} to {one.known[1]:.4g}"


def _holds(one: Finding) -> str:
    return {None: "", True: "holds", False: "FAILS"}[one.holds]


def document_of(findings: Findings) -> dict[str, Any]:
    """What a JSON file holds of findings; an interval of an exact figure is null, and so is what is infinite."""
    return {
        "said": findings.said,
        "figures": [
            {
                "what": one.what,
                "value": one.value if math.isfinite(one.value) else None,
                "interval": None if math.isnan(one.low) else [one.low, one.high],
                "known": None if one.known is None else list(one.known),
                "holds": one.holds,
                "source": one.source,
            }
            for one in findings.figures
        ],
        "curves": {
            title: {name: [x.tolist(), y.tolist()] for name, (x, y) in lines.items()}
            for title, lines in findings.curves.items()
        },
    }


def picture_of(findings: Findings) -> bytes:
    """The curves as a PNG, two pictures to a row.

    Raises:
        ImportError: matplotlib is missing.
        ValueError: There is nothing to draw.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not findings.curves:
        raise ValueError("these settings leave no curve to draw: leave --picture out")
    across = min(2, len(findings.curves))
    down = -(-len(findings.curves) // across)
    width = max(7.5, 1.15 * len(findings.places))  # names of places stand side by side
    figure = Figure(figsize=(width * across, 4.0 * down), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    for place, (title, lines) in enumerate(findings.curves.items(), 1):
        axes = figure.add_subplot(down, across, place)
        for number, (name, (x, y)) in enumerate(lines.items()):
            if findings.places:
                half, aside = findings.halves[title][name], 0.08 * (number - 0.5 * (len(lines) - 1))
                axes.errorbar(x + aside, y, yerr=half, label=name, fmt="os^D"[number % 4], capsize=3)
            else:
                axes.plot(x, y, label=name, marker="o" if len(x) <= 30 else None, markersize=3)
        if findings.places:
            axes.set_xticks(range(len(findings.places)), findings.places)
        below, beside = findings.axes[title]
        axes.set(title=title, xlabel=below, ylabel=beside)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))  # beside the lines, never over them
        axes.spines[["top", "right"]].set_visible(False)
    kept = BytesIO()
    figure.savefig(kept, format="png")
    return kept.getvalue()
