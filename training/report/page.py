"""The page: sections of words, figures and tables, with everything it needs inside."""

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from econo_env.training.report.style import plotly

_STYLE = Path(__file__).with_name("page.css")
_OPTIONS = {
    "responsive": True,
    "displaylogo": False,
    "displayModeBar": False,
}
_FIT = """window.addEventListener("load", () =>
  document.querySelectorAll(".plotly-graph-div").forEach((plot) => Plotly.Plots.resize(plot)));"""
"""Plots are drawn while the page is read: once it is whole, each takes the width that it has."""


@dataclass(frozen=True)
class Figure:
    """An interactive plot with its caption: what one sees, and what to look for.

    Attributes:
        plot: One plot, or several by title: beside each other where there is room, else below.
        caption: A few sentences.
    """

    plot: Any | Mapping[str, Any]
    caption: str


@dataclass(frozen=True)
class Prose:
    """A paragraph of plain text, or several."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """A headline figure.

    Attributes:
        label: What it is.
        value: The figure.
        unit: Its unit, or empty for shares.
        interval: Its 95 % interval, or empty.
        beside: The same of others, one line each.
    """

    label: str
    value: str
    unit: str = ""
    interval: str = ""
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cards:
    """Headline figures beside each other."""

    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Cell:
    """A table entry: what is shown, what small print stands below, and the exact figure behind it."""

    shown: str
    small: str = ""
    exact: float | None = None


@dataclass(frozen=True)
class Table:
    """A table; the first column names the rows."""

    head: tuple[str, ...]
    body: tuple[tuple[Cell, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Folded:
    """Text that opens on a click, as it stands in a file."""

    title: str
    text: str


Block = Figure | Prose | Cards | Table | Folded


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading."""

    name: str
    title: str
    blocks: Sequence[Block]


def page(title: str, subtitle: str, sections: Sequence[Section], data: dict[str, Any]) -> str:
    """The whole page as HTML.

    Args:
        title: Heading.
        subtitle: A line below it.
        sections: In order.
        data: Kept in the page as JSON, under the id `evaluation`.
    """
    plotly()
    script = importlib.import_module("plotly.offline").get_plotlyjs()
    links = "".join(f'<a href="#{s.name}">{escape(s.title)}</a>' for s in sections)
    body = "".join(_section(section) for section in sections)
    kept = json.dumps(data).replace("<", "\\u003c")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE.read_text()}</style>"
        f"<script>{script}</script></head><body>"
        f"<header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p><nav>{links}</nav></header>"
        f"<main>{body}</main>"
        f'<script type="application/json" id="evaluation">{kept}</script><script>{_FIT}</script></body></html>\n'
    )


def _section(section: Section) -> str:
    inner = "".join(_block(block, f"{section.name}-{number}") for number, block in enumerate(section.blocks))
    return f'<section id="{section.name}"><h2>{escape(section.title)}</h2>{inner}</section>'


def _block(block: Block, name: str) -> str:
    if isinstance(block, Figure):
        return f"<figure>{_plots(block.plot, name)}<figcaption>{escape(block.caption)}</figcaption></figure>"
    if isinstance(block, Prose):
        return "".join(f"<p>{escape(text)}</p>" for text in block.paragraphs)
    if isinstance(block, Cards):
        return f'<div class="cards">{"".join(map(_card, block.cards))}</div>'
    if isinstance(block, Folded):
        return f"<details><summary>{escape(block.title)}</summary><pre>{escape(block.text)}</pre></details>"
    return _table(block)


def _plots(plot: Any, name: str) -> str:
    if not isinstance(plot, Mapping):
        return _plot(plot, name)
    titled = (
        f"<div><h3>{escape(title)}</h3>{_plot(one, f'{name}-{number}')}</div>"
        for number, (title, one) in enumerate(plot.items())
    )
    return f'<div class="plots">{"".join(titled)}</div>'


def _plot(plot: Any, name: str) -> str:
    return str(plot.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=_OPTIONS))


def _card(card: Card) -> str:
    beside = "".join(f"<li>{escape(line)}</li>" for line in card.beside)
    interval = f'<div class="interval">{escape(card.interval)}</div>' if card.interval else ""
    unit = f" <small>{escape(card.unit)}</small>" if card.unit else ""
    return (
        f'<div class="card"><div class="label">{escape(card.label)}</div>'
        f'<div class="value">{escape(card.value)}{unit}</div>'
        f"{interval}<ul>{beside}</ul></div>"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.body)
    caption = f"<figcaption>{escape(table.caption)}</figcaption>" if table.caption else ""
    return (
        f'<figure><div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f"{caption}</figure>"
    )


def _cell(cell: Cell) -> str:
    exact = "" if cell.exact is None else f' data-exact="{cell.exact!r}"'
    small = f"<small>{escape(cell.small)}</small>" if cell.small else ""
    return f"<td{exact}>{escape(cell.shown)}{small}</td>"
