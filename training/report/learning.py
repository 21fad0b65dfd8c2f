"""Learning curves: reward, utility loss and the market's own series over agent-steps."""

from typing import Any

import numpy as np

from econo_env.markets.sealed_bid.scenario import MARKET as SEALED_BID
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.mechanisms.base import mechanisms
from econo_env.mechanisms.sources.sealed import own_bid
from econo_env.scenario import Scenario
from econo_env.training.report.contents import ReportContents
from econo_env.training.report.history import Moment
from econo_env.training.report.page import Figure, Section
from econo_env.training.report.style import EQUILIBRIUM, INK, LEARNED, SEEDS, plotly, polished

FEW = 20
"""Fewer points than this are marked one by one."""
SERIES = (
    ("rollout/step_reward_mean", "reward, exploring", "credits an agent-step", "step_reward"),
    ("eval/utility", "utility, as judged", "credits an agent and episode", "utility"),
    ("eval/revenue", "revenue", "credits a round", "revenue"),
    ("eval/efficiency", "efficiency", "share of the best welfare", "efficiency"),
)
"""What is drawn of `metrics.jsonl`: key, title, unit, and the figure of the baselines beside it."""

Panel = tuple[str, str, dict[int, tuple[Any, Any]], float | None]
"""Title, unit, lines by training seed, and the figure of equilibrium play."""


def learning_section(contents: ReportContents) -> Section | None:
    """One plot for each series that the run has."""
    if not any(contents.curves.values()):
        return None
    figures = [
        _figure(contents, key, title, unit, _at_equilibrium(contents, beside))
        for key, title, unit, beside in SERIES
        if any(key in row for rows in contents.curves.values() for row in rows)
    ]
    loss = _loss_figure(contents.moments)
    return Section("learning", "How they learned", ([loss] if loss else []) + [_together(figures, _note(contents))])


def _at_equilibrium(contents: ReportContents, name: str) -> float | None:
    metrics = contents.document["baselines"].get("equilibrium", {})
    rounds = contents.scenario.max_cycles
    agents = contents.scenario.num_agents
    if name in ("utility", "step_reward"):
        surplus = metrics.get("bidder_surplus", {}).get("mean")
        return None if surplus is None else surplus / agents * (rounds if name == "utility" else 1)
    found: float | None = metrics.get(name, {}).get("mean")
    return found


def _figure(contents: ReportContents, key: str, title: str, unit: str, reference: float | None) -> Panel:
    lines = {}
    for seed, rows in contents.curves.items():
        points = [(row["timesteps"], row[key]) for row in rows if key in row]
        if points:
            lines[seed] = tuple(np.array(points, dtype=np.float64).T)
    return title, unit, lines, reference


def _buys(scenario: Scenario) -> bool:
    return isinstance(scenario, SealedBidScenario) and scenario.procurement is not None


def _note(contents: ReportContents) -> str:
    row = mechanisms().get(contents.scenario.mechanism.name)
    if row is None or row.market != SEALED_BID or row.losers_pay or row.sources != (own_bid,):
        return ""
    much = "asks too much" if _buys(contents.scenario) else "bids too little"
    step = "asking less" if much == "asks too much" else "bidding more"
    return (
        f" In a first-price auction a utility above the equilibrium's is no feat: it says that everybody still {much}, "
        f"and any of them would gain by {step}."
    )


def _together(panels: list[Panel], note: str) -> Figure:
    go = plotly()
    plots = {}
    for title, unit, lines, reference in panels:
        plots[title] = polished(go.Figure(), height=310)
        _lines(plots[title], lines)
        if reference is not None:
            plots[title].add_hline(y=reference, line={"color": EQUILIBRIUM, "dash": "dash", "width": 1.5})
        plots[title].update_yaxes(title_text=unit)
        if title == "efficiency" and lines:
            lowest = min(float(figures.min()) for _, figures in lines.values())
            plots[title].update_yaxes(range=[min(lowest, 0.95) - 0.01, 1.01])  # or rounding fills the plot
        plots[title].update_xaxes(title_text="agent-steps")
    return Figure(
        plots,
        "One line a training seed, the mean of several in black; red dashes are equilibrium play. Reward is that of "
        "the exploring agents, who pay for their exploration; the other curves judge the mean action." + note,
    )


def _lines(figure: Any, lines: dict[int, tuple[Any, Any]]) -> None:
    several = len(lines) > 1
    for (seed, (steps, figures)), colour in zip(lines.items(), SEEDS * (len(lines) // len(SEEDS) + 1), strict=False):
        figure.add_scatter(
            x=steps,
            y=figures,
            mode="lines+markers" if len(steps) < FEW else "lines",
            name=f"seed {seed}",
            line={"color": colour if several else LEARNED, "width": 1.3 if several else 2},
            hovertemplate=f"seed {seed}, %{{x:,}} steps<br>%{{y:.4f}}<extra></extra>",
        )
    if several:
        common = max(lines.values(), key=lambda line: len(line[0]))[0]
        mean = np.mean([np.interp(common, steps, figures) for steps, figures in lines.values()], axis=0)
        figure.add_scatter(x=common, y=mean, mode="lines", name="mean", line={"color": INK, "width": 2.5})
    _legend_if(figure, several)


def _legend_if(figure: Any, wanted: bool) -> None:
    figure.update_layout(showlegend=wanted, margin={"t": 40 if wanted else 12})


def _loss_figure(moments: dict[int, list[Moment]]) -> Figure | None:
    told = {seed: found for seed, found in moments.items() if len(found) > 1}
    if not told:
        return None
    go = plotly()
    figure = polished(go.Figure(), height=360)
    for (seed, found), colour in zip(told.items(), SEEDS * (len(told) // len(SEEDS) + 1), strict=False):
        figure.add_scatter(
            x=[moment.timesteps for moment in found],
            y=[max(moment.utility_loss, 1e-6) for moment in found],
            mode="lines+markers",
            name=f"seed {seed}",
            line={"color": colour, "width": 2},
            marker={"size": 6},
            hovertemplate="%{x:,} steps<br>loss %{y:.3%}<extra></extra>",
        )
    _legend_if(figure, len(told) > 1)
    figure.update_yaxes(
        title_text="utility loss",
        type="log",
        tickformat="~%",
        tickvals=[digit * 10.0**power for power in range(-5, 2) for digit in (1, 3)],
    )
    figure.update_xaxes(title_text="agent-steps")
    return Figure(
        figure,
        "Utility loss at each checkpoint: the share of its utility that a bidder leaves behind by not playing its best "
        "answer to the others, found by search. 0 is an equilibrium; the scale is logarithmic.",
    )
