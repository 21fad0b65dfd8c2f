"""Judges a policy: one call, every figure beside the baselines."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from econo_env.catalogue import load
from econo_env.games.welfare import PRIMARY
from econo_env.policy import Bound, Named, Noted, Policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.budget import Budget
from econo_env.training.evaluation.episode_search import EpisodeRegret, episode_regrets
from econo_env.training.evaluation.groups import group_metrics
from econo_env.training.evaluation.identities import Identities, identities, names_of
from econo_env.training.evaluation.identity_metrics import identity_metrics
from econo_env.training.evaluation.incentives import episode_metrics, regret_metrics
from econo_env.training.evaluation.metrics import Metric, efficiency, market_metrics
from econo_env.training.evaluation.play import Record, play
from econo_env.training.evaluation.regret import Regret
from econo_env.training.evaluation.result import Evaluation
from econo_env.training.evaluation.satisfaction import satisfaction
from econo_env.training.evaluation.search import regrets
from econo_env.training.evaluation.training_seeds import pooled
from econo_env.training.provenance import provenance

BASELINES = ("random", "zero_intelligence", "truthful", "equilibrium")
_FLOOR = ("random", "zero_intelligence")
"""Play that a market should beat: the better of the two is 0 on the scale of normalised efficiency."""
INTERVALS = (
    "95 %: Student t over seeds, or over training seeds where those spread wider; shares of rare events pooled over "
    "seeds, Clopper-Pearson or Student t, whichever is wider, rule of three at zero; each seed draws its own types"
)
_LARGEST_BATCH = 1_000_000
_CALLED_EQUILIBRIUM = 1e-3  # of its own utility: what bears the name may lose so much to the best deviation


def _silent(message: str) -> None:
    """Says nothing."""


def evaluate(
    policy: str | Path | Policy,
    scenario: str | Path | Scenario | None = None,
    *,
    seeds: Iterable[int] = range(10),
    markets: int = 1024,
    regret: bool = True,
    baselines: Iterable[str] = BASELINES,
    budget: Budget | None = None,
    agents: str = "roles",
    method: str = "auto",
    most_identities: int = 0,
    progress: Callable[[str], None] = _silent,
) -> Evaluation:
    """Judges a policy that everybody in the market follows.

    Args:
        policy: A name of `policy_names()`, a run's folder, or a policy. Of a run with several training seeds
            each is judged. `population` plays all agents as the scenario lists them; a run plays those that learn.
        scenario: An id, a YAML file or a scenario; a run brings its own.
        seeds: Named seeds, one sample of markets each; intervals are over them.
        markets: Episodes a seed, one a market.
        regret: Also search for profitable deviations, and where ticks hang together through whole episodes; replay the
            truth for `satisfaction`.
        baselines: Policies to stand beside it; those that cannot play the scenario are left out, with the reason.
        budget: How hard to search for deviations.
        agents: Search for one agent of each role (`roles`) or for `all`.
        method: Of the search: `auto`, `bid_grid` or `action_grid`.
        most_identities: Also search for what an agent gains under 1 to so many identities; 0 for not.
        progress: Called with a line for each policy.

    Raises:
        ValueError: An unknown policy or scenario, no seed, or a scenario is missing; identities where the market is not
            of one round.
    """
    began = time.perf_counter()
    named = tuple(int(seed) for seed in seeds)
    if not named or min(named) < 0 or len(set(named)) < len(named):
        raise ValueError(f"seeds={list(named)}: give at least one, from 0, each once")
    if markets < 1:
        raise ValueError(f"markets={markets} must be at least 1")
    market = scenario_of_policy(policy, scenario)
    if most_identities:
        names_of(market, most_identities)
    subjects = _subjects(policy, market)
    name = str(policy) if isinstance(policy, str | Path) else _called(policy)
    judge = _Judge(market, named, markets, regret, budget or Budget(), agents, method, progress)
    told = {seed: f"{name}, training seed {seed}" if len(subjects) > 1 else name for seed in subjects}
    judged = {seed: judge.judge(told[seed], subject) for seed, subject in subjects.items()}
    if most_identities:
        judged = {seed: judge.under_names(subjects[seed], found, most_identities) for seed, found in judged.items()}
    metrics = pooled([found.metrics for found in judged.values()])
    beside: dict[str, _Judged] = {}
    skipped: dict[str, str] = {}
    notes = {name: _note(next(iter(subjects.values())))}
    for baseline in baselines:
        if baseline == policy:
            beside[baseline] = next(iter(judged.values()))
            continue
        try:
            other = _made(baseline, market)
        except ValueError as error:
            if baseline not in BASELINES:
                raise
            skipped[baseline] = str(error)
            continue
        beside[baseline] = judge.judge(baseline, other)
        notes[baseline] = _note(other)
    if "equilibrium" in beside:
        notes["equilibrium"] = "; ".join(filter(None, [notes["equilibrium"], _doubts(beside["equilibrium"].metrics)]))
    origin = provenance(named) | {
        "scenario": market.model_dump(mode="json"),
        "markets_per_seed": judge.markets,
        "intervals": INTERVALS,
        "notes": {policy: note for policy, note in notes.items() if note},
        "search": dict(vars(judge.budget)) if regret else None,
        "seconds": round(time.perf_counter() - began, 3),
    }
    several = judged if len(judged) > 1 else {}
    return Evaluation(
        scenario=market,
        policy=name,
        seeds=named,
        metrics=metrics,
        regrets=next(iter(judged.values())).regrets,
        episodes=next(iter(judged.values())).episodes,
        identities=next(iter(judged.values())).identities,
        baselines={baseline: found.metrics for baseline, found in beside.items()},
        baseline_regrets={baseline: found.regrets for baseline, found in beside.items()},
        skipped=skipped,
        training_seeds={seed: found.metrics for seed, found in several.items()},
        training_regrets={seed: found.regrets for seed, found in several.items()},
        provenance=origin,
    )


def _doubts(metrics: Mapping[str, Metric]) -> str:
    """What speaks against the name of an equilibrium: a deviation that gains more than a thousandth, beyond noise."""
    found = []
    for figure, over in (("relative_gain", "a tick"), ("episode_relative_gain", "a whole episode")):
        metric = metrics.get(figure)
        if metric is not None and metric.ci95[0] > _CALLED_EQUILIBRIUM:
            found.append(f"no equilibrium over {over}: the best deviation gains {metric.mean:.2%} of its utility")
    return "; ".join(found)


class _Judged(NamedTuple):
    """What is known of one policy."""

    metrics: dict[str, Metric]
    regrets: list[Regret]
    episodes: list[EpisodeRegret]
    identities: list[Identities]


class _Judge:
    """Runs policies on the same draws; a baseline that was played once is not played again."""

    def __init__(
        self,
        scenario: Scenario,
        seeds: tuple[int, ...],
        markets: int,
        regret: bool,
        budget: Budget,
        agents: str,
        method: str,
        progress: Callable[[str], None],
    ) -> None:
        self.scenario, self.seeds, self.regret, self.budget = scenario, seeds, regret, budget
        self.markets = max(1, min(markets, _LARGEST_BATCH // scenario.num_agents))
        self.agents, self.method = agents, method
        self.progress = progress
        self._played: dict[str, list[Record]] = {}

    def judge(self, name: str, policy: Policy) -> _Judged:
        """The figures of one policy."""
        self.progress(f"{name}: {len(self.seeds)} seeds x {self.markets} markets")
        records = self._played[name] if name in self._played else self._records(policy)
        metrics = market_metrics(records, self.floor()) | group_metrics(self.scenario, records)
        if not self.regret:
            return _Judged(metrics, [], [], [])
        truthful: Policy | None = None
        with suppress(ValueError):  # a market that knows no truth
            truthful = _made("truthful", self.scenario)
        if truthful is not None:
            metrics["satisfaction"] = satisfaction(self.scenario, policy, truthful, self.seeds, records)
        self.progress(f"{name}: best deviations")
        found = regrets(self.scenario, policy, self.seeds, budget=self.budget, agents=self.agents, method=self.method)
        metrics |= regret_metrics(found)
        episodes = episode_regrets(self.scenario, policy, self.seeds, budget=self.budget, agents=self.agents)
        if episodes:
            metrics |= episode_metrics(episodes)
        return _Judged(metrics, found, episodes, [])

    def under_names(self, policy: Policy, judged: _Judged, most: int) -> _Judged:
        """The same with what an agent gains under several identities."""
        self.progress(f"1 to {most} identities")
        found = identities(self.scenario, policy, self.seeds, most=most, agents=self.agents)
        return judged._replace(metrics=judged.metrics | identity_metrics(found), identities=found)

    def floor(self) -> list[Record]:
        """For each seed the better, by welfare, of random and zero-intelligence play."""
        for name in _FLOOR:
            if name not in self._played:
                self._played[name] = self._records(_made(name, self.scenario))
        both = zip(*(self._played[name] for name in _FLOOR), strict=True)
        return [max(pair, key=lambda r: efficiency(r, PRIMARY)) for pair in both]

    def _records(self, policy: Policy) -> list[Record]:
        return [play(self.scenario, policy, seed, self.markets) for seed in self.seeds]


def _subjects(policy: str | Path | Policy, scenario: Scenario) -> dict[int, Policy]:
    """The policy, or by training seed what each learned."""
    from econo_env.policies import policy_names
    from econo_env.policies.proactive import trained_seeds

    if isinstance(policy, str | Path) and str(policy) not in policy_names():
        folders = trained_seeds(Path(policy))
        if folders:
            return {seed: _made(folder, scenario) for seed, folder in folders.items()}
    return {0: _made(policy, scenario)}


def _made(policy: str | Path | Policy, scenario: Scenario) -> Policy:
    from econo_env.policies import make_policy

    return make_policy(policy, scenario) if isinstance(policy, str | Path) else policy


def _called(policy: Policy) -> str:
    return policy.name if isinstance(policy, Named) else type(policy).__name__


def _note(policy: Policy) -> str:
    return policy.note if isinstance(policy, Noted) else ""


def scenario_of_policy(policy: str | Path | Policy, scenario: str | Path | Scenario | None) -> Scenario:
    """The scenario that is named, or the policy's own: of a run, of what is pretrained, or that it was made for.

    Raises:
        ValueError: None is named, and the policy belongs to none.
    """
    if scenario is not None:
        return load(scenario)
    if isinstance(policy, str | Path) and Path(policy).is_dir():
        from econo_env.training.config import scenario_of_run

        return scenario_of_run(Path(policy))
    if isinstance(policy, str | Path):
        from econo_env.policies import make_policy

        policy = make_policy(policy)
    if isinstance(policy, Bound):
        return policy.scenario
    raise ValueError(f"policy {policy!r} belongs to no scenario: give one, e.g. first_price_v0")
