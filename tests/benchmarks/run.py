"""`make bench`: every figure as a table and as JSON, with its workload, its bar and a baseline of the same process."""

import argparse
import json
import os
import platform
import sys
import tempfile
from itertools import chain
from pathlib import Path

import numba
import numpy as np
from rich.console import Console
from rich.table import Table

import econo_env
from tests.benchmarks import (
    apis,
    audit,
    combinatorial,
    economy,
    engine,
    formats,
    learners,
    learning,
    memory,
    order_book,
    trust,
)

SECTIONS = {
    "import": lambda threads: engine.importing(),
    "compile": lambda threads: engine.compilation(tempfile.mkdtemp()),
    "arrays": engine.array_face,
    "levers": lambda threads: engine.levers(),
    "tasks": engine.task_market,
    "economy": lambda threads: chain(economy.everything(threads), economy.eligibility()),
    "large": lambda threads: engine.large_market(),
    "scaling": lambda threads: engine.scaling(),
    "memory": lambda threads: memory.memory_bound(),
    "dicts": lambda threads: apis.dict_api(),
    "large_dicts": lambda threads: apis.large_dict_api(),
    "formats": formats.sealed_formats,
    "order_book": lambda threads: order_book.order_book(),
    "combinatorial": lambda threads: chain(
        combinatorial.small_games(threads), combinatorial.large_auctions(), combinatorial.anytime()
    ),
    "audit": lambda threads: audit.audit(),
    "trust": lambda threads: trust.eigentrust(),
    "learning": lambda threads: learning.ppo(),
    "learners": learners.learners,
}
SMALLER_IS_BETTER = {"ms", "ns a market", "s", "%", "d log time / d log agents"}


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def reached(figure):
    if figure.bar is None:
        return ""
    met = figure.value <= figure.bar if figure.unit in SMALLER_IS_BETTER else figure.value >= figure.bar
    return f"{number(figure.bar)} {'reached' if met else 'MISSED'}"


def as_table(figures):
    table = Table(title="Medians; low and high are the worst and best repetition", show_lines=True)
    for column in ("figure", "median", "low to high", "bar", "ratio to baseline", "workload"):
        table.add_column(column, overflow="fold")
    for figure in figures:
        ratio = ""
        if figure.baseline is not None:
            ratio = f"{figure.value / figure.baseline[1]:.1f} x {figure.baseline[0]} ({number(figure.baseline[1])})"
        workload = ", ".join(f"{key}={value}" for key, value in figure.settings.items() if value != "")
        spread = f"{number(figure.low)} to {number(figure.high)}"
        table.add_row(figure.name, f"{number(figure.value)} {figure.unit}", spread, reached(figure), ratio, workload)
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of the large batches")
    parser.add_argument("--only", nargs="*", choices=list(SECTIONS), default=list(SECTIONS), help="sections to run")
    options = parser.parse_args()
    figures = []
    for section in options.only:
        sys.stderr.write(f"measuring {section} ...\n")
        figures.extend(SECTIONS[section](options.threads))
    Console(width=160).print(as_table(figures))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        versions = {"econo_env": econo_env.__version__, "numba": numba.__version__, "numpy": np.__version__}
        document = {"machine": machine, "versions": versions, "figures": [figure.as_json() for figure in figures]}
        options.json.write_text(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
