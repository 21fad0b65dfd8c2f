"""Solves a scenario: two grids, one after the other, bid functions, and their loss."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from econo_env.equilibrium.games import ExpectedOutcome, RankGame, TableGame, settled
from econo_env.equilibrium.grids import Choices, edges, type_cells, type_law
from econo_env.equilibrium.logit import FIRST_NOISE, DiscreteGame, path, response
from econo_env.equilibrium.losses import Curves, Loss, exact_loss, sampled_loss
from econo_env.equilibrium.refinement import carried, narrowed, read
from econo_env.equilibrium.sampled import curves_on_sample
from econo_env.equilibrium.solution import ACCEPTED_LOSS, Solution
from econo_env.equilibrium.unit_solve import solve_unit_bids
from econo_env.games.bid_curves import BidCurves
from econo_env.games.bidding import Bidding
from econo_env.levers import require_constant
from econo_env.market import market_of
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.claims import EX_POST_RATIONAL
from econo_env.mechanisms.parameters import reserve_of, units_of
from econo_env.scenario import Scenario
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.quantile_table import QuantileTable

Floats = NDArray[np.float64]

_READ_BELOW = 2e-3  # more noise than this leaves no bid function worth judging
_SAMPLES = (1, 2)  # seeds


@dataclass(frozen=True)
class Resolution:
    """How finely a game is cut up.

    Attributes:
        coarse: Bids of the first grid.
        fine: Bids of the second grid.
        types: Types of the second grid.
        middle: The noise in credits, where values reach 1, at which the second grid takes over.
        noise: The last noise.
    """

    coarse: int
    fine: int
    types: int
    middle: float
    noise: float


_BY_RANK = Resolution(coarse=65, fine=193, types=192, middle=3e-4, noise=5e-6)
_BY_TABLE = {
    2: Resolution(coarse=33, fine=97, types=128, middle=3e-4, noise=2e-5),
    3: Resolution(coarse=25, fine=65, types=96, middle=3e-3, noise=3e-5),
    4: Resolution(coarse=13, fine=33, types=96, middle=1e-2, noise=8e-5),
}
_BY_FORMULA = {3: Resolution(coarse=33, fine=97, types=128, middle=3e-4, noise=1e-5)}
MOST_IN_A_TABLE = max(_BY_TABLE)
"""Bidders of a game whose every profile of bids is settled."""


@lru_cache(maxsize=64)
def solved(scenario: Scenario) -> Solution:
    """The equilibrium of a one-shot game with independent private values, in monotone bids.

    Raises:
        ValueError: The solution loses more than `ACCEPTED_LOSS`, the market offers nothing to solve it by, or a lever
            may be moved.
    """
    require_constant(scenario, "an equilibrium")
    solution = _solve(scenario)
    if not solution.relative_loss <= ACCEPTED_LOSS:
        raise ValueError(
            f"{scenario.id}: no closed-form equilibrium is known, and the numerical solution did not converge: the "
            f"best deviation still gains {solution.relative_loss:.2%} of utility, {ACCEPTED_LOSS:.1%} is accepted; use "
            "truthful, shading or a trained run instead"
        )
    return solution


def _solve(scenario: Scenario) -> Solution:
    market = market_of(scenario)
    roles = market.roles(scenario)
    if _bidding(scenario).wanted > 1:
        return solve_unit_bids(scenario)
    quantiles = [type_law(scenario, agents[0]) for agents in roles]
    build, resolution = _builder(scenario, roles)
    tops = [float(table.values[-1]) for table in quantiles]
    lowest = _lowest(scenario, roles, quantiles)
    stays_out = [_may_stay_out(scenario) or low > table.values[0] for low, table in zip(lowest, quantiles, strict=True)]
    scale = max(tops) - min(lowest)

    choices = [
        Choices(*type_cells(table, resolution.types // 2), edges(low, top, resolution.coarse, 0.0), out)
        for table, low, top, out in zip(quantiles, lowest, _tops(scenario, tops), stays_out, strict=True)
    ]
    start = [np.exp(one.log_width) / np.exp(one.log_width).sum() for one in choices]
    for _, chances in path(
        partial(response, build(tuple(choices))), start, FIRST_NOISE * scale, resolution.middle * scale
    ):
        coarse = chances

    ranges = [narrowed(*pair) for pair in zip(choices, coarse, strict=True)]
    if resolution is _BY_RANK:
        # who competes bids up to the same top: cells that end at the same place keep the tops together
        weights = _weights(scenario, roles)
        low = min(ends[0] * weight for ends, weight in zip(ranges, weights, strict=True))
        high = max(ends[1] * weight for ends, weight in zip(ranges, weights, strict=True))
        ranges = [(max(least, low / weight), high / weight) for least, weight in zip(lowest, weights, strict=True)]
    fine = [
        Choices(*type_cells(table, resolution.types), edges(*ends, resolution.fine), out)
        for table, ends, out in zip(quantiles, ranges, stays_out, strict=True)
    ]
    start = [carried(*three) for three in zip(choices, coarse, fine, strict=True)]
    followed = path(partial(response, build(tuple(fine))), start, resolution.middle * scale, resolution.noise * scale)
    skipped = max(0, round(np.log2(resolution.middle / _READ_BELOW)))
    return _best_read(scenario, roles, quantiles, fine, [chances for _, chances in followed][skipped:] or [start])


def _best_read(
    scenario: Scenario,
    roles: tuple[tuple[int, ...], ...],
    quantiles: list[QuantileTable],
    choices: list[Choices],
    followed: Iterable[list[Floats]],
) -> Solution:
    """The solution with the smallest loss on the path: much noise blurs bids, too little shows the grid's cells."""
    best: Solution | None = None
    for chances, straight in product(followed, (False, True)):
        functions = tuple(read(*three, straight) for three in zip(choices, chances, quantiles, strict=True))
        found = Solution(scenario, roles, functions, _losses(scenario, roles, functions))
        if best is None or found.score < best.score:
            best = found
    assert best is not None, "a path has at least one point"
    return best


