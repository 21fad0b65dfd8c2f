"""The top of the page in plain words, the table of figures, and where they come from."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from econo_env.market import market_of
from econo_env.training.report.bids import SELDOM, gaps, is_bid_table
from econo_env.training.report.contents import ReportContents
from econo_env.training.report.page import Card, Cards, Cell, Folded, Prose, Section, Table
from econo_env.training.report.style import TITLES

Metric = Mapping[str, Any]
HEADLINES = (
    ("utility_loss", "Utility loss"),
    ("efficiency", "Efficiency"),
    ("revenue", "Revenue"),
    ("bidder_surplus", "Surplus of all agents"),
)
"""Figures on cards, by name."""
MEANINGS = {
    "efficiency": "welfare over the best possible",
    "normalised_efficiency": "0 is random or zero-intelligence play, 1 the best possible",
    "utility_loss": "share of its utility a bidder leaves behind",
    "regret_mean": "mean gain of the best deviation in one tick",
    "regret_worst": "gain at the type where it is largest",
    "relative_gain": "mean gain over own utility",
    "episode_regret_mean": "gain of the best deviation through a whole episode",
    "episode_relative_gain": "that gain over own utility",
    "satisfaction": "agents no worse off for taking part, nor for not telling the truth, nor wronged",
    "interim_rational_share": "types that expect no loss",
    "ex_post_loss_share": "rounds that end in a loss",
    "imbalance": "money made or lost by the rules",
    "deficit_share": "rounds in which the seller pays in",
}


def shown(metric: Metric | None) -> str:
    """A figure with its unit; shares as percentages."""
    mean = None if metric is None else metric["mean"]
    if metric is None or mean is None:
        return "-"
    if metric["unit"] == "share":
        return f"{mean:.3%}" if abs(mean) < 0.1 else f"{mean:.2%}"
    return f"{mean:.4g}" if abs(mean) < 1e-3 else f"{mean:.4f}"


def interval(metric: Metric | None) -> str:
    """Its 95 % interval, empty where there is none."""
    low, high = (None, None) if metric is None else metric["ci95"]
    if metric is None or low is None or high is None:
        return ""
    return f"[{shown({**metric, 'mean': low})}, {shown({**metric, 'mean': high})}]"


def summary_section(contents: ReportContents, opening: str = "") -> Section:
    """What was trained and what came out, after an opening paragraph where there is one."""
    document = contents.document
    cards = []
    for name, label in HEADLINES:
        metric = document["metrics"].get(name)
        if metric is not None:
            unit = "" if metric["unit"] == "share" else metric["unit"]
            beside = tuple(
                f"{TITLES.get(policy, policy)} {shown(metrics.get(name))}"
                for policy, metrics in document["baselines"].items()
            )
            cards.append(Card(label, shown(metric), unit, interval(metric), beside))
    return Section(
        "summary", "In short", [Prose((*([opening] if opening else []), *_sentences(contents))), Cards(tuple(cards))]
    )


def _sentences(contents: ReportContents) -> list[str]:
    document, scenario = contents.document, contents.scenario
    metrics, seeds = document["metrics"], document["seeds"]
    name = scenario.mechanism.name.replace("_", " ")
    market = f"{scenario.num_agents} agents in {scenario.id} ({name}, {_rounds(scenario.max_cycles)})"
    trained = [rows[-1] for rows in contents.curves.values() if rows]
    if trained:
        steps = sum(row["timesteps"] for row in trained)
        count = len(trained)
        first = f"PPO trained {market} for {steps:,.0f} agent-steps"
        first += (
            f" in all, {count} runs with different seeds; the figures below are of the first." if count > 1 else "."
        )
    else:
        first = f"The policy {document['policy']!r} played {market}."
    distances = [gaps(scenario, regret) for regret in document["regret"] if is_bid_table(regret)]
    known = [distance for distance in distances if distance is not None]
    second = ""
    if known and len(known) == len(distances):
        second = (
            f"Where they win more than {SELDOM:.0%} of the time, bids are {np.mean([mean for mean, _ in known]):.4f} "
            f"credits from equilibrium on average and {max(most for _, most in known):.4f} at most. "
        )
    loss = metrics.get("utility_loss")
    if loss is not None and loss["mean"] is not None:
        second += (
            f"{_first_round(contents)} leaves {shown(loss)} {interval(loss)} of its utility behind by not playing the "
            "best deviation that the search found."
        )
    losses = [
        found["metrics"]["utility_loss"]
        for found in contents.evaluations.values()
        if "utility_loss" in found["metrics"]
    ]
    if len(losses) > 1:
        ordered = sorted(losses, key=lambda metric: metric["mean"] if metric["mean"] is not None else np.inf)
        second += f" Over the {len(losses)} runs this loss is {shown(ordered[0])} to {shown(ordered[-1])}."
    third = (
        f"Play reaches {shown(metrics.get('efficiency'))} of the best possible welfare and the seller or principal "
        f"keeps {shown(metrics.get('revenue'))} credits a round"
    )
    right = document["baselines"].get("equilibrium")
    third += f", against {shown(right['revenue'])} in equilibrium." if right else "."
    episodes = document["provenance"]["markets_per_seed"]
    drawn = f"{len(seeds)} seeds ({seeds[0]} to {seeds[-1]}) of {episodes:,} episodes each"
    return [part for part in (first, second, third) if part] + [
        f"Judged on {drawn}; every policy met the same draws. Brackets are 95 % intervals over seeds."
    ]


def _rounds(count: int) -> str:
    return "one round" if count == 1 else f"{count} rounds an episode"


def metrics_section(contents: ReportContents) -> Section:
    """Every figure with its interval, beside the baselines."""
    columns = {name: found["metrics"] for name, found in contents.evaluations.items()}
    columns |= {TITLES.get(name, name): metrics for name, metrics in contents.document["baselines"].items()}
    body = []
    for name, metric in contents.document["metrics"].items():
        unit = "" if metric["unit"] == "share" else metric["unit"]
        small = MEANINGS.get(name, "")
        head = Cell(name.replace("_", " "), "; ".join(part for part in (small, unit) if part))
        body.append((head, *(_cell(metrics.get(name)) for metrics in columns.values())))
    notes = [f"{name} left out: {why}." for name, why in contents.document.get("skipped", {}).items()]
    method = contents.document["provenance"].get("intervals", "")
    caption = f"Means with 95 % intervals. {method}. {' '.join(notes)}"
    return Section("metrics", "All figures", [Table(("", *columns), tuple(body), caption)])


def _cell(metric: Metric | None) -> Cell:
    return Cell(shown(metric), interval(metric), None if metric is None else metric["mean"])


def provenance_section(contents: ReportContents) -> Section:
    """What it takes to do it again."""
    training = contents.provenance
    facts = []
    if training:
        command = " ".join(map(str, training.get("command", [])))
        facts.append(
            f"Trained with econo-env {training.get('econo_env', '?')}, commit {training.get('commit') or 'unknown'}, "
            f"seeds {', '.join(map(str, training.get('seeds', [])))}: {command}"
        )
    judged = contents.document["provenance"]
    facts.append(f"Judged with econo-env {judged.get('econo_env', '?')}, seeds {contents.document['seeds']}.")
    folded = [Folded("Training file, with the whole scenario", contents.settings)] if contents.settings else []
    if training:
        folded.append(Folded("Provenance of the training", json.dumps(training, indent=2)))
    folded.append(Folded("Provenance of the evaluation", json.dumps(judged, indent=2)))
    return Section("provenance", "Where this comes from", [Prose(tuple(facts)), *folded])


def _first_round(contents: ReportContents) -> str:
    """Who leaves utility behind: in long play the search looks at the first round, what comes of it left aside."""
    scenario = contents.scenario
    played_out = market_of(scenario).judging.played_out or scenario.pays_later
    if scenario.max_cycles == 1 or played_out:
        return "An agent"
    return "In the first round, taken by itself, an agent"
