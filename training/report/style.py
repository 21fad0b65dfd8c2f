"""How the plots of a report look: one colour a policy everywhere, labelled axes, nothing more than needed."""

import importlib
from typing import Any

INK, MUTED, GRID, PAPER = "#1f2933", "#6b7785", "#e8ecf0", "#ffffff"
FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LEARNED, EQUILIBRIUM, PEOPLE = "#0b62a4", "#d1495b", "#2a9d6f"
COLOURS = {
    "learned": LEARNED,
    "equilibrium": EQUILIBRIUM,
    "people": PEOPLE,
    "truthful": "#8d6cab",
    "zero_intelligence": "#c98a1b",
    "random": "#8895a3",
}
"""Of policies; the same in every plot. They stay apart for the colour-blind and in grey print."""
SEEDS = ("#0b62a4", "#4f9bd0", "#123f63", "#7f8fd6", "#2f7f95", "#9dc3e0")
MONEY = {"revenue": "#d9a441", "surplus": "#2a9d6f", "cost": "#8895a3", "lost": "#d1495b", "stake": "#6a5acd"}
GRADES = {"byzantine": "#8c1c2c", "poor": "#e0806f", "satisfactory": "#8cc7a1", "excellent": "#2a9d6f"}
SERIES = ("#4477aa", "#ccbb44", "#228833", "#ee6677", "#66ccee", "#aa3377", "#bbbbbb")
"""Of categories without a colour of their own; they stay apart for the colour-blind."""
HALTS = "#f0b429"
"""Ground of ticks in which markets are halted."""
WINNING = ((0.0, "#ffffff"), (1.0, "#cfe3f3"))
"""Shading of the chance to win, from never to always."""

TITLES = {
    "equilibrium": "equilibrium",
    "truthful": "truthful",
    "zero_intelligence": "zero-intelligence",
    "random": "random",
}


def plotly() -> Any:
    """`plotly.graph_objects`.

    Raises:
        ValueError: The extra is not installed.
    """
    try:
        return importlib.import_module("plotly.graph_objects")
    except ImportError:
        raise ValueError("reports need plotly: pip install econo-env[report]") from None


def rows(count: int, heights: tuple[float, ...], spacing: float = 0.09) -> Any:
    """A figure of plots below each other that share their x axis."""
    plotly()
    subplots = importlib.import_module("plotly.subplots")
    return subplots.make_subplots(
        rows=count, cols=1, shared_xaxes=True, row_heights=list(heights), vertical_spacing=spacing
    )


def polished(figure: Any, *, height: int = 430) -> Any:
    """The figure in the style of the page; axis titles are set by who draws it.

    Args:
        figure: Is changed.
        height: Pixels.
    """
    axis = {
        "gridcolor": GRID,
        "linecolor": "#c3cbd3",
        "zerolinecolor": "#c3cbd3",
        "ticks": "outside",
        "tickcolor": "#c3cbd3",
        "ticklen": 4,
        "title": {"standoff": 8},
        "automargin": True,
    }
    figure.update_layout(
        height=height,
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        font={"family": FONT, "size": 13, "color": INK},
        margin={"l": 56, "r": 16, "t": 40, "b": 48},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "font": {"size": 12}},
        hoverlabel={"font": {"family": FONT, "size": 12}},
        hovermode="closest",
        colorway=list(SEEDS),
    )
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def faded(colour: str, opacity: float) -> str:
    """A colour `#rrggbb` with an opacity, as CSS writes it."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
