"""Best responses over whole episodes, where what an agent does now changes what it meets later.

Scenarios tell by `ticks_hang_together`. One agent changes its moves at every tick
to the end of the episode, by a rule that may look at its own standing, while everybody else follows the policy. Types,
rivals and luck are the same for every deviation (common random numbers). Simple changes are screened first, the best
of them are joined, made to depend on the own standing, and refined; finalists are decided on fresh episodes, and the
gain that is reported is measured on others, one sample for each seed. It is a lower bound: of rules of this form.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.budget import Budget, groups_of
from econo_env.training.evaluation.deviations import Change, Condition, Deviating, Deviation, only_where
from econo_env.training.evaluation.sampling import act, evaluation_seed, part_seed, play_out, selection_seed, tick

Floats = NDArray[np.float64]

_VALUES = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)  # that a component is set to
_SHIFTS = (-0.5, -0.2, -0.05, 0.05, 0.2, 0.5)  # that are added to the policy's own move
_STEPS = (0.1, -0.1, 0.03, -0.03)  # of the refinement
_SPLITS = (1 / 3, 2 / 3)  # quantiles of the own standing that conditions split at
_PARENTS = 2  # deviations that are made to depend on the own standing
_MOST_COLUMNS = 20  # of the own standing that are looked at, those that vary most often
_FINALISTS = 6
_SCREENED = 4  # the screening meets this part of the episodes
_ERRORS = 2.0  # standard errors that a gain must lie above 0


@dataclass(frozen=True)
class EpisodeRegret:
    """What one agent gains that deviates through whole episodes.

    Attributes:
        agent: The agent that deviated.
        members: The agents it stands for: the same role under the rules.
        deviation: The best deviation that was found, in words.
        taken: Whether its gain was noticeable where deviations are chosen; if not, the policy's own play is best.
        selected_gain: Its gain there, credits an episode.
        noticeable_gain: What that had to exceed.
        own_utility: The policy's own earnings in credits an episode, shape (seeds,).
        measured_gain: What the deviation adds on the evaluation samples, taken or not, shape (seeds,).
    """

    agent: int
    members: tuple[int, ...]
    deviation: str
    taken: bool
    selected_gain: float
    noticeable_gain: float
    own_utility: Floats
    measured_gain: Floats

    @property
    def gain(self) -> Floats:
        """The gain of the best response by seed, shape (seeds,): 0 where that is the policy's own play."""
        return self.measured_gain if self.taken else np.zeros_like(self.measured_gain)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and lists."""
        return {
            "agent": self.agent,
            "members": list(self.members),
            "deviation": self.deviation,
            "taken": self.taken,
            "selected_gain": self.selected_gain,
            "noticeable_gain": self.noticeable_gain,
            "own_utility_by_seed": self.own_utility.tolist(),
            "measured_gain_by_seed": self.measured_gain.tolist(),
        }


class Episodes:
    """Fresh episodes that every deviation is played through from the start."""

    def __init__(self, scenario: Scenario, policy: Policy, agent: int, seed: int, markets: int) -> None:
        self.engine = Engine(scenario, markets)
        self.engine.reset(seed)
        self.start = self.engine.snapshot()
        self.policy, self.agent, self.seed = policy, agent, seed
        self.own = self.earned(policy)

    def earned(self, policy: Policy) -> Floats:
        """What the agent earns in each episode, shape (markets,), where all moves are the policy's."""
        self.engine.restore(self.start)
        player = Player(policy)
        player.reset(self.seed)
        return play_out(self.engine, player, self.agent, np.ones(self.engine.num_markets, dtype=np.bool_))

    def gains(self, deviation: Deviation) -> Floats:
        """What the deviation adds to the agent's earnings in each episode, shape (markets,)."""
        return self.earned(Deviating(self.policy, self.agent, deviation)) - self.own

    def standings(self) -> Floats:
        """What the agent sees and does under the policy where it may act, shape (ticks, features + components)."""
        self.engine.restore(self.start)
        player = Player(self.policy)
        player.reset(self.seed)
        buffers, seen = self.engine.buffers, []
        live = np.ones(self.engine.num_markets, dtype=np.bool_)
        while live.any():
            actions = act(player, self.engine)
            standing = np.concatenate([buffers.observations[:, self.agent], actions[:, self.agent]], axis=1)
            seen.append(standing[live & buffers.action_mask[:, self.agent]])
            tick(self.engine, player, actions)
            live &= ~buffers.ended
        return np.concatenate(seen).astype(np.float64)


