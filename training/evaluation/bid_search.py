"""Best responses where utility is value times units won minus payment: one curve serves every value.

For an own bid b the rule gives X(b), the expected units, and P(b), the expected payment, against sampled rival bids;
then U(v, b) = v X(b) - P(b) for all values at once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.scenario import Scenario
from training.evaluation.regret import Budget, Regret
from training.evaluation.sampling import (
    Actor,
    act,
    evaluation_seed,
    own_seed,
    sampled_engine,
    selection_seed,
    type_points,
)

Floats = NDArray[np.float64]

_LARGEST_SAMPLE = 4_000_000  # bids held at once
_FIRST_PART, _FINALISTS = 4096, 8  # rivals that every bid meets; bids a value that meet all rivals
_THINNED = 8
_REPEATS = 8  # of a random policy's own move at each value
_SMALLEST_STEP = 1e-6  # one micro-credit
_ROUNDING = 1e-12  # relative to the highest value: below it two sums of the same figures may differ


def search_bids(
    scenario: Scenario, policy: Actor, groups: tuple[tuple[int, ...], ...], seeds: tuple[int, ...], budget: Budget
) -> list[Regret]:
    """The gain of the best bid over the strategy's own, for the first agent of each group, on a grid of its values."""
    selection = _rivals(scenario, policy, selection_seed(seeds), budget.selection)
    evaluations = [_rivals(scenario, policy, evaluation_seed(seed), budget.evaluation) for seed in seeds]
    against = (selection, evaluations, budget.bids)
    own = own_seed(seeds[0])
    return [
        _search(scenario, members, _own_bids(scenario, policy, members[0], own, budget.types), against)
        for members in groups
    ]


def _search(
    scenario: Scenario, members: tuple[int, ...], own: tuple[Floats, Floats], against: tuple[Any, list[Any], int]
) -> Regret:
    market, agent = scenario.market_module(), members[0]
    values, own_bids = own
    selection, evaluations, count = against
    used, where = np.unique(own_bids, return_inverse=True)
    where = where.reshape(own_bids.shape)
    rows = np.arange(len(values))
    if len(used) > len(values):
        # a random policy: its many bids cost time, and its own luck is the larger part of the noise
        selection, evaluations = _part(selection, _THINNED), [_part(rivals, _THINNED) for rivals in evaluations]

    promising = _promising(market, scenario, selection, agent, values, count)
    candidates = np.concatenate([used, promising])
    curves = market.bid_curves(scenario, selection, agent, candidates)
    utility = curves.utility(values)
    own_utility = np.take_along_axis(utility, where, axis=1).mean(axis=1)
    best = np.argmax(np.where(_allowed(market, scenario, values, candidates), utility, -np.inf), axis=1)
    selected = utility[rows, best] - own_utility
    better = selected > _ROUNDING * scenario.highest_value  # type: ignore[attr-defined]  # markets of values have it
    own_mean = _mean_report(own_bids)

    gains, utilities = [], []
    tested = np.concatenate([used, candidates[best]])
    for rivals in evaluations:
        utility = market.bid_curves(scenario, rivals, agent, tested).utility(values)
        mine = np.take_along_axis(utility, where, axis=1).mean(axis=1)
        utilities.append(mine)
        gains.append(np.where(better, utility[rows, len(used) + rows] - mine, 0.0))
    return Regret(
        agent=agent,
        members=members,
        method="bid_grid",
        type_names=market.type_names(scenario),
        report_names=("bid",),
        types=values[:, None],
        own_reports=own_mean[:, None],
        best_reports=np.where(better, candidates[best], own_mean)[:, None],
        win_probability=curves.allocation[where].mean(axis=1),
        selected_gain=np.where(better, selected, 0.0),
        noticeable_gain=np.zeros(len(values)),
        own_utility=np.stack(utilities),
        gain=np.stack(gains),
    )


def _allowed(market: Any, scenario: Scenario, values: Floats, bids: Floats) -> NDArray[np.bool_]:
    """Which bids the action space allows at which value, shape (values, bids)."""
    highest = market.highest_bid(scenario, values)[:, None] + _SMALLEST_STEP
    return np.asarray(~(bids[None, :] > highest))  # no bid, NaN, is always allowed


def _promising(market: Any, scenario: Scenario, rivals: Any, agent: int, values: Floats, count: int) -> Floats:
    """The best few bids for each value, all of them tried against the first part of the rivals."""
    part = _part(rivals, max(1, len(rivals.bids) // _FIRST_PART))
    bids = _candidates(market, scenario, part, values, count)
    utility = market.bid_curves(scenario, part, agent, bids).utility(values)
    ranked = np.where(_allowed(market, scenario, values, bids), utility, -np.inf)
    kept = np.argpartition(-ranked, min(_FINALISTS, ranked.shape[1] - 1), axis=1)[:, :_FINALISTS]
    return bids[np.unique(kept)]


def _part(rivals: Any, times: int) -> Any:
    """The first of so many equal parts of the markets."""
    count = max(1, len(rivals.bids) // times)
    return type(rivals)(*(array[:count] for array in rivals))


def _rivals(scenario: Scenario, policy: Actor, seed: int, markets: int) -> Any:
    """The state after one tick in which everybody followed the policy."""
    markets = max(256, min(markets, _LARGEST_SAMPLE // scenario.num_agents))
    engine = sampled_engine(scenario, markets, seed)
    policy.reset(seed)
    _bid(scenario.market_module(), policy, engine)
    return engine.state


def _bid(market: Any, policy: Actor, engine: Engine) -> None:
    """Everybody follows the policy for a tick, or through the whole clock where a bid shows only by then."""
    if hasattr(market, "reveal_bids"):
        market.reveal_bids(engine, lambda: act(policy, engine))
    else:
        engine.step(act(policy, engine))


def _own_bids(scenario: Scenario, policy: Actor, agent: int, seed: int, count: int) -> tuple[Floats, Floats]:
    """Equally likely values (types,) and the bids the policy makes there, (types, repeats), in credits."""
    market = scenario.market_module()
    engine = sampled_engine(scenario, count * _REPEATS, seed)
    own_types = np.repeat(market.types_at(scenario, agent, type_points(count, 1)), _REPEATS, axis=0)
    market.set_types(scenario, engine, agent, own_types)
    values = market.types(scenario, engine.state)[::_REPEATS, agent, 0]
    policy.reset(seed)
    _bid(market, policy, engine)
    return values, market.bids_made(scenario, engine.state)[:, agent].reshape(count, _REPEATS)


def _candidates(market: Any, scenario: Scenario, rivals: Any, values: Floats, count: int) -> Floats:
    """Bids worth trying: a grid up to the highest one, the values, and just above rivals' bids."""
    highest = float(values.max())
    top = float(market.highest_bid(scenario, values).max())
    made = market.bids_made(scenario, rivals)
    # where rivals bid the same amounts often, the best bid lies just above one of them
    made = np.sort(made[~np.isnan(made)])
    thresholds = made[:: max(1, made.size // 128)]
    grids: list[Floats] = [
        np.linspace(0.0, highest, count),
        np.linspace(highest, top, count // 4),
        values,
        thresholds + _SMALLEST_STEP,
        np.array([np.nan]),
    ]
    candidates = np.unique(np.concatenate(grids))
    return candidates[~(candidates > top)]


def _mean_report(bids: Floats) -> Floats:
    """The mean bid of each row, not counting no bids; NaN where there was none."""
    counted = np.sum(~np.isnan(bids), axis=1)
    return np.where(counted > 0, np.nansum(bids, axis=1) / np.maximum(counted, 1), np.nan)
