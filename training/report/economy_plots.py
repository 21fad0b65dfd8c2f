"""Plots of a task market's episode: stakes and reputations, grades and bans, money between principal and agents."""

from typing import Any

import numpy as np

from econo_env.training.report.economy import GRADES, QUANTILES, Course, Episode
from econo_env.training.report.page import Figure, Section
from econo_env.training.report.style import COLOURS, INK, LEARNED, MONEY, faded, plotly, polished
from econo_env.training.report.style import GRADES as GRADE_COLOURS


def economy_section(episode: Episode) -> Section:
    """Everything that moves over an episode."""
    course = episode.courses["learned"]
    return Section(
        "economy",
        "Stake, reputation and money over an episode",
        [_stakes_and_reputation(episode), _grades(episode, course), _flows(course)],
    )


def _stakes_and_reputation(episode: Episode) -> Figure:
    go = plotly()
    plots = {}
    for name, title, unit in (
        ("stake", "Stake of an agent", "credits"),
        ("reputation", "Reputation", "lower confidence bound"),
    ):
        plots[title] = figure = polished(go.Figure(), height=380)
        _fan(figure, getattr(episode.courses["learned"], name))
        for policy, course in episode.courses.items():
            if policy != "learned":
                median = getattr(course, name)[:, QUANTILES.index(0.5)]
                line = {"color": COLOURS.get(policy, INK), "width": 2, "dash": "dash"}
                figure.add_scatter(
                    x=np.arange(len(median)), y=median, mode="lines", name=f"{policy}, median", line=line
                )
        figure.update_xaxes(title_text="tasks offered")
        figure.update_yaxes(title_text=unit)
    return Figure(
        plots,
        f"Over {episode.markets * episode.agents:,} agents in {episode.markets} markets (seed {episode.seed}): the "
        "median, the middle half (dark) and nine in ten (light) after each task. Stakes grow by pay and shrink by "
        "slashes; what the work costs is not paid from the stake. Look at the lower edge: below the bound that tasks "
        "ask for, an agent can only bid for open tasks.",
    )


def _fan(figure: Any, quantiles: Any) -> None:
    ticks = np.arange(len(quantiles))
    for low, high, opacity, name in ((0, 4, 0.15, "nine in ten"), (1, 3, 0.3, "middle half")):
        figure.add_scatter(
            x=np.concatenate([ticks, ticks[::-1]]),
            y=np.concatenate([quantiles[:, high], quantiles[::-1, low]]),
            fill="toself",
            fillcolor=faded(LEARNED, opacity),
            line={"width": 0},
            name=name,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=ticks,
        y=quantiles[:, QUANTILES.index(0.5)],
        mode="lines",
        name="learned, median",
        line={"color": LEARNED, "width": 2.5},
        hovertemplate="task %{x}<br>%{y:.3f}<extra></extra>",
    )


def _grades(episode: Episode, course: Course) -> Figure:
    go = plotly()
    graded, banned = polished(go.Figure(), height=380), polished(go.Figure(), height=380)
    ticks = np.arange(1, len(course.grades) + 1)
    for at, name in reversed(list(enumerate(GRADES.values()))):
        graded.add_scatter(
            x=ticks,
            y=course.grades[:, at],
            mode="lines",
            stackgroup="grades",
            name=name,
            line={"width": 0.5, "color": GRADE_COLOURS[name]},
            fillcolor=faded(GRADE_COLOURS[name], 0.75),
            hovertemplate=f"task %{{x}}<br>{name}: %{{y:.1%}}<extra></extra>",
        )
    for policy, other in episode.courses.items():
        banned.add_scatter(
            x=np.arange(len(other.banned)),
            y=other.banned,
            mode="lines",
            name=policy,
            line={"color": COLOURS.get(policy, INK), "width": 2, "dash": "solid" if policy == "learned" else "dash"},
            hovertemplate="task %{x}<br>%{y:.2%}<extra></extra>",
        )
    most = max(float(other.banned.max()) for other in episode.courses.values())
    graded.update_yaxes(tickformat=".0%", title_text="share of tasks", range=[0, 1])
    banned.update_yaxes(tickformat=".1%", title_text="share of agents", range=[0, max(1.05 * most, 0.01)])
    for plot in (graded, banned):
        plot.update_xaxes(title_text="tasks offered")
    totals = ", ".join(
        f"{share:.1%} {name}" for name, share in zip(GRADES.values(), course.grades.mean(axis=0), strict=True)
    )
    return Figure(
        {"Grade of each task": graded, "Agents banned so far": banned},
        f"How the learned agents' work was graded, {totals}; white is tasks that nobody took. A byzantine "
        "grade bans for the rest of the episode.",
    )


def _flows(course: Course) -> Figure:
    """Principal to agents and back, as a flow diagram."""
    go = plotly()
    figure = polished(go.Figure(), height=380)
    names = list(GRADES.values())
    income = float(course.paid.sum())
    labels = ["principal", "agents' stakes", "agents", "cost of work", "agents' surplus", "back to the principal"]
    links = [
        (0, 2, paid, GRADE_COLOURS[name], f"paid for {name} work")
        for name, paid in zip(names, course.paid, strict=True)
    ]
    links += [
        (1, 5, lost, GRADE_COLOURS[name], f"slashed for {name} work")
        for name, lost in zip(names, course.slashed, strict=True)
    ]
    links += [
        (2, 3, min(course.cost, income), MONEY["cost"], "cost of the work"),
        (2, 4, max(income - course.cost, 0.0), MONEY["surplus"], "left after costs, before slashes"),
    ]
    shown = [link for link in links if link[2] > 1e-6]
    figure.add_trace(
        go.Sankey(
            node={
                "label": labels,
                "pad": 22,
                "thickness": 16,
                "line": {"width": 0},
                "color": [MONEY["revenue"], MONEY["stake"], LEARNED, MONEY["cost"], MONEY["surplus"], MONEY["revenue"]],
            },
            link={
                "source": [link[0] for link in shown],
                "target": [link[1] for link in shown],
                "value": [link[2] for link in shown],
                "color": [faded(link[3], 0.55) for link in shown],
                "customdata": [link[4] for link in shown],
                "hovertemplate": "%{customdata}<br>%{value:.4f} credits a task<extra></extra>",
            },
        )
    )
    figure.update_layout(margin={"l": 10, "r": 10, "t": 20, "b": 20})
    return Figure(
        figure,
        f"Credits a task under the learned policy: the principal pays {income:.4f} and takes "
        f"{course.slashed.sum():.4f} "
        f"from stakes, the work costs the agents {course.cost:.4f}, and {course.surplus:.4f} is their surplus after "
        "slashes. Pay for excellent work holds the performance bonus.",
    )
