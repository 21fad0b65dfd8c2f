"""Plays whole episodes under a policy and adds up what they were worth, round by round.

A round is a tick, or where the market says `ONE_ROUND` a whole episode, such as the sale of a clock.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.games.welfare import Welfare
from econo_env.market import market_of, offered
from econo_env.money import MICRO
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.told import verdicts_of
from econo_env.training.evaluation.sampling import act, tick

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_NEGATIVE = -1e-9  # credits: smaller losses are rounding of floats, money itself is whole
_ROUNDING = 1e-12  # of what was moved: a smaller gap in the books is rounding of floats


@dataclass
class Record:
    """The sums over all rounds of one seed's markets.

    Attributes:
        markets: Markets played.
        rounds: Rounds played, over all markets.
        realised: Welfare reached in credits, by measure.
        optimal: Welfare of the best allocation on the true types in credits, by measure.
        revenue: What the seller or principal kept, credits.
        revenue_at_best_reserve: The same from truthful bidders at the best reserve, None where the market does not say.
        utility: Each agent's total reward in credits, shape (agents,).
        moves: Agents times rounds in which they were there.
        losses: Of these, those with a negative reward.
        worst_loss: The largest loss of one agent in one round, credits, at least 0.
        decisions: Agents times ticks in which they were there.
        deficits: Rounds in which the seller or principal paid in.
        imbalance: Largest |what was created - utilities - revenue| of a round, credits: money made or lost.
        invalid_actions: Actions outside the space.
        earned: Each agent's total reward in each market's episode in credits, shape (markets, agents).
        wronged: Who was penalised without cause, bool of shape (markets, agents).
    """

    markets: int
    rounds: int = 0
    realised: dict[str, float] = field(default_factory=dict)
    optimal: dict[str, float] = field(default_factory=dict)
    revenue: float = 0.0
    revenue_at_best_reserve: float | None = None
    utility: Floats = field(default_factory=lambda: np.zeros(0))
    moves: int = 0
    losses: int = 0
    worst_loss: float = 0.0
    decisions: int = 0
    deficits: int = 0
    imbalance: float = 0.0
    invalid_actions: int = 0
    earned: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    wronged: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))


class _Open:
    """What the rounds in progress have come to so far, market by market."""

    def __init__(self, markets: int, agents: int) -> None:
        self.earned = np.zeros((markets, agents))
        self.revenue, self.created = np.zeros(markets), np.zeros(markets)
        self.there = np.zeros((markets, agents), dtype=np.bool_)

    def add(self, welfare: Welfare, rewards: Floats, present: Bools) -> None:
        """A tick: money of all markets and agents, and who was there."""
        self.earned += rewards
        self.revenue += welfare.revenue
        self.created += welfare.created
        self.there |= present

    def close(self, record: Record, over: Bools) -> None:
        """Counts the rounds that are over, and opens the next."""
        if not over.any():
            return
        earned, revenue = self.earned[over], self.revenue[over]
        record.rounds += len(revenue)
        record.revenue += float(revenue.sum())
        record.utility += earned.sum(axis=0)
        record.moves += int(self.there[over].sum())
        record.losses += int(np.sum(earned < _NEGATIVE))
        record.worst_loss = max(record.worst_loss, -float(earned.min()))
        record.deficits += int(np.sum(revenue < _NEGATIVE))
        created = self.created[over]
        gap = np.abs(created - earned.sum(axis=1) - revenue)
        moved = np.abs(created) + np.abs(earned).sum(axis=1) + np.abs(revenue)
        record.imbalance = max(record.imbalance, float(np.where(gap > _ROUNDING * moved, gap, 0.0).max()))
        for total in (self.earned, self.revenue, self.created, self.there):
            total[over] = 0


def with_accounts(scenario: Scenario, engine: Engine, welfare: Welfare) -> Welfare:
    """The same where agents have accounts: what they lost in the tick the others in the market have gained.

    Stake, bonuses and what winners learned are then in the books; the welfare reached is still that of the true types.
    """
    if scenario.economy is None:
        return welfare
    award = engine.state.award
    goods = welfare.revenue - award.pays.sum(axis=1) / MICRO  # what the house has of them
    goods += sum(verdict.delivered(scenario, engine.world) for verdict in verdicts_of(scenario))
    gained = (engine.buffers.rewards - award.worth / MICRO).sum(axis=1)
    return replace(welfare, revenue=goods - gained, created=goods + award.worth.sum(axis=1) / MICRO)


def play(scenario: Scenario, policy: Policy, seed: int, markets: int) -> Record:
    """One episode in each of `markets` markets, everybody following the policy.

    The same seed gives every policy the same types and the same luck.
    """
    market = market_of(scenario)
    one_round, verdicts = market.judging.one_round, verdicts_of(scenario)
    judge = offered(market.welfare, "welfare", scenario)
    engine = Engine(scenario, markets)
    engine.reset(seed)
    player = Player(policy)
    player.reset(seed)
    everybody = (markets, scenario.num_agents)
    record = Record(
        markets,
        utility=np.zeros(scenario.num_agents),
        earned=np.zeros(everybody),
        wronged=np.zeros(everybody, dtype=np.bool_),
    )
    rounds = _Open(markets, scenario.num_agents)
    live = np.ones(markets, dtype=np.bool_)
    present = np.ones((markets, scenario.num_agents), dtype=np.bool_)
    while live.any():
        types = market.types.now(scenario, engine.state)
        tick(engine, player, act(player, engine))
        welfare = with_accounts(scenario, engine, judge(scenario, engine.state, types))
        _add_welfare(record, welfare, live)
        record.decisions += int(present[live].sum())
        rounds.add(welfare, engine.buffers.rewards, present)
        record.earned += np.where(live[:, None], engine.buffers.rewards, 0.0)
        for verdict in verdicts:
            record.wronged |= verdict.wronged(scenario, engine.world) & live[:, None]
        rounds.close(record, live & (engine.buffers.ended | (not one_round)))
        live &= ~engine.buffers.ended
        present &= ~(engine.buffers.terminated | engine.buffers.truncated)
    record.invalid_actions = int(engine.buffers.invalid_actions.sum())
    return record


def _add_welfare(record: Record, welfare: Welfare, live: Bools) -> None:
    if welfare.revenue_at_best_reserve is not None:
        more = float(welfare.revenue_at_best_reserve[live].sum())
        record.revenue_at_best_reserve = (record.revenue_at_best_reserve or 0.0) + more
    for measure, realised in welfare.realised.items():
        record.realised[measure] = record.realised.get(measure, 0.0) + float(realised[live].sum())
        best = float(welfare.optimal[measure][live].sum())
        record.optimal[measure] = record.optimal.get(measure, 0.0) + best