def _reserve(scenario: Scenario) -> float:
    return reserve_of(scenario.mechanism)


def _bidding(scenario: Scenario) -> Bidding:
    known = market_of(scenario).solver.bidding
    return Bidding(units=units_of(scenario.mechanism)) if known is None else known(scenario)


def _lowest(scenario: Scenario, roles: Sequence[Sequence[int]], quantiles: Sequence[QuantileTable]) -> list[float]:
    """The least bid of each role that may win, in credits.

    Where winners pay what they bid and all are there, k units go for no less than what k + 1 bidders can all afford:
    rivals who could do better would overbid.
    """
    reserve, weights = _reserve(scenario), _weights(scenario, roles)
    claims = mechanism(scenario.mechanism.name).claims
    bidding = _bidding(scenario)
    if _expected(scenario) is None or EX_POST_RATIONAL not in claims or not bidding.all_there:
        return [reserve] * len(roles)
    units = bidding.units
    ends = [
        float(table.values[0]) * weight
        for agents, table, weight in zip(roles, quantiles, weights, strict=True)
        for _ in agents
    ]
    least = sorted(ends, reverse=True)[units] if units < len(ends) else 0.0
    return [
        max(reserve, least / weight) if least / weight < table.values[-1] else reserve
        for table, weight in zip(quantiles, weights, strict=True)
    ]


def _may_stay_out(scenario: Scenario) -> bool:
    return _reserve(scenario) > 0.0 or _bidding(scenario).entry_costs > 0.0


def _weights(scenario: Scenario, roles: Sequence[Sequence[int]]) -> tuple[float, ...]:
    weights = _bidding(scenario).weights
    return tuple(weights[agents[0]] if weights else 1.0 for agents in roles)


def _tops(scenario: Scenario, highest: Sequence[float]) -> list[float]:
    """The largest bid of each role worth a thought: its highest value, unless the market knows better."""
    known = _bidding(scenario).highest_bid
    return list(highest) if known is None else [known] * len(highest)


def _builder(
    scenario: Scenario, roles: tuple[tuple[int, ...], ...]
) -> tuple[Callable[[tuple[Choices, ...]], DiscreteGame], Resolution]:
    expected = _expected(scenario)
    if expected is not None:
        counts = tuple(len(agents) for agents in roles)
        weights = _weights(scenario, roles)
        return lambda choices: RankGame(choices, counts, weights, expected), _BY_RANK
    agents = scenario.num_agents
    if agents not in _BY_TABLE:
        raise ValueError(
            f"{scenario.id}: no closed-form equilibrium is known, and games of this rule are solved numerically for "
            f"2 to {MOST_IN_A_TABLE} bidders, not {agents}; use truthful, shading or a trained run instead"
        )

    market = market_of(scenario)
    if (tables := market.solver.outcome_tables) is not None:

        def tabled(choices: tuple[Choices, ...]) -> DiscreteGame:
            return TableGame(choices, roles, *tables(scenario, choices))

        return tabled, _BY_FORMULA.get(agents, _BY_TABLE[agents])

    def build(choices: tuple[Choices, ...]) -> DiscreteGame:
        role_of = {agent: number for number, members in enumerate(roles) for agent in members}
        made = [np.append(0.0, one.bids) if one.may_stay_out else one.bids for one in choices]  # 0 is below a reserve
        bids = [made[role_of[agent]] for agent in range(agents)]
        tables = [settled(scenario, members[0], bids) for members in roles]
        return TableGame(choices, roles, tuple(units for units, _ in tables), tuple(paid for _, paid in tables))

    return build, _BY_TABLE[agents]


def _expected(scenario: Scenario) -> ExpectedOutcome | None:
    known = market_of(scenario).solver.expected_outcome
    return None if known is None else known(scenario)


def _losses(
    scenario: Scenario, roles: tuple[tuple[int, ...], ...], functions: tuple[BidFunction, ...]
) -> tuple[Loss, ...]:
    expected, from_functions = _expected(scenario), market_of(scenario).solver.expected_curves
    tops = _tops(scenario, [float(one.types[-1]) for one in functions])
    losses = []
    for role, (own, top) in enumerate(zip(functions, tops, strict=True)):
        if expected is not None:
            curves: Curves = partial(_by_rank, expected, functions, roles, _weights(scenario, roles), role)
        elif from_functions is not None:
            curves = partial(from_functions, scenario, functions, role)
        else:
            chosen, judged = (curves_on_sample(scenario, roles, functions, role, seed) for seed in _SAMPLES)
            losses.append(sampled_loss(own, (chosen, judged), _reserve(scenario), top))
            continue
        losses.append(exact_loss(own, curves, _reserve(scenario), top))
    return tuple(losses)


def _by_rank(
    expected: ExpectedOutcome,
    functions: tuple[BidFunction, ...],
    roles: tuple[tuple[int, ...], ...],
    weights: tuple[float, ...],
    role: int,
    bids: Floats,
) -> BidCurves:
    below = [
        functions[other].share_below(bids * weights[role] / weights[other])
        for other, agents in enumerate(roles)
        for _ in range(len(agents) - (other == role))
    ]
    allocation, payment = expected(bids, below)
    return BidCurves(bids, allocation, payment)
