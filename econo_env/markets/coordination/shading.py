"""How agents shade their bids in equilibrium where holders of tasks owe their own bids.

Each agent takes one task of a request at most, so k tasks among m rivals, with values drawn from one law, is an auction
of k units to unit demand: who wins owes in expectation what the rival owes for whom it takes the place, and bids
E[max(Y, r) | Y < v], Y the k-th highest of the rivals' values, r the least that is owed (Krishna 2009, section 13.5).
With F the law and G of Y, that is v - integral of G from r to v, over G(v). On a falling clock the first of several
tasks is bid for so, and the last as in a first-price auction among those who are left; while several are left that is
no equilibrium exactly, for whoever waits meets a rush at the price at which the first one went.

An agent sees how many may bid, not who. Where a request is open to all they are drawn from the prior; where not they
have the reputations that open it, and their law is that of play in which all are truthful: only lots build reputation,
so it does not hang on how auctions are bid.
"""

from functools import lru_cache
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.engine.state import Float64s
from econo_env.market import market_of
from econo_env.markets.coordination.scenario import CoordinationScenario
from econo_env.money import MICRO

_MARKETS, _SEED = 256, 20_011
_HIGHEST, _POINTS = 1.25, 2501
_GRID = np.linspace(0.0, _HIGHEST, _POINTS)
"""Values of a task to an agent, over the task's."""

Sorted = tuple[Float64s, Float64s]
"""Values of agents who may bid for requests that are not open to all, and for those that are, in rising order."""


class Seen(NamedTuple):
    """What a bidder knows of a request, all of one shape; amounts over the value of a task.

    Attributes:
        value: What the contract is worth to it.
        reserve: What is owed at least.
        rivals: How many others may bid.
        tasks: How many of the request nobody holds.
        is_open: Whether it is open to all reputations.
    """

    value: Float64s
    reserve: Float64s
    rivals: NDArray[np.int64]
    tasks: NDArray[np.int64]
    is_open: NDArray[np.bool_]


@lru_cache(maxsize=16)
def laws(scenario: CoordinationScenario) -> Sorted:
    """The values over a task's of agents who may bid, in play in which all are truthful."""
    market, names = market_of(scenario), market_of(scenario).observations(scenario)
    assert market.baselines.truthful is not None
    engine = Engine(scenario, _MARKETS)
    engine.reset(_SEED)
    kept: tuple[list[Float64s], list[Float64s]] = ([], [])
    for _ in range(scenario.max_cycles - 1):
        seen, mask = engine.buffers.observations, engine.buffers.action_mask
        open_to_all = seen[..., names.index("open")] > 0.5
        may = mask & (engine.state.sale_tick == 0)[:, None]  # a request once, however many ticks its clock takes
        task_value = np.maximum(engine.state.task_value, 1)[:, None].copy()
        engine.step(market.baselines.truthful(scenario, seen.copy()))
        worths = engine.state.worths / task_value
        for at, chosen in enumerate((may & ~open_to_all, may & open_to_all)):
            kept[at].append(worths[chosen])
    closed, opened = (np.sort(np.concatenate(found)) for found in kept)
    return (closed if len(closed) else opened), opened


@lru_cache(maxsize=256)
def highest_of(scenario: CoordinationScenario, is_open: bool, rivals: int, units: int) -> tuple[Float64s, Float64s]:
    """On the grid: the chance that fewer than `units` of the rivals value it more, and its integral from 0."""
    known = laws(scenario)[int(is_open)]
    below = np.searchsorted(known, _GRID, side="right") / len(known)
    chance = np.zeros_like(_GRID)
    for above in range(min(units, rivals + 1)):
        chance += comb(rivals, above) * (1.0 - below) ** above * below ** (rivals - above)
    steps = (chance[1:] + chance[:-1]) / 2.0 * np.diff(_GRID)
    return chance, np.concatenate([[0.0], np.cumsum(steps)])


def shaded(scenario: CoordinationScenario, seen: Seen) -> Float64s:
    """Bids over the value of a task, the shape of what is seen; who values it less than is owed bids its value."""
    bids = seen.value.copy()
    wants = seen.value > seen.reserve
    falling = scenario.auction_row.clock
    cases = np.stack([seen.is_open, seen.rivals, seen.tasks], axis=-1)[wants]
    for is_open, rivals, tasks in np.unique(cases, axis=0).tolist():
        here = wants & (seen.is_open == is_open) & (seen.rivals == rivals) & (seen.tasks == tasks)
        gone = scenario.available_supply - tasks if falling else 0
        chance, integral = highest_of(scenario, bool(is_open), max(0, rivals - gone), max(1, tasks))
        value, reserve = seen.value[here], seen.reserve[here]
        lost = np.interp(value, _GRID, integral) - np.interp(reserve, _GRID, integral)
        bids[here] = value - lost / np.maximum(np.interp(value, _GRID, chance), 1e-12)
    return np.maximum(bids, np.minimum(seen.value, seen.reserve))


def known_of(scenario: CoordinationScenario, observations: NDArray[np.float32], value: Float64s) -> Seen:
    """What observations (..., features) tell of a request whose contract is worth `value`, (...), over the task's."""
    names = market_of(scenario).observations(scenario)

    def shown(name: str) -> Float64s:
        return np.asarray(observations[..., names.index(name)], dtype=np.float64)

    highest = scenario.tasks.value.highest
    task_value = np.maximum(shown("task_value") * highest, 1.0 / MICRO)
    highest_pay = scenario.contracts.excellent * highest * scenario.sizes
    supply = np.full(value.shape, scenario.available_supply, dtype=np.int64)
    left = np.rint(shown("left") * scenario.available_supply).astype(np.int64) if "left" in names else supply
    return Seen(
        value=value,
        reserve=shown("reserve") * highest_pay / task_value,
        rivals=np.rint(shown("rivals") * (scenario.num_agents - 1)).astype(np.int64),
        tasks=left,
        is_open=shown("open") > 0.5,
    )
