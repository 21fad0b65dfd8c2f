"""A picture of levels at work: at which level each agent plays over time, and what moved it."""

import numpy as np

from econo_env.policies.standing import EVENTS
from econo_env.population import LEVELS
from econo_env.training.evaluation.levels import LevelCourse
from econo_env.training.report.page import Figure, Section
from econo_env.training.report.style import SERIES, plotly, polished

LEVEL_COLOURS = ("#bbbbbb", "#66ccee", "#4477aa", "#aa3377")
MARKS = ("triangle-up", "triangle-down", "x", "hourglass", "diamond", "arrow-left")
_MOST_AGENTS = 40


def levels_section(course: LevelCourse) -> Section:
    """The level of each agent of one market over time with the events, and shares of levels in all markets."""
    return Section("levels", "Levels at work", [_agents(course), _shares(course)])


def _agents(course: LevelCourse) -> Figure:
    figure, shown = polished(plotly().Figure()), min(len(course.agents), _MOST_AGENTS)
    names = [f"{agent} ({group})" for agent, group in zip(course.agents[:shown], course.groups[:shown], strict=True)]
    step = 1.0 / len(LEVELS)
    scale = [(edge, colour) for n, colour in enumerate(LEVEL_COLOURS) for edge in (n * step, min(1.0, (n + 1) * step))]
    figure.add_heatmap(
        z=course.first[:, :shown].T,
        y=names,
        zmin=-0.5,
        zmax=len(LEVELS) - 0.5,
        colorscale=scale,
        colorbar={"tickvals": list(range(len(LEVELS))), "ticktext": list(LEVELS), "title": ""},
        hovertemplate="tick %{x}<br>%{y}: level %{z}<extra></extra>",
    )
    own = course.events[(course.events[:, 1] == 0) & (course.events[:, 2] < shown)]
    for number, name in enumerate(EVENTS):
        theirs = own[own[:, 3] == number]
        if len(theirs):
            figure.add_scatter(
                x=theirs[:, 0],
                y=[names[agent] for agent in theirs[:, 2]],
                mode="markers",
                name=name,
                marker={"symbol": MARKS[number], "size": 11, "color": SERIES[3], "line": {"width": 1, "color": "#fff"}},
                hovertemplate=f"tick %{{x}}<br>%{{y}}: {name}<extra></extra>",
            )
    figure.update_layout(height=160 + 26 * shown)
    figure.update_xaxes(title_text="tick")
    figure.update_yaxes(autorange="reversed")
    total = ", ".join(f"{count} {name}" for name, count in zip(EVENTS, course.counts[-1].tolist(), strict=True))
    more = len(course.agents) - shown
    return Figure(
        figure,
        f"The level at which each agent of one market plays, and what moved it. In all markets together: {total}. A "
        "fallback (invalid, late, poor) lasts a while, a promotion or demotion until the next; a rollback takes what "
        f"was learned back to when it last stood well.{f' {more} more agents are not shown.' if more else ''}",
    )


def _shares(course: LevelCourse) -> Figure:
    figure, ticks = polished(plotly().Figure(), height=320), np.arange(len(course.shares))
    for number, name in enumerate(LEVELS):
        if course.shares[:, number].any():
            figure.add_scatter(
                x=ticks,
                y=course.shares[:, number],
                mode="lines",
                stackgroup="one",
                name=name,
                line={"width": 0.5, "color": LEVEL_COLOURS[number]},
                hovertemplate=f"tick %{{x}}<br>{name}: %{{y:.0%}}<extra></extra>",
            )
    figure.update_xaxes(title_text="tick")
    figure.update_yaxes(title_text="share of agents", tickformat=".0%", range=[0, 1])
    return Figure(figure, "The share of agents of all markets that play at each level.")
