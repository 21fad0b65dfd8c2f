"""Plots of where the money of an episode went: from whom, by what operation, to whom."""

from typing import Any

from econo_env.economy.contracts import NO_GRADE
from econo_env.training.report.economy import GRADES, Course
from econo_env.training.report.flows import OWN, OWNERS
from econo_env.training.report.page import Cell, Figure, Table
from econo_env.training.report.style import LEARNED, MONEY, MUTED, SERIES, faded, plotly, polished

_OWNER_COLOURS = dict(
    zip(OWNERS, (MONEY["revenue"], "#b08968", MONEY["lost"], "#4f9bd0", LEARNED, MONEY["stake"]), strict=True)
)


def where_it_went(name: str, course: Course) -> Figure:
    """Who paid whom by what operation, and in ticks with which grade."""
    flows = course.flows.between
    received = sum(flow.amount for flow in flows if flow.target in OWN)
    paid = sum(flow.amount for flow in flows if flow.source in OWN)
    plots, text = {"Where the money went": _diagram(course)}, ""
    if course.grades is not None:
        plots["What agents received and paid, by grade"] = _by_grade(course)
        text = (
            " By grade: what agents received from the system (up) and paid to it (down) in ticks in which their award "
            "had that grade; charges that come later, such as surcharges for joint faults, have none."
        )
    return Figure(
        plots,
        f"Credits a market-tick with {name} agents. They paid {paid:.4f} and received {received:.4f}; goods were worth "
        f"{course.worth:.4f} to them (negative where they sell work, which costs), so they earned "
        f"{course.surplus:.4f}. Operations are named as in an audit log.{text}",
    )


def _diagram(course: Course) -> Any:
    """Who paid on the left, the operation in the middle, who received on the right."""
    flows = course.flows.between
    nodes: dict[tuple[str, str], int] = {}
    for side, owners in (
        ("from", [flow.source for flow in flows]),
        ("", [flow.operation for flow in flows]),
        ("to", [flow.target for flow in flows]),
    ):
        for owner in dict.fromkeys(owners):
            nodes[side, owner] = len(nodes)
    links = [
        (nodes[one], nodes[other], flow.amount, _OWNER_COLOURS[flow.source])
        for flow in flows
        for one, other in (
            (("from", flow.source), ("", flow.operation)),
            (("", flow.operation), ("to", flow.target)),
        )
    ]
    go = plotly()
    figure = polished(go.Figure(), height=400)
    figure.add_trace(
        go.Sankey(
            node={
                "label": [_label(side, owner) for side, owner in nodes],
                "color": [_OWNER_COLOURS.get(owner, MUTED) for _, owner in nodes],
                "pad": 26,
                "thickness": 16,
                "line": {"width": 0},
                "hovertemplate": "%{label}: %{value:.4f} credits a tick<extra></extra>",
            },
            link={
                "source": [link[0] for link in links],
                "target": [link[1] for link in links],
                "value": [link[2] for link in links],
                "color": [faded(link[3], 0.45) for link in links],
                "hovertemplate": "%{value:.4f} credits a tick<extra></extra>",
            },
        )
    )
    figure.update_layout(margin={"l": 12, "r": 12, "t": 20, "b": 24})
    return figure


def _label(side: str, owner: str) -> str:
    return f"{side} {owner}" if side else owner


def flow_table(course: Course) -> Table:
    """Every flow with its amount, locks and releases too."""
    body = tuple(
        (
            Cell(flow.operation, course.flows.does[flow.operation]),
            Cell(flow.source),
            Cell(flow.target),
            Cell(f"{flow.amount:.4f}", exact=flow.amount),
        )
        for flow in (*course.flows.between, *course.flows.within)
    )
    return Table(
        ("operation", "from", "to", "credits a tick"),
        body,
        "Every transfer of the episode, added up. Stake is what agents have locked: escrow, bonds, pledges.",
    )


def _by_grade(course: Course) -> Any:
    """Bars of what agents received and paid, by operation."""
    flows = course.flows
    figure = polished(plotly().Figure(), height=400)
    shown = {
        code: name
        for code, name in ({NO_GRADE: "no grade"} | GRADES).items()
        if flows.received[code].any() or flows.paid[code].any()
    }
    used = [at for at in range(len(flows.operations)) if flows.received[:, at].any() or flows.paid[:, at].any()]
    for number, at in enumerate(used):
        for amounts, word, opacity in ((flows.received, "received", 1.0), (-flows.paid, "paid", 0.6)):
            if amounts[:, at].any():
                figure.add_bar(
                    x=list(shown.values()),
                    y=[float(amounts[code, at]) for code in shown],
                    name=f"{flows.operations[at]}, {word}",
                    marker={"color": SERIES[number % len(SERIES)], "opacity": opacity},
                    hovertemplate=f"{flows.operations[at]}<br>%{{x}}: %{{y:.4f}} credits a tick<extra></extra>",
                )
    figure.update_layout(barmode="relative", bargap=0.45)
    figure.update_yaxes(title_text="credits a tick")
    return figure
