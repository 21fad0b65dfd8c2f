"""Judges a policy: one call, every figure beside the baselines."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from econo_env.markets.judging import PRIMARY
from econo_env.scenario import Scenario, load
from training.evaluation.metrics import Metric, efficiency, market_metrics, number, regret_metrics
from training.evaluation.play import Record, play
from training.evaluation.regret import Budget, Regret, regrets
from training.evaluation.sampling import Actor
from training.evaluation.statistics import paired_difference
from training.provenance import provenance

BASELINES = ("random", "zero_intelligence", "truthful", "equilibrium")
_FLOOR = ("random", "zero_intelligence")
"""Play that a market should beat: the better of the two is 0 on the scale of normalised efficiency."""
INTERVALS = (
    "95 %: Student t over seeds; shares of rare events pooled over seeds, Clopper-Pearson, rule of three at zero"
)
_LARGEST_BATCH = 1_000_000


@dataclass(frozen=True)
class Evaluation:
    """What is known of a policy in a scenario.

    Attributes:
        scenario: The market.
        policy: The policy's name.
        seeds: The named seeds; every policy met the same draws.
        metrics: By name.
        regrets: Gains of the best deviation by type, one for each role; empty without the search.
        baselines: The same figures of other policies.
        baseline_regrets: Their gains by type.
        skipped: Baselines that cannot play this scenario, and why.
        provenance: Versions, sample sizes, method of the intervals, what policies say of themselves, seconds.
    """

    scenario: Scenario
    policy: str
    seeds: tuple[int, ...]
    metrics: dict[str, Metric]
    regrets: list[Regret]
    baselines: dict[str, dict[str, Metric]]
    baseline_regrets: dict[str, list[Regret]]
    skipped: dict[str, str]
    provenance: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The form of `econo-env evaluate --json`."""
        return {
            "scenario": self.scenario.id,
            "policy": self.policy,
            "seeds": list(self.seeds),
            "metrics": {name: metric.to_json() for name, metric in self.metrics.items()},
            "baselines": {
                policy: {name: metric.to_json() for name, metric in metrics.items()}
                for policy, metrics in self.baselines.items()
            },
            "differences": self.differences(),
            "regret": [regret.to_json() for regret in self.regrets],
            "skipped": self.skipped,
            "provenance": self.provenance,
        }

    def differences(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The policy's figures minus each baseline's, paired by seed, with 95 % t intervals."""
        table: dict[str, dict[str, dict[str, Any]]] = {}
        for policy, metrics in self.baselines.items():
            table[policy] = {}
            for name, theirs in metrics.items():
                difference = paired_difference(self.metrics[name].by_seed, theirs.by_seed)
                interval = [number(difference.low), number(difference.high)]
                table[policy][name] = {"mean": number(difference.mean), "ci95": interval, "unit": theirs.unit}
        return table


def _silent(message: str) -> None:
    """Says nothing."""


def evaluate(
    policy: str | Path | Actor,
    scenario: str | Path | Scenario | None = None,
    *,
    seeds: Iterable[int] = range(10),
    markets: int = 1024,
    regret: bool = True,
    baselines: Iterable[str] = BASELINES,
    budget: Budget | None = None,
    agents: str = "roles",
    method: str = "auto",
    progress: Callable[[str], None] = _silent,
) -> Evaluation:
    """Judges a policy that everybody in the market follows.

    Args:
        policy: A name of `policies.policy_names()`, a run's folder, or a policy.
        scenario: An id, a YAML file or a scenario; a run brings its own.
        seeds: Named seeds, one sample of markets each; intervals are over them.
        markets: Episodes a seed, one a market.
        regret: Also search for profitable deviations.
        baselines: Policies to stand beside it; those that cannot play the scenario are left out, with the reason.
        budget: How hard to search for deviations.
        agents: Search for one agent of each role (`roles`) or for `all`.
        method: Of the search: `auto`, `bid_grid` or `action_grid`.
        progress: Called with a line for each policy.

    Raises:
        ValueError: An unknown policy or scenario, no seed, or a scenario is missing.
    """
    began = time.perf_counter()
    named = tuple(int(seed) for seed in seeds)
    if not named or min(named) < 0 or len(set(named)) < len(named):
        raise ValueError(f"seeds={list(named)}: give at least one, from 0, each once")
    if markets < 1:
        raise ValueError(f"markets={markets} must be at least 1")
    market = _scenario_of(policy, scenario)
    subject = _made(policy, market)
    name = str(policy) if isinstance(policy, str | Path) else str(getattr(policy, "name", type(policy).__name__))
    judge = _Judge(market, named, markets, regret, budget or Budget(), agents, method, progress)
    metrics, found = judge.judge(name, subject)
    beside: dict[str, dict[str, Metric]] = {}
    beside_regrets: dict[str, list[Regret]] = {}
    skipped: dict[str, str] = {}
    notes = {name: getattr(subject, "note", "")}
    for baseline in baselines:
        try:
            other = _made(baseline, market)
        except ValueError as error:
            if baseline not in BASELINES:
                raise
            skipped[baseline] = str(error)
            continue
        beside[baseline], beside_regrets[baseline] = judge.judge(baseline, other)
        notes[baseline] = getattr(other, "note", "")
    origin = provenance(named) | {
        "scenario": market.model_dump(mode="json"),
        "markets_per_seed": judge.markets,
        "intervals": INTERVALS,
        "notes": {policy: note for policy, note in notes.items() if note},
        "search": dict(vars(judge.budget)) if regret else None,
        "seconds": round(time.perf_counter() - began, 3),
    }
    return Evaluation(market, name, named, metrics, found, beside, beside_regrets, skipped, origin)


class _Judge:
    """Runs policies on the same draws; what was played once is not played again."""

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
        self.search = {"agents": agents, "method": method}
        self.progress = progress
        self._floor: list[Record] | None = None

    def judge(self, name: str, policy: Actor) -> tuple[dict[str, Metric], list[Regret]]:
        """The figures of one policy."""
        self.progress(f"{name}: {len(self.seeds)} seeds x {self.markets} markets")
        metrics = market_metrics(self._records(policy), self.floor())
        if not self.regret:
            return metrics, []
        self.progress(f"{name}: best deviations")
        found = regrets(self.scenario, policy, self.seeds, budget=self.budget, **self.search)
        return metrics | regret_metrics(found), found

    def floor(self) -> list[Record]:
        """For each seed the better, by welfare, of random and zero-intelligence play."""
        if self._floor is None:
            played = [self._records(_made(name, self.scenario)) for name in _FLOOR]
            self._floor = [max(both, key=lambda r: efficiency(r, PRIMARY)) for both in zip(*played, strict=True)]
        return self._floor

    def _records(self, policy: Actor) -> list[Record]:
        return [play(self.scenario, policy, seed, self.markets) for seed in self.seeds]


def _made(policy: str | Path | Actor, scenario: Scenario) -> Actor:
    from policies import make_policy

    return make_policy(policy, scenario) if isinstance(policy, str | Path) else policy


def _scenario_of(policy: str | Path | Actor, scenario: str | Path | Scenario | None) -> Scenario:
    if scenario is not None:
        return load(scenario)
    if isinstance(policy, str | Path) and Path(policy).is_dir():
        return _scenario_of_run(Path(policy))
    own = getattr(policy, "scenario", None)
    if isinstance(own, Scenario):
        return own
    raise ValueError(f"policy {policy!r} belongs to no scenario: give one, e.g. first_price_v0")


def _scenario_of_run(run: Path) -> Scenario:
    import yaml

    from training.config import resolve_scenario

    path = run / "config.yaml"
    document = yaml.safe_load(path.read_text()) if path.is_file() else None
    if not isinstance(document, dict) or "scenario" not in document:
        raise ValueError(f"{str(run)!r} holds no config.yaml with a scenario: give the scenario")
    return resolve_scenario(document["scenario"])
