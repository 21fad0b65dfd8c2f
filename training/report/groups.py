"""Who takes part, and what each group earned, where the scenario lists a population."""

from collections.abc import Mapping
from typing import Any

from econo_env.training.evaluation.groups import PREFIX
from econo_env.training.report.page import Cell, Section, Table
from econo_env.training.report.style import TITLES
from econo_env.training.report.summary import interval, shown


def groups_section(document: Mapping[str, Any]) -> Section | None:
    """A row a group: its agents, level and strategy, what it earned, and what its seats earn under the baselines.

    Args:
        document: The evaluation in the form of `econo-env evaluate --json`.
    """
    groups = document.get("population")
    if not groups:
        return None
    beside = {TITLES.get(name, name): metrics for name, metrics in document["baselines"].items()}
    body = tuple(
        (
            Cell(group["name"].replace("_", " "), _agents(group["agents"])),
            Cell(group["intelligence"], "learned in training" if group["learns"] else group["policy"] or ""),
            Cell(group["bidding_strategy"] if group["intelligence"] == "reactive" else "-", _options(group)),
            Cell("-" if group["initial_stake"] is None else f"{group['initial_stake']:g}"),
            *(_earned(metrics, group["name"]) for metrics in (document["metrics"], *beside.values())),
        )
        for group in groups
    )
    head = ("", "level", "bids by", "initial stake", "utility", *(f"if all were {name}" for name in beside))
    caption = "Utility is credits of an agent in an episode, the mean of its group, with 95 % intervals over seeds."
    return Section("who", "Who takes part", [Table(head, body, caption)])


def _agents(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _options(group: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in group["options"].items())


def _earned(metrics: Mapping[str, Any], name: str) -> Cell:
    metric = metrics.get(f"{PREFIX}{name}")
    return Cell(shown(metric), interval(metric), None if metric is None else metric["mean"])
