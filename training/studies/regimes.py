"""Whether a market that switches leaves anything to learn: the best strategy of each regime beside the best that stays.

A strategy is what someone who knows the whole sequence of regimes beforehand could play without ever learning: a
multiple of the truth for each cell of the own value, which is seen. So it is above every strategy that is learned once
and does not look at what happens; where it earns what the best of every regime earn, a switch teaches nothing.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from econo_env.catalogue import known_id, load
from econo_env.economy.parts.regimes import RegimesSection
from econo_env.engine.engine import Engine
from econo_env.engine.state import Float64s, Int64s
from econo_env.market import market_of, offered
from econo_env.policies.listed import listed
from econo_env.policies.population import Seated
from econo_env.policy import Actions, Mask, Observations, masked
from econo_env.scenario import Scenario

FOLDERS = (
    Path("configs/scenarios"),
    *(folder / "configs/scenarios" for folder in Path(__file__).resolve().parents[1:3]),
)
"""Where scenarios without an id lie: the working directory's, then those that came with the package."""
CELLS = 8
"""Of the own value, each seen equally often."""


class BidFunctions:
    """Multiples of the truth by cell of the own value; they may differ from market to market and agent to agent.

    Attributes:
        name: Its name in tables.
    """

    name = "bid_functions"

    def __init__(self, scenario: Scenario, factors: Float64s, edges: Float64s | None = None) -> None:
        """Takes factors (markets, agents, cells), or what spreads to it, and the edges between cells, (cells - 1,)."""
        self._scenario, self._factors = scenario, factors
        self._edges: Float64s = np.zeros(0) if edges is None else edges
        self._scaled = offered(market_of(scenario).baselines.scaled, "multiples of the truth", scenario)

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The multiple of the cell that each agent's value lies in."""
        shape = np.shape(mask)
        cells = cells_of(self._scenario, observations, self._edges)
        factors = np.broadcast_to(self._factors, (*shape, len(self._edges) + 1))
        share = np.take_along_axis(factors, cells[..., None], axis=-1)[..., 0]
        return masked(self._scaled(self._scenario, observations, share), mask)


class Fixed(NamedTuple):
    """The best strategies known beforehand.

    Attributes:
        edges: Of the cells of the own value, as it is seen, (cells - 1,).
        stays: Multiples of the best that never changes, (cells,).
        by_regime: Of the best of each regime, (regimes, cells).
    """

    edges: Float64s
    stays: Float64s
    by_regime: Float64s


def market_named(name: str, every: int) -> Scenario:
    """A market of the study: its scenario with regimes of so many ticks, and one seat to judge.

    Raises:
        ValueError: No such scenario.
    """
    found = [folder / f"{name}.yaml" for folder in FOLDERS if (folder / f"{name}.yaml").is_file()]
    scenario = load(str(found[0])) if found and known_id(name) is None else load(name)
    if scenario.population is None:
        others = {"count": scenario.num_agents - 1}
        return scenario.replace(population=[{"count": 1, "intelligence": "proactive"}, others])
    groups = [group.model_dump(mode="json") for group in scenario.population]
    for group in groups:
        if "every" in group["options"]:
            group["options"]["every"] = every
    changes: dict[str, Any] = {"population": groups}
    if "regimes" in (scenario.economy or {}):
        changes["economy.regimes.every"] = every
    return scenario.replace(**changes)


def regimes_of(scenario: Scenario) -> int:
    """How many regimes a market goes through."""
    section = (scenario.economy or {}).get("regimes")
    if isinstance(section, RegimesSection):
        return section.count
    switches = any("every" in group.options for group in scenario.population or ())
    return 2 if switches else 1


def cells_of(scenario: Scenario, observations: Observations, edges: Float64s) -> Int64s:
    """The cell of the own value that is seen, (..., agents); 0 where a market shows none."""
    names = market_of(scenario).observations(scenario)
    if "value" not in names:
        return np.zeros(observations.shape[:-1], dtype=np.int64)
    return np.searchsorted(edges, observations[..., names.index("value")].astype(np.float64), side="right")


def played(
    scenario: Scenario, policy: Seated, seat: int, seed: int, sessions: int, ticks: int, seen: list[Any] | None = None
) -> Float64s:
    """What a seat earns, credits (ticks, sessions); episodes follow each other.

    Args:
        scenario: The market.
        policy: Who plays.
        seat: Whose income.
        seed: Of the market's luck and the policy's.
        sessions: Markets.
        ticks: Of each.
        seen: Takes what the seat sees in each tick, (sessions, features), if given.
    """
    engine = Engine(scenario, sessions, autoreset=True)
    engine.reset(seed)
    policy.reset(seed)
    buffers, earned = engine.buffers, np.zeros((ticks, sessions))
    for tick in range(ticks):
        if seen is not None:
            seen.append(buffers.observations[:, seat].copy())
        engine.step(policy.act(buffers.observations, buffers.action_mask))
        policy.observe(buffers.rewards, buffers.ended)
        earned[tick] = buffers.rewards[:, seat]
    return earned


def best_known(
    scenario: Scenario, arms: Float64s, *, every: int, ticks: int, sessions: int, seed: int, cells: int = CELLS
) -> Fixed:
    """The best multiples by cell of the own value, of all regimes together and of each, found by playing each.

    Args:
        scenario: The market, with one seat that learns.
        arms: Multiples.
        every: Ticks of a regime.
        ticks: Of a run.
        sessions: Runs of each multiple.
        seed: Of their luck, which all multiples share.
        cells: Of the own value.
    """
    seat, count = scenario.learning_seats()[0], regimes_of(scenario)
    factors = np.repeat(arms, sessions)[:, None, None]
    policy, seen = listed(scenario, seed, learned=BidFunctions(scenario, factors)), list[Any]()
    earned = played(scenario, policy, seat, seed, len(factors), ticks, seen)
    edges = _edges(scenario, np.array([rows[:sessions] for rows in seen]), cells)
    cell = cells_of(scenario, np.array(seen), edges).reshape(ticks, len(arms), sessions)
    income = np.zeros((count, len(edges) + 1, len(arms)))
    regime = np.arange(ticks) // every % count
    for arm in range(len(arms)):
        own = earned.reshape(ticks, len(arms), sessions)[:, arm]
        np.add.at(income[..., arm], (np.broadcast_to(regime[:, None], own.shape), cell[:, arm]), own)
    return Fixed(edges, arms[income.sum(axis=0).argmax(axis=-1)], arms[income.argmax(axis=-1)])


def _edges(scenario: Scenario, seen: Observations, cells: int) -> Float64s:
    """Quantiles of the own values that are seen, (ticks, sessions, features); none where they do not differ."""
    names = market_of(scenario).observations(scenario)
    if "value" not in names or cells == 1:
        return np.zeros(0)
    values = seen[..., names.index("value")].astype(np.float64)
    if np.ptp(values) == 0.0:
        return np.zeros(0)
    edges: Float64s = np.quantile(values, np.arange(1, cells) / cells)
    return edges
