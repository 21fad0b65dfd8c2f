"""Episodes of a task market as they went: stakes, reputations, grades and money, tick by tick."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.contracts import BYZANTINE, EXCELLENT, POOR, SATISFACTORY
from econo_env.economy.ledger import AGENT_ACCOUNTS, balances_of
from econo_env.engine.engine import Engine
from econo_env.money import to_credits
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario

Floats = NDArray[np.float64]
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
GRADES = {BYZANTINE: "byzantine", POOR: "poor", SATISFACTORY: "satisfactory", EXCELLENT: "excellent"}


@dataclass(frozen=True)
class Course:
    """One policy's episode, over many markets.

    Attributes:
        stake: Quantiles of an agent's credits, free and locked, shape (ticks + 1, quantiles), banned ones included.
        reputation: Quantiles of the lower confidence bound, same shape, over agents still there.
        grades: Share of tasks that ended with each of `GRADES`, shape (ticks, 4); the rest were not taken.
        banned: Mean share of agents banned by each tick, shape (ticks + 1,).
        paid: Credits a task from the principal to agents, by grade, shape (4,).
        slashed: Credits a task from stakes back to the principal, by grade, shape (4,).
        cost: Credits a task that the work cost the agents.
        surplus: Credits a task, what agents kept after the cost of their work.
    """

    stake: Floats
    reputation: Floats
    grades: Floats
    banned: Floats
    paid: Floats
    slashed: Floats
    cost: float
    surplus: float


@dataclass(frozen=True)
class Episode:
    """Courses of several policies under the same luck.

    Attributes:
        markets: Markets played.
        seed: Of their luck.
        agents: Agents in each.
        courses: By policy.
    """

    markets: int
    seed: int
    agents: int
    courses: dict[str, Course]


def play_episode(scenario: Scenario, policies: Mapping[str, Policy], seed: int, markets: int) -> Episode:
    """Plays one episode in every market with each policy, on the same seed."""
    courses = {name: _course(scenario, policy, seed, markets) for name, policy in policies.items()}
    return Episode(markets, seed, scenario.num_agents, courses)


def _course(scenario: Scenario, policy: Policy, seed: int, markets: int) -> Course:
    engine = Engine(scenario, markets)
    engine.reset(seed)
    player = Player(policy)
    player.reset(seed)
    world, buffers = engine.world, engine.buffers
    stake, bound, grades, banned = [_stakes(world)], [_bounds(world)], [], [0.0]
    paid, slashed = np.zeros(len(GRADES)), np.zeros(len(GRADES))
    cost, tasks = 0.0, 0
    while not buffers.ended.all():
        live = ~buffers.ended
        engine.step(player.act(buffers.observations, buffers.action_mask))
        player.observe(buffers.rewards, buffers.ended)
        transfers = to_credits(-world.market.award.pays[live])
        graded = world.conduct.grade[live]
        for at, code in enumerate(GRADES):
            moved = transfers[graded == code]
            paid[at] += moved[moved > 0].sum()
            slashed[at] -= moved[moved < 0].sum()
        # a reward is the transfer less the cost of the work
        cost += float((transfers - buffers.rewards[live]).sum())
        tasks += int(live.sum())
        grades.append([float((graded == code).any(axis=1).mean()) for code in GRADES])
        stake.append(_stakes(world))
        bound.append(_bounds(world))
        banned.append(float(world.conduct.banned.mean()))
    return Course(
        stake=np.array(stake),
        reputation=np.array(bound),
        grades=np.array(grades),
        banned=np.array(banned),
        paid=paid / tasks,
        slashed=slashed / tasks,
        cost=cost / tasks,
        surplus=float(paid.sum() - slashed.sum() - cost) / tasks,
    )


def _stakes(world: Any) -> Floats:
    owned = sum(to_credits(balances_of(world.ledger.balances, kind)) for kind in range(AGENT_ACCOUNTS))
    return np.asarray(np.quantile(owned, QUANTILES))


def _bounds(world: Any) -> Floats:
    there = world.reputation.bound[~world.conduct.banned]
    return np.asarray(np.quantile(there, QUANTILES)) if there.size else np.full(len(QUANTILES), np.nan)
