"""Plots of regret: what the best deviation gains, type by type."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from econo_env.training.report.bids import column, is_bid_table
from econo_env.training.report.page import Figure, Section
from econo_env.training.report.style import LEARNED, MUTED, PEOPLE, SEEDS, faded, plotly, polished, rows


def regret_section(evaluations: Mapping[str, Mapping[str, Any]]) -> Section | None:
    """One figure for each role."""
    first = next(iter(evaluations.values()))
    figures = []
    for role, regret in enumerate(first["regret"]):
        if is_bid_table(regret):
            figures.append(_by_value({name: found["regret"][role] for name, found in evaluations.items()}))
        else:
            figures.append(_by_type(regret))
    return Section("regret", "What a deviation would gain", figures) if figures else None


def _by_value(regrets: Mapping[str, Mapping[str, Any]]) -> Figure:
    figure = polished(rows(2, (0.5, 0.5)), height=520)
    first = next(iter(regrets.values()))
    values, gain = column(first["types"]), np.array(first["gain"], dtype=np.float64)
    colours = [LEARNED] if len(regrets) == 1 else SEEDS
    for number, (name, regret) in enumerate(regrets.items()):
        utility = np.array(regret["own_utility"], dtype=np.float64)
        figure.add_scatter(
            x=column(regret["types"]),
            y=1000.0 * np.array(regret["gain"], dtype=np.float64),
            customdata=1000.0 * utility,
            mode="lines",
            name=f"gain, {name}",
            line={"color": colours[number % len(colours)], "width": 2},
            fill="tozeroy" if len(regrets) == 1 else None,
            fillcolor=faded(LEARNED, 0.15),
            hovertemplate="value %{x:.3f}<br>gain %{y:.3f} of a utility of %{customdata:.1f}<extra></extra>",
            row=1,
            col=1,
        )
    own, best = column(first["own_reports"]), column(first["best_reports"])
    figure.add_scatter(
        x=values,
        y=best,
        mode="lines",
        name="best deviation found",
        line={"color": PEOPLE, "width": 2, "dash": "dash"},
        hovertemplate="value %{x:.3f}<br>best bid %{y:.3f}<extra></extra>",
        row=2,
        col=1,
    )
    figure.add_scatter(
        x=values,
        y=own,
        mode="lines",
        name="own bid",
        line={"color": MUTED, "width": 2},
        hovertemplate="value %{x:.3f}<br>own bid %{y:.3f}<extra></extra>",
        row=2,
        col=1,
    )
    figure.update_yaxes(title_text="gain (milli-credits)", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="bid (credits)", row=2, col=1)
    figure.update_xaxes(title_text="own value (credits)", row=2, col=1)
    figure.update_xaxes(range=[values.min(), values.max()])
    weights = np.array(first["weights"], dtype=np.float64)
    own_utility = float(np.array(first["own_utility"], dtype=np.float64) @ weights)
    share = f"{float(gain @ weights) / max(own_utility, 1e-12):.3%}"
    return Figure(
        figure,
        f"Above: what a bidder would gain by its best bid while the others keep to theirs, on average {share} of its "
        "utility. Below: that bid beside its own. Deviations are chosen on one sample of rivals and their gain is "
        "measured on others, so the figure holds no luck of the search; a small negative gain is noise. Where a "
        "bidder seldom "
        "wins, many bids are equally good and the best one found may be far from its own at no gain.",
    )


def _by_type(regret: Mapping[str, Any]) -> Figure:
    go = plotly()
    figure = polished(go.Figure(), height=420)
    names = list(regret["type_names"])
    gain = np.array(regret["gain"], dtype=np.float64)
    best = [
        ", ".join(
            f"{name} {'-' if entry is None else f'{entry:.2f}'}"
            for name, entry in zip(regret["report_names"], row, strict=True)
        )
        for row in regret["best_reports"]
    ]
    second = column(regret["types"], 1) if len(names) > 1 else gain
    figure.add_scatter(
        x=column(regret["types"]),
        y=1000.0 * gain,
        mode="markers",
        text=best,
        showlegend=False,
        marker={
            "size": 9,
            "color": second,
            "colorscale": "Viridis",
            "colorbar": {"title": names[1] if len(names) > 1 else "gain", "thickness": 12},
        },
        hovertemplate="%{x:.3f}: gain %{y:.3f}<br>%{text}<extra></extra>",
    )
    figure.update_yaxes(title_text="gain (milli-credits)")
    figure.update_xaxes(title_text=names[0].replace("_", " "))
    return Figure(
        figure,
        f"What an agent would gain by its best deviation in the first round, by {' and '.join(names)}; touch a point "
        "to see the deviation. Deviations are chosen on one sample and measured on others; a small negative gain is "
        "noise.",
    )
