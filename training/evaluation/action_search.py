"""Best responses in any market: deviations of the action itself, played in the engine with the same luck.

The agent's type is fixed on a grid, everybody else follows the policy, and every deviation is played from the same
snapshot. Up to two action components are searched on a grid; more by low-discrepancy points and their corners,
then both refined component by component.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.scenario import Scenario
from training.evaluation.regret import Budget, Regret
from training.evaluation.sampling import (
    Actor,
    act,
    evaluation_seed,
    points,
    sampled_engine,
    selection_seed,
    type_points,
)

Floats = NDArray[np.float64]

_STEPS = (0.2, 0.05, 0.0125, 0.003)  # of the refinement, in units of the action
_FINEST_GRID = 256  # points a component: the refinement does the rest
_MOST_TYPES = 64  # every type is played out for every deviation
_LARGEST_BATCH = 1_000_000  # agents in one step
_ROUNDING = 1e-12


class _Sample:
    """Markets at their first tick: each type of the agent under test against the same rivals and luck."""

    def __init__(self, scenario: Scenario, policy: Actor, agent: int, types: Floats, seed: int, luck: int) -> None:
        market = scenario.market_module()
        luck = max(16, min(luck, _LARGEST_BATCH // (len(types) * scenario.num_agents)))
        self.engine: Engine = sampled_engine(scenario, luck, seed).fork(len(types))
        self.agent, self.shape = agent, (luck, len(types))
        market.set_types(scenario, self.engine, agent, np.tile(types, (luck, 1)))
        self.types: Floats = market.types(scenario, self.engine.state)[: len(types), agent]
        policy.reset(seed)
        self.actions = act(policy, self.engine)
        self.start = self.engine.snapshot()

    def own_actions(self) -> Floats:
        """The policy's mean action at each type, shape (types, components)."""
        mine = self.actions[:, self.agent].astype(np.float64)
        return np.asarray(mine.reshape(*self.shape, -1).mean(axis=0))

    def utility(self, deviations: Floats | None = None) -> Floats:
        """Mean reward of each type, shape (types,), under deviations (types, components) or the policy."""
        actions = self.actions
        if deviations is not None:
            actions = actions.copy()
            actions[:, self.agent] = np.tile(deviations, (self.shape[0], 1))
        self.engine.restore(self.start)
        self.engine.step(actions)
        return np.asarray(self.engine.exchange.rewards[:, self.agent].reshape(self.shape).mean(axis=0))


def search_actions(
    scenario: Scenario, policy: Actor, groups: tuple[tuple[int, ...], ...], seeds: tuple[int, ...], budget: Budget
) -> list[Regret]:
    """The gain of the best action over the strategy's own, for the first agent of each group, type by type."""
    return [_search_one(scenario, policy, members, seeds, budget) for members in groups]


def _search_one(
    scenario: Scenario, policy: Actor, members: tuple[int, ...], seeds: tuple[int, ...], budget: Budget
) -> Regret:
    market, agent = scenario.market_module(), members[0]
    width = len(market.type_names(scenario))
    grid = market.types_at(scenario, agent, type_points(min(budget.types, _MOST_TYPES), width))
    sample = _Sample(scenario, policy, agent, grid, selection_seed(seeds), budget.luck)
    own = sample.utility()
    best, reached = _search(sample, own, budget.actions)
    better = reached - own > _ROUNDING * max(1.0, float(np.abs(own).max()))
    own_actions = sample.own_actions()

    gains, utilities = [], []
    for seed in seeds:
        tested = _Sample(scenario, policy, agent, grid, evaluation_seed(seed), budget.luck)
        mine = tested.utility()
        utilities.append(mine)
        gains.append(np.where(better, tested.utility(best) - mine, 0.0))
    return Regret(
        agent=agent,
        members=members,
        method="action_grid",
        type_names=market.type_names(scenario),
        report_names=market.action_names(scenario),
        types=sample.types,
        own_reports=own_actions,
        best_reports=np.where(better[:, None], best, own_actions),
        win_probability=None,
        selected_gain=np.where(better, reached - own, 0.0),
        own_utility=np.stack(utilities),
        gain=np.stack(gains),
    )


def deviations(components: int, count: int) -> Floats:
    """Actions to try, shape (deviations, components) in [-1, 1]; at most about `count`, 0 always among them."""
    if components <= 2:
        side = min(_FINEST_GRID, int(count ** (1.0 / components))) // 2 * 2 + 1  # odd, so that 0 is a point of it
        return np.array(list(product(np.linspace(-1.0, 1.0, side), repeat=components)))
    ends = np.array(list(product((-1.0, 0.0, 1.0), repeat=min(components, 5))))
    corners = np.zeros((len(ends), components))
    corners[:, : ends.shape[1]] = ends
    return np.concatenate([corners, 2.0 * points(max(16, count - len(corners)), components, seed=0) - 1.0])


def _search(sample: _Sample, own: Floats, count: int) -> tuple[Floats, Floats]:
    """The best action found at each type and its mean reward, from the policy's own action onwards."""
    best, reached = sample.own_actions(), own.copy()

    def consider(candidates: Floats) -> None:
        utility = sample.utility(candidates)
        improved = utility > reached
        best[improved] = candidates[improved]
        reached[improved] = utility[improved]

    for deviation in deviations(best.shape[1], count):
        consider(np.broadcast_to(deviation, best.shape).copy())
    for step in _STEPS:
        for component in range(best.shape[1]):
            for sign in (-1.0, 1.0):
                moved = best.copy()
                moved[:, component] = np.clip(moved[:, component] + sign * step, -1.0, 1.0)
                consider(moved)
    return best, reached
