"""Plots of bids: learned bid functions beside equilibrium, with the chance to win, and on their way there."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.levers import require_constant
from econo_env.market import agents_of, market_of
from econo_env.scenario import Scenario
from econo_env.training.report.history import Moment
from econo_env.training.report.page import Figure, Section
from econo_env.training.report.style import EQUILIBRIUM, LEARNED, MUTED, SEEDS, WINNING, plotly, polished, rows

Floats = NDArray[np.float64]
SELDOM = 0.05
"""Below this chance to win a bid hardly matters, to the bidder or to a learner."""


def equilibrium_bids(scenario: Scenario, values: Floats) -> Floats | None:
    """Bids of the closed-form equilibrium in credits, None where none is known."""
    closed_form = market_of(scenario).solver.bid_function
    if closed_form is None:
        return None
    try:
        require_constant(scenario, "an equilibrium")
        bid_function = closed_form(scenario)
    except ValueError:
        return None
    return np.asarray(bid_function(values), dtype=np.float64)


def column(entries: list[Any], at: int = 0) -> Floats:
    """A column of a table of an evaluation file; null becomes NaN."""
    return np.array([np.nan if row[at] is None else row[at] for row in entries], dtype=np.float64)


def is_bid_table(regret: Mapping[str, Any]) -> bool:
    """Whether an agent's type is its value and its report its bid."""
    return len(regret["type_names"]) == 1 and list(regret["report_names"]) == ["bid"]


def chances(regret: Mapping[str, Any]) -> Floats | None:
    """Chance to win at each value, where the evaluation tells."""
    found = regret.get("win_probability")
    return None if found is None else np.array(found, dtype=np.float64)


def gaps(scenario: Scenario, regret: Mapping[str, Any]) -> tuple[float, float] | None:
    """Mean and largest distance of bids from equilibrium, in credits, where the chance to win exceeds `SELDOM`."""
    values, won = column(regret["types"]), chances(regret)
    right = equilibrium_bids(scenario, values)
    if right is None or won is None or not np.any(won > SELDOM):
        return None
    distance, weights = np.abs(column(regret["own_reports"]) - right), np.array(regret["weights"], dtype=np.float64)
    counted = (won > SELDOM) & ~np.isnan(distance)
    if not counted.any():
        return None
    return float(np.average(distance[counted], weights=weights[counted])), float(distance[counted].max())


def bid_section(
    scenario: Scenario, evaluations: Mapping[str, Mapping[str, Any]], moments: list[Moment]
) -> Section | None:
    """Bid functions of every role, and how the first one came about."""
    first = next(iter(evaluations.values()))
    tables = [number for number, regret in enumerate(first["regret"]) if is_bid_table(regret)]
    if not tables:
        return None
    figures = [bid_figure(scenario, {n: e["regret"][role] for n, e in evaluations.items()}) for role in tables]
    slides = [moment for moment in moments if moment.types.size]
    if len(slides) > 2 and slides[-1].timesteps > 1.5 * slides[0].timesteps:
        figures.append(_on_the_way(scenario, slides))
    return Section("bids", "What they bid", figures)


