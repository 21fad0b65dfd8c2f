"""Best responses where utility is value times units won minus payment: one curve serves every value.

For an own bid b the rule gives X(b), the expected units, and P(b), the expected payment, against sampled rival bids;
then U(v, b) = v X(b) - P(b) for all values at once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from econo_env.games.bid_curves import BidCurves
from econo_env.market import BidSearch, market_of, offered
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.budget import Budget
from econo_env.training.evaluation.regret import Regret
from econo_env.training.evaluation.sampling import (
    act,
    evaluation_seed,
    own_seed,
    sampled_engine,
    selection_seed,
    tick,
    types_seed,
)
from econo_env.training.evaluation.type_cells import TypeCells, type_cells

Floats = NDArray[np.float64]

_LARGEST_SAMPLE = 4_000_000  # bids held at once
_SELECTED_ON, _LEAST_SELECTED_ON = 262_144, 32_768  # bids on which deviations are chosen; markets, however many bid
_FIRST_PART, _FINALISTS = 4096, 8  # rivals that every bid meets; bids a value that meet all rivals
_VALUES_A_CELL = 4  # for which finalists are found: between two of them no better bid is left out
_JUDGED_ON = 32_768  # of the rivals met in the choice: on these it shows whether there is a gain at all
_THINNED = 8
_REPEATS = 8  # of a random policy's own move at each value
_SMALLEST_STEP = 1e-6  # one micro-credit
_ROUNDING = 1e-12  # relative to the highest value: below it two sums of the same figures may differ


@dataclass(frozen=True)
class _Own:
    """The strategy's own moves at types of the agent under test.

    Attributes:
        values: Its values in credits, shape (types,).
        bids: Bids that occur in credits, shape (bids,); NaN is no bid.
        where: Which of them were drawn at each value, shape (types, repeats).
    """

    values: Floats
    bids: Floats
    where: NDArray[np.intp]

    @property
    def mean_bids(self) -> Floats:
        """The mean bid at each value, not counting no bids; NaN where there was none."""
        made = self.bids[self.where]
        counted = np.sum(~np.isnan(made), axis=1)
        return np.where(counted > 0, np.nansum(made, axis=1) / np.maximum(counted, 1), np.nan)

    def mean_of(self, by_bid: Floats) -> Floats:
        """The mean over own moves of figures (types, bids) or (bids,), the first of which are of `bids`."""
        if by_bid.ndim == 1:
            return np.asarray(by_bid[self.where].mean(axis=1))
        return np.asarray(np.take_along_axis(by_bid, self.where, axis=1).mean(axis=1))


def search_bids(
    scenario: Scenario, policy: Policy, groups: tuple[tuple[int, ...], ...], seeds: tuple[int, ...], budget: Budget
) -> list[Regret]:
    """The gain of the best bid over the strategy's own, for the first agent of each group, by cells of its values."""
    chosen_on = selection_seed(seeds)
    markets = min(budget.selection, max(_LEAST_SELECTED_ON, _SELECTED_ON // scenario.num_agents))
    selection = _rivals(scenario, policy, chosen_on, markets)
    evaluations = {drawn: _rivals(scenario, policy, drawn, budget.evaluation) for drawn in map(evaluation_seed, seeds)}
    cells = type_cells(budget.types, 1)
    return [
        _search(scenario, policy, members, cells, (chosen_on, selection), evaluations, budget.bids)
        for members in groups
    ]


def _search(
    scenario: Scenario,
    policy: Policy,
    members: tuple[int, ...],
    cells: TypeCells,
    chosen_on: tuple[int, Any],
    evaluations: dict[int, Any],
    count: int,
) -> Regret:
    market, agent = market_of(scenario), members[0]
    seed, selection = chosen_on
    own = _own_moves(scenario, policy, agent, own_seed(seed), cells.middles)
    # a random policy: its many bids cost time, and its own luck is the larger part of the noise of a seed. The choice
    # is made on all rivals even so: what it misses is the same for all seeds, and no interval over seeds would tell
    thinned = _THINNED if len(own.bids) > len(own.values) else 1

    likely = market.types.at(scenario, agent, cells.spread(_VALUES_A_CELL))[:, 0]
    candidates = _promising(market, scenario, selection, agent, likely, count)
    curves = _bids_of(scenario).curves(scenario, selection, agent, candidates)
    chosen = candidates[_best(market, scenario, curves, own.values)]
    some = _part(selection, max(1, thinned * len(selection.bids) // _JUDGED_ON))
    units, _, selected = _compared(scenario, some, agent, own, chosen)
    better = selected > _ROUNDING * scenario.highest_value  # type: ignore[attr-defined]  # markets of values have it

    gains, utilities, drawn = [], [], []
    for tested_on, faced in evaluations.items():
        mine = _own_moves(scenario, policy, agent, own_seed(tested_on), cells.draw(types_seed(tested_on)))
        deviations = candidates[_best(market, scenario, curves, mine.values)]
        _, utility, gain = _compared(scenario, _part(faced, thinned), agent, mine, deviations)
        utilities.append(utility)
        gains.append(np.where(better, gain, 0.0))
        drawn.append(mine.values[:, None])
    return Regret(
        agent=agent,
        members=members,
        method="bid_grid",
        type_names=market.types.names(scenario),
        report_names=("bid",),
        types=own.values[:, None],
        weights=cells.weights,
        drawn_types=np.stack(drawn),
        own_reports=own.mean_bids[:, None],
        best_reports=np.where(better, chosen, own.mean_bids)[:, None],
        win_probability=units,
        selected_gain=np.where(better, selected, 0.0),
        noticeable_gain=np.zeros(len(own.values)),
        own_utility=np.stack(utilities),
        gain=np.stack(gains),
    )


def _compared(
    scenario: Scenario, rivals: Any, agent: int, own: _Own, deviations: Floats
) -> tuple[Floats, Floats, Floats]:
    """Expected units and utility of the own moves, and what one deviation a value gains over them, each (values,)."""
    outcome = _bids_of(scenario).curves(scenario, rivals, agent, np.concatenate([own.bids, deviations]))
    utility = outcome.utility(own.values)
    mine = own.mean_of(utility)
    return own.mean_of(outcome.allocation), mine, np.diagonal(utility[:, len(own.bids) :]) - mine


def _best(market: Any, scenario: Scenario, curves: BidCurves, values: Floats) -> NDArray[np.intp]:
    """Which bid of the curves is best at each value, of those that the action space allows there."""
    utility = np.where(_allowed(market, scenario, values, curves.bids), curves.utility(values), -np.inf)
    return np.asarray(np.argmax(utility, axis=1))


def _allowed(market: Any, scenario: Scenario, values: Floats, bids: Floats) -> NDArray[np.bool_]:
    """Which bids the action space allows at which value, shape (values, bids)."""
    highest = _bids_of(scenario).highest(scenario, values)[:, None] + _SMALLEST_STEP
    return np.asarray(~(bids[None, :] > highest))  # no bid, NaN, is always allowed


def _promising(market: Any, scenario: Scenario, rivals: Any, agent: int, values: Floats, count: int) -> Floats:
    """The best few bids for each value, all of them tried against the first part of the rivals."""
    part = _part(rivals, max(1, len(rivals.bids) // _FIRST_PART))
    bids = _candidates(market, scenario, rivals, values, count)
    utility = _bids_of(scenario).curves(scenario, part, agent, bids).utility(values)
    ranked = np.where(_allowed(market, scenario, values, bids), utility, -np.inf)
    kept = np.argpartition(-ranked, min(_FINALISTS, ranked.shape[1] - 1), axis=1)[:, :_FINALISTS]
    return bids[np.unique(kept)]


def _part(rivals: Any, times: int) -> Any:
    """The first of so many equal parts of the markets."""
    count = max(1, len(rivals.bids) // times)
    return each_array(rivals, lambda array: array[:count])


def _rivals(scenario: Scenario, policy: Policy, seed: int, markets: int) -> Any:
    """The state after one tick in which everybody followed the policy."""
    markets = max(256, min(markets, _LARGEST_SAMPLE // scenario.num_agents))
    engine = sampled_engine(scenario, markets, seed)
    _bid(policy, seed, engine)
    return engine.state


def _bids_of(scenario: Scenario) -> BidSearch[Any, Any]:
    return offered(market_of(scenario).judging.bids, "outcome curves", scenario)


def _bid(policy: Policy, seed: int, engine: Engine) -> None:
    """Everybody follows the policy for a tick, or through the whole clock where a bid shows only by then."""
    player = Player(policy)
    player.reset(seed)
    reveal = _bids_of(engine.scenario).reveal
    if reveal is None:
        tick(engine, player, act(player, engine))
        return
    nothing = np.zeros(engine.buffers.rewards.shape), np.zeros(engine.num_markets, dtype=np.bool_)

    def as_shown() -> NDArray[np.float32]:
        actions = act(player, engine)
        player.observe(*nothing)  # nobody leaves and nobody buys: the tick brings nothing, and the sale goes on
        return actions

    reveal(engine, as_shown)


def _own_moves(scenario: Scenario, policy: Policy, agent: int, seed: int, cube: Floats) -> _Own:
    """What the policy bids at types given by points of the unit cube (types, 1), drawn afresh for each seed."""
    market = market_of(scenario)
    engine = sampled_engine(scenario, len(cube) * _REPEATS, seed)
    market.types.put(scenario, engine, agent, np.repeat(market.types.at(scenario, agent, cube), _REPEATS, axis=0))
    engine.show()
    values = market.types.now(scenario, engine.state)[::_REPEATS, agent, 0]
    _bid(policy, seed, engine)
    bids, where = np.unique(_bids_of(scenario).made(scenario, engine.state)[:, agent], return_inverse=True)
    return _Own(values, bids, where.reshape(len(cube), _REPEATS))


def _candidates(market: Any, scenario: Scenario, rivals: Any, values: Floats, count: int) -> Floats:
    """Bids worth trying: a grid up to the highest one, the values, and one micro-credit above rivals' bids.

    Of rivals' bids these are equally likely ones, more and more of the highest, and the highest of all: above it a
    higher bid only costs.
    """
    highest = float(values.max())
    top = float(_bids_of(scenario).highest(scenario, values).max())
    made = _bids_of(scenario).made(scenario, rivals)
    made = np.sort(made[~np.isnan(made)])
    last = max(0, made.size - 1)
    of_them = np.concatenate([np.linspace(0, last, count), last - np.geomspace(1, last + 1, count // 8) + 1])
    grids: list[Floats] = [
        np.linspace(0.0, highest, count),
        np.linspace(highest, top, count // 4),
        values,
        made[np.unique(of_them.astype(int))] + _SMALLEST_STEP if made.size else made,
        np.array([np.nan]),
    ]
    candidates = np.unique(np.concatenate(grids))
    return candidates[~(candidates > top)]
