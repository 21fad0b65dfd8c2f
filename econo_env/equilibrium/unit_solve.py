"""Solves pay-as-bid for two bidders who want both of two units: tables of bids on each value, and their loss."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.equilibrium.grids import Choices, edges, type_cells, type_law
from econo_env.equilibrium.logit import FIRST_NOISE, path
from econo_env.equilibrium.losses import Loss
from econo_env.equilibrium.refinement import carried, narrowed
from econo_env.equilibrium.solution import Solution
from econo_env.equilibrium.unit_bids import UnitBids, UnitBidsGame, sorted_pairs
from econo_env.market import market_of
from econo_env.valuations.quantile_table import QuantileTable

Floats = NDArray[np.float64]

_COARSE_TYPES, _COARSE_BIDS = 24, 49
_TYPES, _BIDS = 64, 129
_MIDDLE, _LAST = (
    1e-3,
    6e-5,
)  # noise over the range of bids worth a thought: where the second grid takes over, and the end
_READ_FROM = 5e-4  # more noise than this is not worth judging
_POINTS = 100  # cells a side of the tables
_JUDGED_TYPES, _JUDGED_BIDS = 64, 2049


def solve_unit_bids(scenario: Any) -> Solution:
    """The tables with the smallest loss on the logit path, however large that is.

    Raises:
        ValueError: The market is another one than two bidders who want both of two units and pay what they bid, or the
            reserve is beyond all values.
    """
    market = market_of(scenario)
    if market.solver.unit_bids is None or not market.solver.unit_bids(scenario):
        raise ValueError(
            f"{scenario.id}: with several units wanted an equilibrium is solved for where two bidders want both of two "
            "units and pay what they bid; use truthful, shading or a trained run instead"
        )
    roles, reserve = market.roles(scenario), float(scenario.mechanism.reserve)
    quantiles = [type_law(scenario, agents[0]) for agents in roles]
    highest = max(float(table.values[-1]) for table in quantiles)
    if reserve >= highest:
        raise ValueError(f"{scenario.id}: reserve={reserve:g} leaves no bid to place: values end at {highest:g}")
    # nobody bids less in equilibrium than what everybody would pay
    lowest = max(reserve, min(float(table.values[0]) for table in quantiles))
    scale = highest - lowest

    def game(types: int, ends: Floats) -> UnitBidsGame:
        return UnitBidsGame(tuple(Choices(*type_cells(table, types), ends, reserve > 0.0) for table in quantiles))

    coarse = game(_COARSE_TYPES, edges(lowest, highest, _COARSE_BIDS, 0.0))
    for _, reached in path(coarse.response, coarse.even, FIRST_NOISE * scale, _MIDDLE * scale):
        chances = reached
    ranges = [narrowed(coarse.choices, one) for one in chances]
    fine = game(_TYPES, edges(min(low for low, _ in ranges), max(high for _, high in ranges), _BIDS))
    start = [carried(coarse.choices, one, fine.choices) for one in chances]
    best: Solution | None = None
    for noise, reached in path(fine.response, start, _MIDDLE * scale, _LAST * scale):
        if best is not None and noise > _READ_FROM * scale:
            continue
        functions = tuple(_read(fine, role, reached, noise, table, reserve) for role, table in enumerate(quantiles))
        losses = tuple(unit_loss(one, functions[len(functions) - 1 - role]) for role, one in enumerate(functions))
        found = Solution(scenario, roles, functions, losses)
        if best is None or found.score < best.score:
            best = found
    assert best is not None, "a path has at least one point"
    return best


def _read(
    game: UnitBidsGame, role: int, chances: list[Floats], noise: float, quantiles: QuantileTable, reserve: float
) -> UnitBids:
    """The mean bids of a role, at points closer where values are dense, and to both ends."""
    shares = edges(0.0, 1.0, _POINTS)
    points = quantiles.quantile(shares)
    points = np.unique(np.maximum(points, reserve))
    low, high = np.triu_indices(len(points))
    made = game.mean_bids(role, chances, np.stack([points[high], points[low]], axis=1), noise)
    table = np.zeros((len(points), len(points), 2))
    table[low, high] = table[high, low] = made
    return UnitBids(points, table, reserve, quantiles)


def unit_loss(own: UnitBids, rival: UnitBids) -> Loss:
    """What the best pair of bids gains on average over those of a strategy, against the rival's.

    The rival's bids are those of a lattice of its values, 121,393 of them; so there is no certificate.

    Args:
        own: The strategy.
        rival: The other bidder's.
    """
    cells = edges(0.0, 1.0, _JUDGED_TYPES)
    shares = (cells[1:] + cells[:-1]) / 2.0
    types = own.quantiles.quantile(shares)
    values, mass = sorted_pairs(types, np.diff(cells))
    bids = np.linspace(own.reserve, rival.highest_bid, _JUDGED_BIDS)
    # the first choice is to place no bid
    first, second = (
        np.hstack([np.zeros((len(values), 1)), (values[:, [unit]] - bids) * rival.share_below(1 - unit, bids)])
        for unit in (0, 1)
    )
    best = (first + np.maximum.accumulate(second, axis=1)).max(axis=1)
    made = own(values)
    earned = [(values[:, unit] - made[:, unit]) * rival.share_below(1 - unit, made[:, unit]) for unit in (0, 1)]
    mine = np.where(values >= own.reserve, np.stack(earned, axis=1), 0.0).sum(axis=1)
    gain = best - mine
    mean, worst = max(0.0, float(mass @ gain)), max(0.0, float(gain.max()))
    return Loss(utility=float(mass @ mine), mean=mean, worst=worst, certificate=None)
