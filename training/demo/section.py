"""The report's section on real bids: people, learned and equilibrium bids; fit; revenue under other rules."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from econo_env.scenario import Scenario
from econo_env.training.demo.explain import calibration_lines, money
from econo_env.training.demo.human_bids import COMPARED, HumanBids, bids_at
from econo_env.training.demo.revenue import Earned
from econo_env.training.report.bids import equilibrium_bids
from econo_env.training.report.page import Cell, Figure, Prose, Section, Table
from econo_env.training.report.style import COLOURS, EQUILIBRIUM, LEARNED, PEOPLE, faded, plotly, polished
from econo_env.valuations.calibration import Calibration

if TYPE_CHECKING:
    from econo_env.training.demo.pipeline import DemoSettings

Floats = NDArray[np.float64]
CAVEATS = (
    "What this rests on. The estimate assumes that each bidder knows its own value and that values are drawn "
    "independently. The bids say that this is only roughly so: {share:.0%} of what the covariates leave unexplained is "
    "common to the bids of an auction (it is taken out here, by an approximation), and {verdict}. Entry is therefore "
    "not as if by chance, and part of the value may be common to all bidders.",
    "The bid function of people is not measured beside the model but through it: it is the inverse of the estimated "
    "first-order condition, so it agrees with equilibrium by construction, up to sorting and smoothing. What can "
    "disagree is how bids stand beside each other within an auction: the distributions of winning bids, and the money "
    "left on the table.",
    "Up to the 95 % quantile the market's values are the estimate. Above it the calibration only holds the markup; "
    "here values rise straight on to 1.5 times that quantile, for learners see values as shares of the highest. The "
    "advertised value, also a reserve, is treated as not binding. Amounts of the table are read as US dollars.",
)


def real_bids_section(
    found: Calibration,
    scenario: Scenario,
    learned: Any,
    human_bids: HumanBids,
    earned: Sequence[Earned],
    seeds: Sequence[int],
    settings: "DemoSettings",
) -> list[Section]:
    """Real bids first, then what other rules would have earned."""
    share = found.homogenisation.auction_share
    verdict = found.comparison.verdict if found.comparison else "one number of bidders was seen"
    facts = ". ".join(line[:1].upper() + line[1:] for line in calibration_lines(found, scenario.num_agents))
    bids: list[Any] = [
        Prose((facts + ".",)),
        _bid_functions(scenario, learned, human_bids),
        _distributions(human_bids),
        _fit_table(human_bids),
        Prose(tuple(text.format(share=share, verdict=verdict) for text in CAVEATS)),
    ]
    rules: list[Any] = [_revenue(found, earned, seeds, settings), _revenue_table(found, scenario.num_agents, earned)]
    return [Section("real-bids", "Real bids", bids), Section("rules", "What other rules would have earned", rules)]


def _bid_functions(scenario: Scenario, learned: Any, human_bids: HumanBids) -> Figure:
    go = plotly()
    figure = polished(go.Figure(), height=460)
    values = human_bids.values
    curves = (
        ("people, by the estimate", human_bids.bids_at_values, {"color": PEOPLE, "width": 5}),
        ("equilibrium", equilibrium_bids(scenario, values), {"color": EQUILIBRIUM, "width": 2, "dash": "dash"}),
        ("learned", bids_at(scenario, learned, values), {"color": LEARNED, "width": 2}),
    )
    for name, bids, line in curves:
        figure.add_scatter(
            x=values,
            y=bids,
            mode="lines",
            name=name,
            line=line,
            opacity=0.55 if name.startswith("people") else 1.0,
            hovertemplate=f"value %{{x:.3f}}<br>{name} %{{y:.3f}}<extra></extra>",
        )
    figure.update_xaxes(title_text="value (credits, log scale)", type="log", tickvals=[0.5, 0.7, 1, 1.5, 2, 3, 5])
    figure.update_yaxes(title_text="bid (credits)")
    return Figure(
        figure,
        f"What people with a value bid, beside equilibrium and what the network learned. Between the "
        f"{COMPARED[0]:.0%} and {COMPARED[1]:.0%} quantiles of values the learned bids differ from people's by "
        f"{human_bids.bid_gap['learned']:.4f} credits on average, equilibrium bids by "
        f"{human_bids.bid_gap['equilibrium']:.4f}. "
        "People and equilibrium agree by construction of the estimate; whether the learned line joins them is the "
        "question.",
    )


def _distributions(human_bids: HumanBids) -> Figure:
    go = plotly()
    low, high = np.quantile(human_bids.human_bids.bids, [0.004, 0.992])
    edges = np.geomspace(low, high, 56)
    plots = {}
    for field, title in (("bids", "All bids"), ("winning", "Winning bids")):
        plots[title] = figure = polished(go.Figure(), height=380)
        for name, play in ({"people": human_bids.human_bids} | human_bids.others).items():
            _outline(figure, getattr(play, field), edges, name)
        figure.update_xaxes(title_text="bid (credits, log scale)", type="log", tickvals=[0.5, 0.7, 1, 1.4, 2])
        figure.update_yaxes(title_text="density of the log bid")
    return Figure(
        plots,
        f"Homogenised bids of people (filled) and bids of {human_bids.markets:,} simulated auctions (seed "
        f"{human_bids.seed}). "
        f"The distance between people's and learned bids is {human_bids.bid_distance['learned']:.3f} for all bids "
        f"(Kolmogorov-Smirnov; equilibrium {human_bids.bid_distance['equilibrium']:.3f}) and "
        f"{human_bids.winning_distance['learned']:.3f} for winning bids (equilibrium "
        f"{human_bids.winning_distance['equilibrium']:.3f}). Winning bids test how bids stand together in an auction, "
        "which nothing was fitted to. People's are measured from their auction's mean, so none lies far below 1; "
        "simulated auctions have no such floor.",
    )


def _outline(figure: Any, bids: Floats, edges: Floats, name: str) -> None:
    heights = np.histogram(bids, edges)[0] / (len(bids) * np.diff(np.log(edges)))
    colour = COLOURS[name]
    dash = "dash" if name == "equilibrium" else "solid"
    figure.add_scatter(
        x=np.sqrt(edges[1:] * edges[:-1]),
        y=heights,
        mode="lines",
        line_shape="hvh",
        name=name,
        line={"color": colour, "width": 1 if name == "people" else 2, "dash": dash},
        fill="tozeroy" if name == "people" else None,
        fillcolor=faded(colour, 0.25),
        hovertemplate=f"{name}<br>bid %{{x:.3f}}<extra></extra>",
    )


def _fit_table(human_bids: HumanBids) -> Table:
    head = ("", "people", *human_bids.others)
    plays = (human_bids.human_bids, *human_bids.others.values())
    rows: tuple[tuple[str, list[float | None]], ...] = (
        ("mean bid (credits)", [float(play.bids.mean()) for play in plays]),
        ("mean winning bid (credits)", [float(play.winning.mean()) for play in plays]),
        ("money left on the table", [play.money_on_table for play in plays]),
        ("distance of bids from people's", [None, *human_bids.bid_distance.values()]),
        ("distance of winning bids", [None, *human_bids.winning_distance.values()]),
        ("mean gap of bids at the same value", [None, *human_bids.bid_gap.values()]),
    )
    body = tuple(
        (Cell(name), *(Cell("-") if figure is None else Cell(f"{figure:.4f}", exact=figure) for figure in figures))
        for name, figures in rows
    )
    return Table(head, body, "Money left on the table: mean log ratio of the two highest bids of an auction.")


def _revenue(found: Calibration, earned: Sequence[Earned], seeds: Sequence[int], settings: "DemoSettings") -> Figure:
    go = plotly()
    unit = found.homogenisation.amount_per_credit
    figure = polished(go.Figure(), height=130 + 58 * len(earned))
    shown = list(earned)[::-1]
    figure.add_scatter(
        x=[entry.credits.mean for entry in shown],
        y=[_two_lines(entry.name) for entry in shown],
        mode="markers",
        name="measured",
        marker={"size": 13, "color": [COLOURS[entry.kind] for entry in shown]},
        error_x={
            "type": "data",
            "symmetric": False,
            "thickness": 2,
            "width": 6,
            "color": "#4a5561",
            "array": [entry.credits.high - entry.credits.mean for entry in shown],
            "arrayminus": [entry.credits.mean - entry.credits.low for entry in shown],
        },
        customdata=[[money(entry.credits.mean * unit), entry.sold] for entry in shown],
        hovertemplate="%{y}<br>%{x:.4f} credits, %{customdata[0]}<br>sold: %{customdata[1]:.2%}<extra></extra>",
    )
    computed = [(entry, entry.computed) for entry in shown if entry.computed is not None]
    figure.add_scatter(
        x=[value.mean for _, value in computed],
        y=[_two_lines(entry.name) for entry, _ in computed],
        mode="markers",
        name="by quadrature on the whole estimate",
        marker={"symbol": "line-ns-open", "size": 22, "color": "#1f2933"},
        error_x={
            "type": "data",
            "symmetric": False,
            "thickness": 1,
            "width": 0,
            "color": "#9aa5b1",
            "array": [value.high - value.mean for _, value in computed],
            "arrayminus": [value.mean - value.low for _, value in computed],
        },
        hovertemplate="%{y}<br>quadrature: %{x:.4f} credits<extra></extra>",
    )
    figure.update_layout(legend={"y": 1.03})
    figure.update_xaxes(title_text="revenue of an auction (credits)")
    return Figure(
        figure,
        f"Mean revenue of an auction; the scale does not start at 0. Dots: auctions played in the engine, "
        f"{len(seeds)} seeds ({seeds[0]} to {seeds[-1]}) of {settings.auctions:,} each, the same values under every "
        "rule, with 95 % "
        "intervals over seeds; for people's bids over auctions. Upright strokes: the calibration's own figure, with "
        "the interval of its bootstrap: it holds what the engine's does not, that the values themselves are "
        "estimated.",
    )


def _two_lines(name: str) -> str:
    return name.replace(", ", ",<br>")


def _revenue_table(found: Calibration, num_bidders: int, earned: Sequence[Earned]) -> Table:
    unit = found.homogenisation.amount_per_credit
    body = tuple(
        (
            Cell(entry.name),
            Cell(
                f"{entry.credits.mean:.4f}", f"[{entry.credits.low:.4f}, {entry.credits.high:.4f}]", entry.credits.mean
            ),
            Cell("-")
            if entry.computed is None
            else Cell(
                f"{entry.computed.mean:.4f}",
                f"[{entry.computed.low:.4f}, {entry.computed.high:.4f}]",
                entry.computed.mean,
            ),
            Cell(money(entry.credits.mean * unit)),
            Cell(f"{entry.sold:.2%}"),
        )
        for entry in earned
    )
    rules = found.what_if(num_bidders)
    gain = rules.best_gain
    caption = (
        f"Money is that of the reference auction, with median covariates: 1 credit = {money(unit)}. In equilibrium "
        "first and second price earn the same (revenue equivalence). The seller's own value of the good is taken as "
        f"0: the best reserve of {rules.best_reserve} credits then adds {gain.mean:.2%} [{gain.low:.2%}, "
        f"{gain.high:.2%}]."
    )
    return Table(("", "credits", "by quadrature", "reference auction", "sold"), body, caption)
