"""Best responses in any market: deviations of the action itself, played in the engine with the same luck.

The agent's type is fixed in the middle of each cell of types, everybody else follows the policy, and every deviation
is played from the same snapshot, in markets in which the agent may act. Many deviations meet a few rivals, the better
ones more, the finalists many: up to two action components on a grid, more by low-discrepancy points and corners, the
best refined component by component. A finalist is taken only if its gain is two standard errors above 0; the gain that
is reported comes from other samples, at types that each draws afresh from the cells.
"""

from collections.abc import Iterable
from itertools import product

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.budget import Budget
from econo_env.training.evaluation.regret import Regret
from econo_env.training.evaluation.sampling import (
    act,
    evaluation_seed,
    facing,
    last_rewards,
    own_seed,
    part_seed,
    play_out,
    points,
    selection_seed,
    types_seed,
    where_it_may_act,
)
from econo_env.training.evaluation.type_cells import type_cells

Floats = NDArray[np.float64]

_FIRST_SHARE = 16  # the first round meets this part of the second round's rivals
_SECOND_ROUND, _FINAL_ROUND = 24, 3  # deviations a type that get there
_STEPS = (0.2, 0.05, 0.0125, 0.003)  # of the refinement, in units of the action
_ERRORS = 2.0  # standard errors that a gain must lie above 0
_FINEST_GRID = 256  # points a component: the refinement does the rest
_MOST_TYPES = 32  # every type is played out for every deviation
_PROBED = 64  # rows that tell in how many the agent may act
_LARGEST_BATCH = 500_000  # agents in one step
_ROUNDING = 1e-12


