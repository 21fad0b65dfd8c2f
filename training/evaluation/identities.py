"""False names: what an agent gains by taking part under k identities, and what an identity must cost so that none pays.

Pi(k) = sup over strategies of E[utility of k identities] - E[utility of one that follows the policy] - (k - 1) c, where
c is what each further identity costs (Yokoo, Sakurai and Matsubara 2004). Strategies are chosen, given the own type, on
one sample of rivals, and their gain is measured on another, with common rivals and tie lotteries. Beside it stands the
strongest attacker, who knows the rivals' reports: what splitting gains profile by profile.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.rng import market_keys
from econo_env.games.false_names import FalseNames
from econo_env.market import market_of, offered
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.budget import groups_of
from econo_env.training.evaluation.name_search import Effort, best_by_names
from econo_env.training.evaluation.sampling import (
    act,
    evaluation_seed,
    own_seed,
    part_seed,
    sampled_engine,
    selection_seed,
    tick,
    types_seed,
)

Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_IDENTITIES = 16
_CHOSEN_ON, _PROFILES = 1, 2  # parts of a seed's samples
_SEEN = 16  # profiles whose bids the local search places its own beside


@dataclass(frozen=True)
class IdentityBudget:
    """How hard to search for profitable splits, for each seed.

    Attributes:
        types: Own types.
        selection: Profiles of rivals on which a strategy is chosen for each of them.
        evaluation: Profiles on which its gain is measured.
        instances: Profiles in which the attacker knows its rivals' reports.
        effort: Of each search.
    """

    types: int = 8
    selection: int = 64
    evaluation: int = 256
    instances: int = 32
    effort: Effort = field(default_factory=Effort)


@dataclass(frozen=True)
class Identities:
    """What one agent gains under several identities; gains are over its own report under one, before their costs.

    Attributes:
        agent: The agent.
        members: The agents it stands for: the same role under the rules.
        selected: Mean gain by number of identities on the samples of the choice, credits a round, (seeds, identities).
        gain: The same on fresh samples.
        utility: What it earns under one identity, credits a round, shape (seeds,).
        instance_gain: Of the attacker who knows its rivals, profile by profile, (seeds, profiles, identities).
        instance_utility: What it earns in these under one identity, (seeds, profiles).
    """

    agent: int
    members: tuple[int, ...]
    selected: Floats
    gain: Floats
    utility: Floats
    instance_gain: Floats
    instance_utility: Floats

    @property
    def costliest(self) -> int:
        """The number of identities whose gain a further one is the highest, by the samples of the choice."""
        return int(np.argmax(a_further_identity(self.selected).mean(axis=0))) + 2

    @property
    def break_even(self) -> Floats:
        """What each further identity gains, and must cost so that none pays, credits a round, shape (seeds,).

        Where nothing is to be gained a seed's figure may lie below 0 by noise, so that the mean over seeds is no
        maximum of it.
        """
        at = self.costliest - 1
        return np.asarray((self.gain[:, at] - self.gain[:, 0]) / at)

    @property
    def instance_break_even(self) -> Floats:
        """The same against the attacker who knows its rivals, shape (seeds, profiles)."""
        return np.asarray(a_further_identity(self.instance_gain).max(axis=-1))

    def to_json(self) -> dict[str, Any]:
        """Curves as lists, means over seeds and profiles."""
        return {
            "agent": self.agent,
            "members": list(self.members),
            "utility": float(self.utility.mean()),
            "gain_by_identities": self.gain.mean(axis=0).tolist(),
            "gain_by_seed": self.gain.tolist(),
            "break_even_cost": max(float(self.break_even.mean()), 0.0),
            "instance_utility": float(self.instance_utility.mean()),
            "instance_gain_by_identities": self.instance_gain.mean(axis=(0, 1)).tolist(),
        }


def a_further_identity(gain: Floats) -> Floats:
    """What k identities gain beyond one put to its best use, over k - 1, for k from 2, (..., identities - 1).

    Zero where one alone does as well. What one identity gains by a report of its own no cost of further ones deters.
    """
    further = np.arange(1, gain.shape[-1])
    return np.asarray(np.maximum(gain[..., 1:] - gain[..., :1], 0.0) / further)


class IdentityCost(NamedTuple):
    """What an identity costs besides work.

    Attributes:
        fee: Credits that entry costs, at least 0.
        rate: Cost of capital a round, above 0.
        rounds: Rounds for which an identity is used, at least 1.
        unbonding: Rounds until its bond is free again.
    """

    fee: float = 0.0
    rate: float = 1e-3
    rounds: int = 1
    unbonding: int = 64


def break_even_bond(gain: float | Floats, cost: IdentityCost) -> Any:
    """The bond of an identity, credits, whose fee and capital cost what the identity gains in its rounds; at least 0.

    A bond B that is locked for T rounds costs B ((1 + rate)^T - 1); the gain a round counts at the end of the use.

    Raises:
        ValueError: A rate not above 0, or another figure below its least.
    """
    if not cost.rate > 0.0 or cost.fee < 0.0 or cost.rounds < 1 or cost.unbonding < 0:
        raise ValueError(f"{cost}: give rate > 0, fee >= 0, rounds >= 1 and unbonding >= 0")
    of_capital = np.expm1((cost.rounds + cost.unbonding) * np.log1p(cost.rate))
    return np.maximum(np.asarray(gain) * cost.rounds - cost.fee, 0.0) / of_capital


def names_of(scenario: Scenario, most: int) -> FalseNames[Any, Any]:
    """The market's way to play under several names.

    Raises:
        ValueError: The market is not of one round, or does not fit otherwise; or a number that is off.
    """
    if not 1 <= most <= MOST_IDENTITIES:
        raise ValueError(f"identities={most}: give 1 to {MOST_IDENTITIES}")
    market, said = market_of(scenario), None
    if market.judging.false_names is None:
        said = f"a {scenario.market} market is not settled by one round of reports"
    elif scenario.ticks_hang_together:
        said = "its rounds hang together: judge one round, with max_cycles: 1 or feedback: nothing"
    elif scenario.economy is not None:
        said = "an economy's ticks hang together: judge the market without it"
    elif market.types.interdependence is not None and market.types.interdependence.applies(scenario):
        said = "one type tells of the others, so a split would tell the rivals too: independent types are judged"
    else:
        said = market.judging.false_names.misfit(scenario)
    if said is not None:
        raise ValueError(f"{scenario.id}: no profit of several identities: {said}")
    return offered(market.judging.false_names, "several names", scenario)


class _Sample(NamedTuple):
    """Markets in which everybody followed the policy.

    Attributes:
        types: Shape (markets, agents, components).
        reports: Shape (markets, agents, components of a report).
        keys: Of the tie lotteries, shape (markets,).
    """

    types: Floats
    reports: Int64s
    keys: Any

    def rivals(self, agent: int) -> Int64s:
        """The reports of all but one."""
        return np.delete(self.reports, agent, axis=1)


def _sampled(scenario: Scenario, policy: Policy, markets: int, seed: int) -> _Sample:
    market = market_of(scenario)
    engine = sampled_engine(scenario, markets, seed)
    types = market.types.now(scenario, engine.state)
    player = Player(policy)
    player.reset(seed)
    tick(engine, player, act(player, engine))
    made = names_of(scenario, 1).reports(scenario, engine.state)
    return _Sample(types, np.array(made, dtype=np.int64), market_keys(seed, markets))


def identities(
    scenario: Scenario,
    policy: Policy,
    seeds: tuple[int, ...],
    *,
    most: int = MOST_IDENTITIES,
    budget: IdentityBudget | None = None,
    agents: str = "roles",
) -> list[Identities]:
    """What one agent gains under 1 to `most` identities where everybody else follows the policy.

    What a search finds is a lower bound of the supremum.

    Args:
        scenario: A market of one round.
        policy: What everybody does.
        seeds: One sample of types and rivals each.
        most: Identities at most, 1 to 16.
        budget: How hard to search.
        agents: `roles`, one agent of each role under the rules, or `all`.

    Raises:
        ValueError: The market does not fit, see `names_of`.
    """
    names_of(scenario, most)
    judge = _Judge(scenario, policy, most, budget or IdentityBudget())
    return [judge.of_agent(members, seeds) for members in groups_of(scenario, agents)]


class _Judge:
    """Searches for splits, type by type and profile by profile."""

    def __init__(self, scenario: Scenario, policy: Policy, most: int, budget: IdentityBudget) -> None:
        self.scenario, self.policy, self.most, self.budget = scenario, policy, most, budget
        self.names = names_of(scenario, most)

    def of_agent(self, members: tuple[int, ...], seeds: tuple[int, ...]) -> Identities:
        """One agent, over all seeds."""
        found = [(*self._by_type(members[0], seed), *self._by_profile(members[0], seed)) for seed in seeds]
        selected, gain, utility, instance_gain, instance_utility = (
            np.array(figure) for figure in zip(*found, strict=True)
        )
        return Identities(members[0], members, selected, gain, utility, instance_gain, instance_utility)

    def _by_type(self, agent: int, seed: int) -> tuple[Floats, Floats, float]:
        """Gains where they were chosen and on a fresh sample, by number of identities, and the own utility."""
        chosen_on = self._sample(self.budget.selection, part_seed(selection_seed((seed,)), _CHOSEN_ON))
        judged_on = self._sample(self.budget.evaluation, evaluation_seed(seed))
        own = self._sample(self.budget.types, types_seed(seed))
        rng = np.random.default_rng(own_seed(seed))
        selected, gains, utilities = [], [], []
        for type_, report in zip(own.types[:, agent], own.reports[:, agent], strict=True):
            strategies, gain = self._search(agent, type_, report, chosen_on, rng)
            earned = [self._play(agent, type_, one[None], judged_on).mean() for one in [report[None], *strategies]]
            selected.append(gain)
            gains.append(np.array(earned[1:]) - earned[0])
            utilities.append(earned[0])
        return np.mean(selected, axis=0), np.mean(gains, axis=0), float(np.mean(utilities))

    def _by_profile(self, agent: int, seed: int) -> tuple[Floats, Floats]:
        """Gains against known rivals, (profiles, identities), and the own utility in each profile."""
        met = self._sample(self.budget.instances, part_seed(types_seed(seed), _PROFILES))
        rng = np.random.default_rng(own_seed(seed) + 1)
        gains, utilities = [], []
        for at, (type_, report) in enumerate(zip(met.types[:, agent], met.reports[:, agent], strict=True)):
            alone = _Sample(met.types[at : at + 1], met.reports[at : at + 1], met.keys[at : at + 1])
            gains.append(self._search(agent, type_, report, alone, rng)[1])
            utilities.append(float(self._play(agent, type_, report[None, None], alone).mean()))
        return np.array(gains), np.array(utilities)

    def _search(
        self, agent: int, type_: Floats, report: Int64s, met: _Sample, rng: np.random.Generator
    ) -> tuple[list[Int64s], Floats]:
        game = _Faced(self.scenario, self.names, agent, type_, report, met.rivals(agent), met.keys)
        return best_by_names(game, report, self.most, self.budget.effort, rng)

    def _play(self, agent: int, type_: Floats, own: Int64s, met: _Sample) -> Floats:
        return self.names.play(self.scenario, agent, type_, own, met.rivals(agent), met.keys)

    def _sample(self, markets: int, seed: int) -> _Sample:
        return _sampled(self.scenario, self.policy, markets, seed)


class _Faced(NamedTuple):
    """An agent of a known type and the rivals that it faces; see `econo_env.training.evaluation.name_search.Names`."""

    scenario: Scenario
    names: FalseNames[Any, Any]
    agent: int
    type_: Floats
    report: Int64s
    rivals: Int64s
    keys: Any

    def play(self, own: Int64s, first: int = 0) -> Floats:
        upto = first or len(self.keys)
        return self.names.play(self.scenario, self.agent, self.type_, own, self.rivals[:upto], self.keys[:upto])

    def splits(self, names: int) -> Int64s:
        made: Int64s = self.names.splits(self.scenario, self.agent, self.type_, self.report, names)
        return made

    def merged(self, own: Int64s) -> Int64s | None:
        return None if self.names.merged is None else self.names.merged(self.scenario, own)

    def thresholds(self) -> Int64s:
        bids = self.rivals[:_SEEN].ravel()
        return bids[bids >= 0]
