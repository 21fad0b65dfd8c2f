"""The picture of a calibration: homogenised bids, inverse bid functions, values with bands, and the fit."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from econo_env.valuations.calibration.estimate import ValueEstimate
from econo_env.valuations.calibration.inversion import model_bids
from econo_env.valuations.calibration.result import Calibration
from econo_env.valuations.calibration.smoothing import PROBABILITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

MOST_CURVES = 5
"""Numbers of bidders drawn: those with the most auctions."""


def draw(calibration: Calibration, path: str | Path | BinaryIO, num_bidders: int | None = None) -> None:
    """Writes a PNG of four panels.

    Args:
        calibration: What to draw.
        path: The file, or an open one.
        num_bidders: Whose fit the last panel shows; by default the number with the most bids.
    """
    # the object interface: no global backend is touched
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = calibration.estimate(num_bidders)
    ranked = sorted(calibration.estimates.values(), key=lambda e: e.auctions, reverse=True)[:MOST_CURVES]
    curves = sorted(ranked, key=lambda e: e.num_bidders)
    colors = dict(
        zip(
            (e.num_bidders for e in curves),
            colormaps["viridis"](np.linspace(0.05, 0.85, len(curves))),
            strict=True,
        )
    )
    figure = Figure(figsize=(11.0, 8.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2)
    _bids(axes[0, 0], curves, colors)
    _inverse_bid_functions(axes[0, 1], curves, colors)
    _values(axes[1, 0], curves, colors)
    _fit(axes[1, 1], shown)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.2)
    kept = sum(e.auctions for e in calibration.estimates.values())
    figure.suptitle(
        f"{calibration.name}: {_worth(curves)}s behind {kept:,} auctions   "
        f"(covariates and number of bidders explain {100 * calibration.homogenisation.r_squared:.0f} % "
        "of the variance of log bids)",
        fontsize=12,
    )
    figure.savefig(path, format="png", dpi=120)


def _label(estimate: ValueEstimate) -> str:
    return f"{estimate.num_bidders} bidders, {estimate.auctions:,} auctions"


def _worth(curves: list[ValueEstimate]) -> str:
    return "cost" if curves[0].procurement else "value"


def _bidding(estimate: ValueEstimate) -> NDArray[np.bool_]:
    """Quantiles of those who bid, without the 2 % at the weak end and the 5 % at the strong end."""
    strength = 1.0 - PROBABILITIES if estimate.procurement else PROBABILITIES
    return np.asarray((strength >= max(estimate.excluded, 0.02)) & (strength <= 0.95))


def _bids(axis: "Axes", curves: list[ValueEstimate], colors: dict[int, tuple[float, ...]]) -> None:
    everything = np.log(np.concatenate([e.single_bids for e in curves]))
    low, high = np.quantile(everything, [0.002, 0.998])
    edges = np.linspace(low, high, int(np.clip(len(everything) ** 0.4, 12, 60)) + 1)
    for e in curves:
        height = np.histogram(np.log(e.single_bids), edges)[0] / (e.single_bids.size * np.diff(edges))
        axis.stairs(height, np.exp(edges), color=colors[e.num_bidders], label=_label(e), linewidth=1.4)
    axis.set_xscale("log")
    _plain_log_ticks(axis.xaxis)
    axis.set(title="Homogenised bids", xlabel="bid (credits, log scale)", ylabel="density of the log bid")
    axis.legend(frameon=False, fontsize=8)


def _plain_log_ticks(axis: "Axis") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0, 7.0)))
    axis.set_major_formatter(FuncFormatter(lambda amount, _: f"{amount:g}"))
    axis.set_minor_formatter(NullFormatter())


def _inverse_bid_functions(axis: "Axes", curves: list[ValueEstimate], colors: dict[int, tuple[float, ...]]) -> None:
    top = max(float(np.interp(0.9, PROBABILITIES, e.values)) for e in curves) * 1.05
    for e in curves:
        inside = _bidding(e)
        axis.plot(e.bids[inside], e.values[inside], color=colors[e.num_bidders], linewidth=1.8)
        middle = [float(np.interp(0.5, PROBABILITIES, table)) for table in (e.bids, e.values)]
        axis.plot(*middle, "o", color=colors[e.num_bidders], markersize=4)
    right = max(float(np.interp(0.95, PROBABILITIES, e.bids)) for e in curves)
    axis.axline((0.0, 0.0), slope=1.0, color="0.4", linewidth=1.0, linestyle="--")
    axis.set(
        title="Inverse bid functions (without the tails)",
        xlabel="bid (credits)",
        ylabel=f"{_worth(curves)} (credits)",
        xlim=(0.0, right * 1.02),
        ylim=(0.0, top),
    )
    axis.annotate(f"dashed: {_worth(curves)} = bid; dots: medians", (0.03, 0.93), xycoords="axes fraction", fontsize=8)


def _values(axis: "Axes", curves: list[ValueEstimate], colors: dict[int, tuple[float, ...]]) -> None:
    for e in curves:
        inside = _bidding(e)
        color = colors[e.num_bidders]
        axis.fill_between(
            PROBABILITIES[inside], e.values_low[inside], e.values_high[inside], color=color, alpha=0.25, linewidth=0
        )
        axis.plot(PROBABILITIES[inside], e.values[inside], color=color, linewidth=1.4)
    axis.set_yscale("log")
    _plain_log_ticks(axis.yaxis)
    axis.set(
        title=f"Quantiles of {_worth(curves)}s with 95 % bands",
        xlabel="probability",
        ylabel=f"{_worth(curves)} (credits, log scale)",
        xlim=(0.0, 1.0),
    )


def _fit(axis: "Axes", shown: ValueEstimate) -> None:
    n = shown.num_bidders
    share = np.linspace(0.01, 0.99, 99)
    model = model_bids(shown.values, n, procurement=shown.procurement, reserve=shown.reserve)
    # the same shares of the bids made, and of the winning bids, among all potential bidders
    away, none = shown.excluded, shown.excluded**n
    if shown.procurement:
        every, won = (1.0 - away) * share, 1.0 - (1.0 - (1.0 - none) * share) ** (1.0 / n)
    else:
        every, won = away + (1.0 - away) * share, (none + (1.0 - none) * share) ** (1.0 / n)
    rows = (
        ("all bids", shown.single_bids, every, "tab:blue"),
        ("winning bids", shown.winning_bids, won, "tab:orange"),
    )
    limits = []
    for name, bids, at, color in rows:
        equilibrium, people = np.interp(at, PROBABILITIES, model), np.quantile(bids, share)
        axis.plot(equilibrium, people, ".", color=color, markersize=4, label=name)
        limits += [equilibrium[[0, -1]], people[[0, -1]]]
    low, high = float(np.min(limits)) * 0.95, float(np.max(limits)) * 1.05
    axis.plot([low, high], [low, high], color="0.4", linewidth=1.0, linestyle="--")
    axis.set_xscale("log")
    axis.set_yscale("log")
    _plain_log_ticks(axis.xaxis)
    _plain_log_ticks(axis.yaxis)
    axis.set(
        title=f"Quantiles of bids, {n} bidders: equilibrium and observed",
        xlabel="equilibrium with the estimate (credits)",
        ylabel="observed (credits)",
    )
    axis.legend(frameon=False, fontsize=8, loc="upper left")
    axis.annotate(
        f"KS distance: {shown.fit.bid_distance:.3f} all, {shown.fit.winning_bid_distance:.3f} winning",
        (0.97, 0.04),
        xycoords="axes fraction",
        ha="right",
        fontsize=8,
    )
