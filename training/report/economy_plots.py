"""Plots of an economy: money, stake and reputation over an episode, grades and slashes, halts, where the money went."""

from typing import Any

import numpy as np

from econo_env.economy.contracts import NO_GRADE
from econo_env.training.report.economy import GRADES, QUANTILES, Course, Episode, Floats
from econo_env.training.report.flow_plots import flow_table, where_it_went
from econo_env.training.report.page import Figure, Section
from econo_env.training.report.style import COLOURS, HALTS, INK, LEARNED, MUTED, faded, plotly, polished
from econo_env.training.report.style import GRADES as GRADE_COLOURS

_EARLIER = "for earlier conduct"


def economy_section(episode: Episode) -> Section:
    """Everything that moves over an episode."""
    first, course = next(iter(episode.courses.items()))
    return Section(
        "economy",
        "Stake, reputation and money over an episode",
        [
            _money_and_stake(episode, course),
            _standing(episode, course),
            _grades_and_slashes(first, course),
            where_it_went(first, course),
            flow_table(course),
        ],
    )


def _money_and_stake(episode: Episode, course: Course) -> Figure:
    stake = _lines(episode, {name: one.stake for name, one in episode.courses.items()}, 1, "%{y:.3f}")
    plots = {
        "Money of an agent": _quantiles(episode, {name: one.wealth for name, one in episode.courses.items()}),
        "Stake of an agent at work in a tick": stake,
    }
    for plot in plots.values():
        plot.update_yaxes(title_text="credits")
        _shade_halts(plot, course)
    text = (
        f"Over {episode.markets * episode.agents:,} agents in {episode.markets} markets (seed {episode.seed}): the "
        "median, the middle half (dark) and nine in ten (light). Money is what all accounts of an agent hold, free "
        "and locked; goods that it bought and what work cost it are not in it. Stake is the most that an agent had "
        "locked at one time within a tick, behind its bid, its contract or its conduct, the mean over agents."
    )
    return Figure(plots, text + _halts_in_words(course))


def _standing(episode: Episode, course: Course) -> Figure:
    plots, text = {}, ""
    if course.reputation is not None:
        bounds = {name: one.reputation for name, one in episode.courses.items() if one.reputation is not None}
        plots["Reputation"] = _quantiles(episode, bounds)
        plots["Reputation"].update_yaxes(title_text="lower confidence bound")
        text = "Reputation is its lower confidence bound, of those who are not banned. "
        if episode.threshold is not None:
            plots["Reputation"].add_hline(y=episode.threshold, line={"color": MUTED, "width": 1, "dash": "dot"})
            text += f"Below {episode.threshold:g} (dotted) an agent may bid only where it is open to all. "
    shares = {name: one.barred for name, one in episode.courses.items()}
    shares |= {f"{name}, banned": one.banned for name, one in episode.courses.items() if one.banned.any()}
    shut = plots["Agents that may not act"] = _lines(episode, shares, 0, "%{y:.1%}")
    shut.update_yaxes(tickformat=".0%", title_text="share of agents", rangemode="tozero")
    for plot in plots.values():
        _shade_halts(plot, course)
    text += (
        "Who may not act in the coming tick is out of the sale, not eligible, in jail, banned, or in a market that is "
        "halted."
    )
    return Figure(plots, text)


def _colour(episode: Episode, name: str) -> str:
    """The one that the report is about has the colour of what is learned."""
    return LEARNED if name == next(iter(episode.courses)) else COLOURS.get(name, INK)


def _lines(episode: Episode, courses: dict[str, Floats], begin: int, shown: str) -> Any:
    """A line a course; `begin` is the tick of the first figure, `shown` how a figure is shown."""
    figure = polished(plotly().Figure(), height=380)
    for label, figures in courses.items():
        policy, _, what = label.partition(", ")
        dash = "dot" if what == "banned" else "dash" if what and policy != next(iter(episode.courses)) else "solid"
        figure.add_scatter(
            x=np.arange(begin, begin + len(figures)),
            y=figures,
            mode="lines",
            name=label,
            line={"color": _colour(episode, policy), "width": 2, "dash": dash},
            hovertemplate=f"tick %{{x}}<br>{label}: {shown}<extra></extra>",
        )
    figure.update_xaxes(title_text="tick")
    figure.update_yaxes(rangemode="tozero")
    return figure


