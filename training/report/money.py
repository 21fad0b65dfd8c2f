"""Plots of money: where the value of a round goes, and where a bidder's value goes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from econo_env.training.report.bids import chances, column, is_bid_table
from econo_env.training.report.page import Figure, Section
from econo_env.training.report.style import MONEY, TITLES, faded, plotly, polished


def money_section(evaluations: Mapping[str, Mapping[str, Any]]) -> Section | None:
    """Shares of the best possible welfare under every policy; by value, where the market's types are values."""
    first = next(iter(evaluations.values()))
    bidding = all(is_bid_table(regret) for regret in first["regret"])
    rows = {name: found["metrics"] for name, found in evaluations.items()}
    rows |= {TITLES.get(name, name): metrics for name, metrics in first["baselines"].items()}
    figures = [_split(rows, "seller" if bidding else "principal", "bidders" if bidding else "agents")]
    if first["regret"] and bidding and chances(first["regret"][0]) is not None:
        figures.append(_by_value(first["regret"][0]))
    return Section("money", "Where the money goes", figures)


def _split(rows: Mapping[str, Mapping[str, Any]], seller: str, bidders: str) -> Figure:
    go = plotly()
    names = list(rows)[::-1]
    mean = {
        key: np.array([_mean(rows[name], key) for name in names])
        for key in ("welfare", "efficiency", "revenue", "bidder_surplus")
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.where(mean["efficiency"] != 0, mean["welfare"] * (1.0 / mean["efficiency"] - 1.0), 0.0)
    figure = polished(go.Figure(), height=110 + 44 * len(names))
    parts = (
        (f"{seller}'s revenue", mean["revenue"], MONEY["revenue"]),
        (f"{bidders}' surplus", mean["bidder_surplus"], MONEY["surplus"]),
        ("lost: not the best allocation", lost, MONEY["lost"]),
    )
    for name, amounts, colour in parts:
        figure.add_bar(
            y=names,
            x=amounts,
            orientation="h",
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"%{{y}}<br>{name}: %{{x:.4f}} credits a round<extra></extra>",
        )
    figure.update_layout(barmode="relative", bargap=0.35, legend={"traceorder": "normal"})
    figure.update_xaxes(title_text="credits a round")
    return Figure(
        figure,
        f"The three parts of a bar add up to the welfare that the best allocation would reach: what the {seller} "
        f"keeps, what the {bidders} keep, and what is lost because somebody else than the best one won. A bar to the "
        "left of 0 is a loss.",
    )


def _mean(metrics: Mapping[str, Any], key: str) -> float:
    found = metrics.get(key, {}).get("mean")
    return np.nan if found is None else float(found)


def _by_value(regret: Mapping[str, Any]) -> Figure:
    go = plotly()
    values, won = column(regret["types"]), chances(regret)
    assert won is not None
    kept = np.array(regret["own_utility"], dtype=np.float64)
    figure = polished(go.Figure(), height=400)
    paid = values * won - kept
    for name, amounts, colour in (
        ("pays", paid, MONEY["revenue"]),
        ("keeps as surplus", kept, MONEY["surplus"]),
        ("value of a good it does not win", values * (1.0 - won), "#aab4be"),
    ):
        figure.add_scatter(
            x=values,
            y=amounts,
            mode="lines",
            name=name,
            stackgroup="value",
            line={"width": 0.8, "color": colour},
            fillcolor=faded(colour, 0.55),
            hovertemplate=f"value %{{x:.3f}}<br>{name}: %{{y:.4f}}<extra></extra>",
        )
    figure.update_xaxes(title_text="own value (credits)", range=[values.min(), values.max()])
    figure.update_yaxes(title_text="expected credits a round")
    return Figure(
        figure,
        "A bidder's value on average: what it pays, what it keeps, and the rest of the time it does not win. "
        "The green band is the bidder's information rent: it widens with the value.",
    )
