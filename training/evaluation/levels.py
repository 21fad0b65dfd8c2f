"""Levels at work: an episode tick by tick, at which level each agent plays, what moved it, and what it earned."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.market import agents_of
from econo_env.player import Player
from econo_env.policies.listed import Idle
from econo_env.policies.population import Seated
from econo_env.policies.standing import EVENTS, standing_of
from econo_env.policy import Policy
from econo_env.population import LEVELS, Fault, labels_of
from econo_env.scenario import Scenario
from econo_env.settings import suggestion, validated

LONGEST = 10_000
"""Ticks that are played at most."""
MOST_EVENTS = 10_000
"""Events that are told one by one."""


@dataclass(frozen=True)
class LevelCourse:
    """An episode of a population.

    Attributes:
        agents: Their names.
        groups: By agent the name of its group.
        first: Level of each agent of the first market after each tick, by its number in `LEVELS`, (ticks, agents).
        shares: Share of agents of all markets that play at each level, (ticks, levels).
        counts: How often each of `EVENTS` came by each tick, over all markets, (ticks, events).
        income: Credits that an agent of each agent's seat earned in the tick, the mean over markets, (ticks, agents).
        events: Tick, market, agent and event of each, in order; the first `MOST_EVENTS`.
    """

    agents: tuple[str, ...]
    groups: tuple[str, ...]
    first: NDArray[np.int64]
    shares: NDArray[np.float64]
    counts: NDArray[np.int64]
    income: NDArray[np.float64]
    events: NDArray[np.int64]


def moves(scenario: Scenario) -> bool:
    """Whether any agent of the population may change its level."""
    return any(group.intelligence != LEVELS[0] and not group.learns for group in scenario.population or ())


def play_levels(scenario: Scenario, policy: Policy, seed: int, markets: int) -> LevelCourse:
    """Plays one episode in every market, at most `LONGEST` ticks of it, and looks at levels after each tick.

    Args:
        scenario: With a population.
        policy: Plays it.
        seed: Of the luck.
        markets: How many.
    """
    engine, player = Engine(scenario, markets), Player(policy)
    engine.reset(seed)
    player.reset(seed)
    buffers, shape = engine.buffers, (markets, scenario.num_agents)
    before = standing_of(policy, shape).counts
    first, shares, counts, income, events = [], [], [], [], []
    for tick in range(min(scenario.max_cycles, LONGEST)):
        live = ~buffers.ended
        if not live.any():
            break
        engine.step(player.act(buffers.observations, buffers.action_mask))
        player.observe(buffers.rewards, buffers.ended)
        level, after = standing_of(policy, shape)
        new = np.argwhere(after != before)
        events.append(np.column_stack([np.full(len(new), tick), new]))
        first.append(level[0].copy())
        shares.append(np.bincount(level.reshape(-1), minlength=len(LEVELS)) / level.size)
        counts.append(after.sum(axis=(0, 1)))
        income.append(buffers.rewards[live].mean(axis=0))
        before = after
    names = labels_of(scenario.population or ())
    return LevelCourse(
        agents=agents_of(scenario),
        groups=tuple(names[place] for place in scenario.group_of_seats()),
        first=np.array(first),
        shares=np.array(shares),
        counts=np.array(counts),
        income=np.array(income),
        events=np.concatenate(events)[:MOST_EVENTS].astype(np.int64),
    )


def level_scalars(policy: Policy, shape: tuple[int, int]) -> dict[str, float]:
    """Where the agents of a policy stand, by the names of docs/telemetry.md.

    Args:
        policy: What plays them.
        shape: Markets and agents.
    """
    level, counts = standing_of(policy, shape)
    if isinstance(policy, Seated):
        theirs = [number for number, one in enumerate(policy.policies) if not isinstance(one, Idle)]
        seats = np.isin(policy.plays, theirs)
        level, counts = level[:, seats], counts[:, seats]
    return {f"levels/share_{name}": float((level == number).mean()) for number, name in enumerate(LEVELS)} | {
        f"levels/{name}": float(counts[..., number].sum()) for number, name in enumerate(EVENTS)
    }


def write_board(course: LevelCourse, folder: Path) -> None:
    """Writes an episode to TensorBoard, a step a tick, by the names of docs/telemetry.md.

    Raises:
        ValueError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ValueError("levels are shown in TensorBoard: pip install econo-env[train]") from None
    groups = {name: [seat for seat, own in enumerate(course.groups) if own == name] for name in course.groups}
    with SummaryWriter(str(folder)) as board:
        for tick in range(len(course.first)):
            for number, name in enumerate(LEVELS):
                board.add_scalar(f"levels/share_{name}", course.shares[tick, number], tick)
            for number, name in enumerate(EVENTS):
                board.add_scalar(f"levels/{name}", course.counts[tick, number], tick)
            for name, seats in groups.items():
                board.add_scalar(f"levels/income/{name}", course.income[tick, seats].mean(), tick)


def told(course: LevelCourse, most: int = 12) -> list[str]:
    """What moved agents of the first market, a line an event, and how often in all markets."""
    total = dict(zip(EVENTS, course.counts[-1].tolist(), strict=True))
    lines = ["levels over all markets: " + ", ".join(f"{count} {name}" for name, count in total.items())]
    own = course.events[course.events[:, 1] == 0]
    lines += [f"tick {t}: {course.agents[agent]}, {EVENTS[event]}" for t, _, agent, event in own[:most].tolist()]
    return lines + ([f"... and {len(own) - most} more of the first market"] if len(own) > most else [])


def with_fault(scenario: Scenario, text: str) -> Scenario:
    """A scenario with one more fault, such as `adaptive=nan@300` or `adaptive=poor@300+50`: group, kind, tick, ticks.

    Raises:
        ValueError: No such group, or no such fault.
    """
    names = labels_of(scenario.population or ())
    group, _, what = text.partition("=")
    kind, _, when = what.partition("@")
    tick, _, ticks = when.partition("+")
    if group not in names:
        raise ValueError(f"--fault {text}: {suggestion(group, names) or f'{scenario.id} lists no population'}")
    if not tick.isdecimal() or (ticks and not ticks.isdecimal()):
        raise ValueError(f"--fault {text}: write GROUP=KIND@TICK or GROUP=KIND@TICK+TICKS, such as adaptive=nan@300")
    document: dict[str, Any] = {"kind": kind, "tick": int(tick), "ticks": int(ticks or 1)}
    fault = validated(Fault, document, f"--fault {text}")
    groups = [group.model_dump(mode="json") for group in scenario.population or ()]
    groups[names.index(group)]["faults"].append(fault.model_dump(mode="json"))
    return scenario.replace(population=groups)


def document_of(course: LevelCourse) -> Mapping[str, Any]:
    """What a JSON file holds of an episode."""
    return {
        "levels": list(LEVELS),
        "events": [
            {"tick": tick, "market": market, "agent": course.agents[agent], "event": EVENTS[event]}
            for tick, market, agent, event in course.events.tolist()
        ],
        "counts": dict(zip(EVENTS, course.counts[-1].tolist(), strict=True)),
        "first_market": course.first.tolist(),
    }
