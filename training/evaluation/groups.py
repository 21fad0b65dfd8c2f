"""What each group of a population earned, and who it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from econo_env.market import agents_of
from econo_env.population import labels_of
from econo_env.scenario import Scenario
from econo_env.training.evaluation.metrics import Metric, over_seeds
from econo_env.training.evaluation.play import Record

PREFIX = "utility_of_"


def group_metrics(scenario: Scenario, records: Sequence[Record]) -> dict[str, Metric]:
    """The utility of an agent of each group, credits per episode, by `utility_of_GROUP`; nothing without a population.

    Args:
        scenario: The market.
        records: One for each seed.
    """
    found: dict[str, Metric] = {}
    for name, seats in zip(labels_of(scenario.population or ()), scenario.seats(), strict=True):
        earned = [float(record.utility[list(seats)].mean()) / record.markets for record in records]
        found[f"{PREFIX}{name}"] = over_seeds(earned, "credits per episode")
    return found


def who_is_who(scenario: Scenario) -> list[dict[str, Any]]:
    """The groups of a population as documents: name, agents, and what the scenario says of them."""
    agents = agents_of(scenario)
    return [
        {"name": name, "agents": [agents[seat] for seat in seats], "learns": group.learns, **group.model_dump()}
        for name, seats, group in zip(
            labels_of(scenario.population or ()), scenario.seats(), scenario.population or (), strict=True
        )
    ]


def in_words(group: Mapping[str, Any]) -> str:
    """A group in a line: its agents, its level, how it bids, what it starts with."""
    agents, level = group["agents"], group["intelligence"]
    who = agents[0] if len(agents) == 1 else f"{agents[0]} to {agents[-1]}"
    plays = group["bidding_strategy"] if level == "reactive" else group["policy"]
    options = ", ".join(f"{key} {value}" for key, value in group["options"].items())
    said = [f"{level}" + (f" ({plays})" if plays else ""), "learns in training" if group["learns"] else ""]
    said += [options, "" if group["initial_stake"] is None else f"starts with {group['initial_stake']:g} credits"]
    return f"{group['name']}: {who}, {', '.join(filter(None, said))}"