def bid_figure(scenario: Scenario, regrets: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Bid functions of one role: bids above, their distance from equilibrium below."""
    go = plotly()
    figure = polished(rows(2, (0.68, 0.32)), height=560)
    first = next(iter(regrets.values()))
    values = column(first["types"])
    right = equilibrium_bids(scenario, values)
    everything = [column(r["own_reports"]) for r in regrets.values()] + ([] if right is None else [right])
    low, high = float(np.nanmin(everything)), float(np.nanmax(everything))
    pad = 0.06 * (high - low or 1.0)
    _shade(go, figure, values, chances(first), (low - pad, high + pad))
    figure.add_scatter(
        x=values,
        y=values,
        mode="lines",
        name="bid = value",
        line={"color": MUTED, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        row=1,
        col=1,
    )
    if right is not None:
        figure.add_scatter(
            x=values,
            y=right,
            mode="lines",
            name="equilibrium",
            line={"color": EQUILIBRIUM, "width": 2.5, "dash": "dash"},
            hovertemplate="value %{x:.3f}<br>equilibrium bid %{y:.3f}<extra></extra>",
            row=1,
            col=1,
        )
        figure.add_hline(y=0.0, line={"color": EQUILIBRIUM, "width": 1.5, "dash": "dash"}, row=2, col=1)
    for (name, regret), colour in zip(regrets.items(), _colours(len(regrets)), strict=True):
        _add_bids(figure, name, column(regret["types"]), column(regret["own_reports"]), scenario, colour)
    figure.update_yaxes(title_text="bid (credits)", range=[low - pad, high + pad], row=1, col=1)
    figure.update_yaxes(title_text="bid less equilibrium" if right is not None else "bid less value", row=2, col=1)
    figure.update_xaxes(title_text="own value (credits)", row=2, col=1)
    figure.update_xaxes(range=[values.min(), values.max()])
    who = ", ".join(agents_of(scenario)[agent] for agent in first["members"][:6])
    gap = gaps(scenario, first)
    text = (
        f"Bids of {who} at {len(values)} equally likely values. The blue ground is the chance to win with that value. "
    )
    if gap is not None:
        text += (
            f"Where they win more than {SELDOM:.0%} of the time, bids are {gap[0]:.4f} credits from equilibrium on "
            f"average and {gap[1]:.4f} at most. Look at the left end: a bidder that almost never "
            "wins has little to learn from, so its bids may wander."
        )
    return Figure(figure, text)


def _colours(count: int) -> list[str]:
    return [LEARNED] if count == 1 else [SEEDS[at % len(SEEDS)] for at in range(count)]


def _add_bids(figure: Any, name: str, values: Floats, bids: Floats, scenario: Scenario, colour: str) -> None:
    right = equilibrium_bids(scenario, values)
    figure.add_scatter(
        x=values,
        y=bids,
        mode="lines",
        name=name,
        legendgroup=name,
        line={"color": colour, "width": 2.5},
        hovertemplate=f"value %{{x:.3f}}<br>{name} bid %{{y:.3f}}<extra></extra>",
        row=1,
        col=1,
    )
    figure.add_scatter(
        x=values,
        y=bids - (values if right is None else right),
        mode="lines",
        legendgroup=name,
        showlegend=False,
        line={"color": colour, "width": 2},
        hovertemplate="value %{x:.3f}<br>%{y:+.4f}<extra></extra>",
        row=2,
        col=1,
    )


def _shade(go: Any, figure: Any, values: Floats, won: Floats | None, limits: tuple[float, float]) -> None:
    if won is None:
        return
    shade = go.Heatmap(
        x=values,
        y=list(limits),
        z=np.stack([won, won]),
        zmin=0.0,
        zmax=1.0,
        colorscale=[list(stop) for stop in WINNING],
        showscale=False,
        name="chance to win",
        hovertemplate="value %{x:.3f}: wins %{z:.0%}<extra></extra>",
    )
    figure.add_trace(shade, row=1, col=1)


def _on_the_way(scenario: Scenario, moments: list[Moment]) -> Figure:
    """The first role's bid function at each checkpoint, under a slider."""
    go = plotly()
    values = moments[-1].types
    right = equilibrium_bids(scenario, values)
    fixed = [
        go.Scatter(
            x=values, y=values, mode="lines", name="bid = value", line={"color": MUTED, "dash": "dot", "width": 1}
        )
    ]
    if right is not None:
        line = {"color": EQUILIBRIUM, "width": 2.5, "dash": "dash"}
        fixed.append(go.Scatter(x=values, y=right, mode="lines", name="equilibrium", line=line))
    moving = [
        go.Scatter(
            x=moment.types,
            y=moment.reports,
            mode="lines",
            name="learned",
            visible=moment is moments[0],
            line={"color": LEARNED, "width": 2.5},
            hovertemplate="value %{x:.3f}<br>bid %{y:.3f}<extra></extra>",
        )
        for moment in moments
    ]
    figure = go.Figure([*fixed, *moving])
    steps = [
        {
            "label": f"{moment.timesteps / 1e6:.2g} M",
            "method": "update",
            "args": [{"visible": [True] * len(fixed) + [other is moment for other in moments]}],
        }
        for moment in moments
    ]
    bids = np.concatenate([moment.reports for moment in moments] + ([] if right is None else [right]))
    low, high = float(np.nanmin(bids)), float(np.nanmax(bids))
    pad = 0.06 * (high - low or 1.0)
    polished(figure, height=500)
    figure.update_layout(
        sliders=[{"steps": steps, "active": 0, "currentvalue": {"prefix": "agent-steps: "}, "pad": {"t": 46}}]
    )
    figure.update_yaxes(title_text="bid (credits)", range=[low - pad, high + pad])
    figure.update_xaxes(title_text="own value (credits)")
    return Figure(
        figure, "Move the slider: the same bid function at each checkpoint of the training, from first to last."
    )