class _Sample:
    """Markets at their first tick: each type of the agent under test against the same rivals and luck."""

    def __init__(self, scenario: Scenario, policy: Policy, agent: int, types: Floats, seed: int, luck: int) -> None:
        market = market_of(scenario)
        luck = max(16, min(luck, _LARGEST_BATCH // (len(types) * scenario.num_agents)))
        self.engine = _with_enough_to_do(scenario, agent, types, luck, seed)
        self.agent, self.shape = agent, (self.engine.num_markets // len(types), len(types))
        self.player, self.later_seed = Player(policy), own_seed(seed)
        self.plays_on = market.judging.played_out or scenario.pays_later
        self.types: Floats = market.types.now(scenario, self.engine.state)[: len(types), agent]
        self.player.reset(seed)
        self.actions = act(self.player, self.engine)
        self.start, self.remembered = self.engine.snapshot(), self.player.snapshot()
        self.own = self._rewards(self.actions)

    def _rewards(self, actions: NDArray[np.float32]) -> Floats:
        engine = self.engine
        engine.restore(self.start)
        engine.step(actions)
        earned = last_rewards(engine, self.agent)
        if self.plays_on:  # what a first move is worth shows later: then everybody follows the policy to the end
            self.player.reset(self.later_seed)
            self.player.restore(self.remembered)
            self.player.observe(engine.buffers.rewards, engine.buffers.ended)
            earned += play_out(engine, self.player, self.agent, ~engine.buffers.ended)
        return earned.reshape(self.shape)

    def own_actions(self) -> Floats:
        """The policy's mean action at each type, shape (types, components)."""
        mine = self.actions[:, self.agent].astype(np.float64)
        return np.asarray(mine.reshape(*self.shape, -1).mean(axis=0))

    def gains(self, deviations: Floats) -> Floats:
        """What deviations (types, components) add to the policy's own reward, shape (luck, types)."""
        actions = self.actions.copy()
        actions[:, self.agent] = np.tile(deviations, (self.shape[0], 1))
        return self._rewards(actions) - self.own


def search_actions(
    scenario: Scenario, policy: Policy, groups: tuple[tuple[int, ...], ...], seeds: tuple[int, ...], budget: Budget
) -> list[Regret]:
    """The gain of the best action over the strategy's own, for the first agent of each group, type by type."""
    return [_search_one(scenario, policy, members, seeds, budget) for members in groups]


def _with_enough_to_do(scenario: Scenario, agent: int, types: Floats, luck: int, seed: int) -> Engine:
    """About `luck` rows of markets in which the agent may act: a market shut to it tells nothing of its moves."""
    probed = facing(scenario, agent, types, min(luck, _PROBED), seed)
    share = where_it_may_act(probed, agent, len(types)).num_markets / probed.num_markets
    rows = min(int(luck / share), _LARGEST_BATCH // (len(types) * scenario.num_agents))
    return where_it_may_act(facing(scenario, agent, types, max(luck, rows), seed), agent, len(types))


def _search_one(
    scenario: Scenario, policy: Policy, members: tuple[int, ...], seeds: tuple[int, ...], budget: Budget
) -> Regret:
    market, agent = market_of(scenario), members[0]
    cells = type_cells(min(budget.types, _MOST_TYPES), len(market.types.names(scenario)))
    middles = market.types.at(scenario, agent, cells.middles)
    chosen_on = selection_seed(seeds)

    def sample(seed: int, luck: int, types: Floats = middles) -> _Sample:
        return _Sample(scenario, policy, agent, types, seed, luck)

    first = sample(chosen_on, budget.luck // _FIRST_SHARE)
    promising = _best_few(first, _everywhere(len(middles), first.actions.shape[2], budget.actions), _SECOND_ROUND)
    second = sample(chosen_on, budget.luck)
    finalists = _best_few(second, promising, _FINAL_ROUND)
    finalists = np.concatenate([finalists, _refined(second, finalists[0])[None]])
    best, selected, noticeable = _decide(
        (sample(part_seed(chosen_on, i), budget.luck) for i in range(budget.finals)), finalists
    )
    better = selected > 0.0
    own_actions = second.own_actions()

    gains, utilities, drawn = [], [], []
    for seed in map(evaluation_seed, seeds):
        tested = sample(seed, budget.luck, market.types.at(scenario, agent, cells.draw(types_seed(seed))))
        utilities.append(tested.own.mean(axis=0))
        gains.append(np.where(better, tested.gains(best).mean(axis=0), 0.0))
        drawn.append(tested.types)
    return Regret(
        agent=agent,
        members=members,
        method="action_grid",
        type_names=market.types.names(scenario),
        report_names=market.action_names(scenario),
        types=first.types,
        weights=cells.weights,
        drawn_types=np.stack(drawn),
        own_reports=own_actions,
        best_reports=np.where(better[:, None], best, own_actions),
        win_probability=None,
        selected_gain=selected,
        noticeable_gain=noticeable,
        own_utility=np.stack(utilities),
        gain=np.stack(gains),
    )


def _everywhere(types: int, components: int, count: int) -> Floats:
    """The same deviations for every type, shape (deviations, types, components)."""
    grid = deviations(components, count)
    return np.broadcast_to(grid[:, None, :], (len(grid), types, components))


def _best_few(sample: _Sample, candidates: Floats, few: int) -> Floats:
    """For each type the best of the candidates (candidates, types, components), best first."""
    gains = np.stack([sample.gains(candidate).mean(axis=0) for candidate in candidates])
    order = np.argsort(-gains, axis=0)[:few]
    return np.take_along_axis(candidates, order[..., None], axis=0)


def _refined(sample: _Sample, start: Floats) -> Floats:
    """The best of small moves from `start`, component by component, shape (types, components)."""
    best, reached = start.copy(), sample.gains(start).mean(axis=0)
    for step in _STEPS:
        for component, sign in product(range(best.shape[1]), (-1.0, 1.0)):
            moved = best.copy()
            moved[:, component] = np.clip(moved[:, component] + sign * step, -1.0, 1.0)
            gain = sample.gains(moved).mean(axis=0)
            improved = gain > reached
            best[improved], reached[improved] = moved[improved], gain[improved]
    return best


def _decide(samples: Iterable[_Sample], finalists: Floats) -> tuple[Floats, Floats, Floats]:
    """The best finalist of each type, its mean gain, 0 where that may be noise, and from where on it is taken."""
    parts = []
    for sample in samples:
        gains = np.stack([sample.gains(finalist) for finalist in finalists])
        parts.append((gains.mean(axis=1), gains.var(axis=1) / gains.shape[1]))
    mean = np.mean([part[0] for part in parts], axis=0)
    error = np.sqrt(np.sum([part[1] for part in parts], axis=0)) / len(parts)
    winner = np.argmax(mean, axis=0)[None]
    best = np.take_along_axis(finalists, winner[..., None], axis=0)[0]
    gain, noise = (np.take_along_axis(array, winner, axis=0)[0] for array in (mean, error))
    noticeable = _ERRORS * noise + _ROUNDING
    return best, np.where(gain > noticeable, gain, 0.0), noticeable


def deviations(components: int, count: int) -> Floats:
    """Actions to try, shape (deviations, components) in [-1, 1]; at most about `count`, 0 always among them."""
    if components <= 2:
        side = min(_FINEST_GRID, int(count ** (1.0 / components))) // 2 * 2 + 1  # odd, so that 0 is a point of it
        return np.array(list(product(np.linspace(-1.0, 1.0, side), repeat=components)))
    ends = np.array(list(product((-1.0, 0.0, 1.0), repeat=min(components, 5))))
    corners = np.zeros((len(ends), components))
    corners[:, : ends.shape[1]] = ends
    return np.concatenate([corners, 2.0 * points(max(16, count - len(corners)), components, seed=0) - 1.0])