def _quantiles(episode: Episode, courses: dict[str, Floats]) -> Any:
    """A fan of the first course, the medians of the others, from tick 0 on."""
    medians = {f"{name}, median": rows[:, QUANTILES.index(0.5)] for name, rows in courses.items()}
    figure = _lines(episode, medians, 0, "%{y:.3f}")
    _fan(figure, next(iter(courses.values())))
    return figure


def _fan(figure: Any, quantiles: Floats) -> None:
    ticks = np.arange(len(quantiles))
    for low, high, opacity, name in ((0, 4, 0.15, "nine in ten"), (1, 3, 0.3, "middle half")):
        figure.add_scatter(
            x=np.concatenate([ticks, ticks[::-1]]),
            y=np.concatenate([quantiles[:, high], quantiles[::-1, low]]),
            fill="toself",
            fillcolor=faded(LEARNED, opacity),
            line={"width": 0},
            mode="lines",
            name=name,
            hoverinfo="skip",
        )


def _shade_halts(figure: Any, course: Course) -> None:
    """A ground behind each tick, the darker the more markets are halted in it."""
    if course.halted is None or not course.halted.any():
        return
    darkest = float(course.halted.max())
    figure.update_layout(
        shapes=[
            *figure.layout.shapes,
            *(
                {
                    "type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": tick - 0.5, "x1": tick + 0.5,
                    "fillcolor": HALTS, "opacity": 0.6 * share / darkest, "line": {"width": 0}, "layer": "below",
                }
                for tick, share in enumerate(course.halted.tolist(), start=1)
                if share > 0
            ),
        ]
    )  # fmt: skip


def _halts_in_words(course: Course) -> str:
    if course.halted is None or course.voided is None:
        return ""
    if not course.halted.any() and not course.voided.any():
        return " No market was halted, and no trade voided."
    return (
        f" The shaded ground is the share of markets halted in a tick, {course.halted.max():.0%} where it is darkest: "
        f"{course.halted.mean():.1%} of market-ticks were halted, in {course.voided.mean():.1%} trades were voided."
    )


def _grades_and_slashes(name: str, course: Course) -> Figure:
    plots, text = {}, ""
    if course.grades is not None:
        plots["How awards came out"], text = _grades(name, course, course.grades)
    plots["Slashed so far, by grade"], words = _slashes(course)
    for plot in plots.values():
        plot.update_yaxes(rangemode="tozero")
        plot.update_xaxes(title_text="tick")
        _shade_halts(plot, course)
    return Figure(plots, text + words)


def _grades(name: str, course: Course, grades: Floats) -> tuple[Any, str]:
    figure = polished(plotly().Figure(), height=380)
    ticks = np.arange(1, len(grades) + 1)
    for at, grade in reversed(list(enumerate(GRADES.values()))):
        if grades[:, at].any():
            _layer(figure, ticks, grades[:, at], grade, GRADE_COLOURS[grade], f"{grade}: %{{y:.3f}} a market")
    figure.update_yaxes(title_text="awards a market")
    total = max(float(grades.sum()), 1e-12)
    parts = ", ".join(f"{float(grades[:, at].sum()) / total:.1%} {grade}" for at, grade in enumerate(GRADES.values()))
    return (
        figure,
        f"How awards of {name} agents came out: {parts}. Where an award is a sale, satisfactory is kept and poor is "
        "walked away from; where it is work, this is its grade. ",
    )


def _layer(figure: Any, x: Any, y: Any, name: str, colour: str, hover: str) -> None:
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        stackgroup="one",
        name=name,
        line={"width": 0.5, "color": colour},
        fillcolor=faded(colour, 0.75),
        hovertemplate=f"tick %{{x}}<br>{hover}<extra></extra>",
    )


def _slashes(course: Course) -> tuple[Any, str]:
    figure = polished(plotly().Figure(), height=380)
    slashed = np.cumsum(course.flows.slashed, axis=0)
    shown = {code: name for code, name in ({NO_GRADE: _EARLIER} | GRADES).items() if slashed[-1, code] > 0}
    for code, name in shown.items():
        colour = GRADE_COLOURS.get(name, MUTED)
        hover = f"{name}: %{{y:.4f}} credits a market so far"
        _layer(figure, np.arange(1, len(slashed) + 1), slashed[:, code], name, colour, hover)
    figure.update_yaxes(title_text="credits a market")
    parts = ", ".join(f"{slashed[-1, code]:.4f} {name}" for code, name in shown.items())
    return (
        figure,
        f"{float(slashed[-1].sum()):.4f} credits a market were slashed over the episode{': ' if shown else ''}{parts}. "
        "A slash is what goes from stake to an account of the system, and what is charged for work below a passing "
        "grade.",
    )
