"""The picture of the profit of splitting: gain by number of identities, with 95 % intervals, one curve a market."""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from econo_env.training.evaluation.identities import Identities
from econo_env.training.evaluation.statistics import t_interval


def draw_identities(found: Mapping[str, Identities], path: str | Path | BinaryIO) -> None:
    """Writes a PNG of two panels: an attacker who knows its own type alone, and one who knows its rivals' reports.

    Args:
        found: By label, of at least two seeds each.
        path: The file, or an open one.
    """
    # the object interface: no global backend is touched
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    for number, (label, one) in enumerate(found.items()):
        for axis, by_seed in ((left, one.gain), (right, one.instance_gain.mean(axis=1))):
            names = np.arange(1, by_seed.shape[1] + 1)
            estimates = [t_interval(column) for column in by_seed.T]
            line = axis.plot(
                names,
                [estimate.mean for estimate in estimates],
                marker="osD^v<>"[number % 7],
                markersize=4,
                linewidth=1.5,
                label=label,
            )[0]
            low, high = [estimate.low for estimate in estimates], [estimate.high for estimate in estimates]
            axis.fill_between(names, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
    left.set_title("rivals known by their distribution", fontsize=11)
    right.set_title("rivals' reports known", fontsize=11)
    left.set_ylabel("gain over one identity, credits a round")
    for axis in (left, right):
        axis.axhline(0.0, color="0.5", linewidth=0.8)
        axis.set_xlabel("identities")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.2)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, format="png", dpi=110)