def episode_regrets(
    scenario: Scenario,
    policy: Policy,
    seeds: tuple[int, ...],
    *,
    budget: Budget | None = None,
    agents: str = "roles",
) -> list[EpisodeRegret]:
    """What the best deviation through whole episodes gains over a strategy that everybody follows.

    Args:
        scenario: The market.
        policy: What everybody does.
        seeds: One evaluation sample each.
        budget: How many episodes a sample has.
        agents: `roles`, one agent of each role under the rules, or `all`.

    Returns:
        One for each group of agents; none where ticks do not hang together, for one tick then tells all.

    Raises:
        ValueError: An unknown choice.
    """
    groups = groups_of(scenario, agents)
    if not scenario.ticks_hang_together:
        return []
    return [_search_one(scenario, policy, members, seeds, (budget or Budget()).episodes) for members in groups]


def _search_one(
    scenario: Scenario, policy: Policy, members: tuple[int, ...], seeds: tuple[int, ...], episodes: int
) -> EpisodeRegret:
    market, agent = market_of(scenario), members[0]
    chosen_on = selection_seed(seeds)

    def sample(seed: int, markets: int) -> Episodes:
        return Episodes(scenario, policy, agent, seed, max(16, markets))

    finalists = _promising(sample(chosen_on, episodes // _SCREENED), len(market.action_names(scenario)), _FINALISTS)
    decided = sample(part_seed(chosen_on, 0), 2 * episodes)
    gains = [decided.gains(finalist) for finalist in finalists]
    best = int(np.argmax([gain.mean() for gain in gains]))
    noticeable = _ERRORS * float(gains[best].std(ddof=1)) / np.sqrt(len(gains[best]))
    own, measured = [], []
    for seed in map(evaluation_seed, seeds):
        tested = sample(seed, episodes)
        own.append(tested.own.mean())
        measured.append(tested.gains(finalists[best]).mean())
    names = market.action_names(scenario), market.observations(scenario)
    return EpisodeRegret(
        agent=agent,
        members=members,
        deviation="; ".join(change.words(*names) for change in finalists[best]),
        taken=bool(gains[best].mean() > noticeable),
        selected_gain=float(gains[best].mean()),
        noticeable_gain=noticeable,
        own_utility=np.array(own),
        measured_gain=np.array(measured),
    )


def _promising(sample: Episodes, components: int, few: int) -> list[Deviation]:
    """The best deviations on the sample: single changes, then joined, by the own standing, and refined."""
    tried: dict[Deviation, float] = {}

    def best_of(candidates: Iterable[Deviation], count: int) -> list[Deviation]:
        found = list(dict.fromkeys(candidates))
        for deviation in found:
            if deviation not in tried:
                gains = sample.gains(deviation)
                # what changes nothing is no deviation
                tried[deviation] = float(gains.mean()) if gains.any() else -np.inf
        return sorted(found, key=lambda deviation: -tried[deviation])[:count]

    leaders = [best_of(_single(component), 1)[0] for component in range(components)]
    leaders.sort(key=lambda deviation: -tried[deviation])
    joined = leaders[0]
    for other in leaders[1:]:
        joined = best_of((joined, joined + other), 1)[0]
    parents = best_of([joined, *tried], _PARENTS)
    conditions = _conditions(sample.standings(), components)
    best_of((only_where(parent, condition) for parent, condition in product(parents, conditions)), 1)
    best = best_of(list(tried), 1)[0]
    for step in _STEPS:
        best = best_of((best, *_nearby(best, step)), 1)[0]
    return best_of(list(tried), few)


def _single(component: int) -> list[Deviation]:
    """One component set or shifted, at every tick."""
    changes = [Change(component, amount, shift=False) for amount in _VALUES]
    return [(change,) for change in changes + [Change(component, amount, shift=True) for amount in _SHIFTS]]


def _conditions(standings: Floats, components: int) -> list[Condition]:
    """Ways to split the ticks by what varies of the agent's own standing."""
    if not len(standings):
        return []
    found = []
    varies = [len(np.unique(column)) > 1 for column in standings.T]
    columns = [i for i in range(standings.shape[1]) if varies[i]]
    # the last columns are the own move, which must not be cut off
    columns = (
        columns if len(columns) <= _MOST_COLUMNS else columns[: _MOST_COLUMNS - components] + columns[-components:]
    )
    for column in columns:
        for threshold in _thresholds(standings[:, column]):
            found += [Condition(column, threshold, above) for above in (True, False)]
    return found


def _thresholds(seen: Floats) -> Sequence[float]:
    """Where to split what was seen: at its quantiles, but never so that one side is empty."""
    quantiles = np.unique(np.quantile(seen, _SPLITS, method="lower"))
    below = quantiles[quantiles < seen.max()]
    return [float(q) for q in below] or [float(seen[seen < seen.max()].max())]


def _nearby(deviation: Deviation, step: float) -> list[Deviation]:
    """The deviation with one amount moved by a step, kept within the action space."""
    moved = []
    for i, change in enumerate(deviation):
        amount = float(np.clip(change.amount + step, -1.0, 1.0))
        moved.append((*deviation[:i], replace(change, amount=amount), *deviation[i + 1 :]))
    return moved
