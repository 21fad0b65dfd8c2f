"""Judges a policy: one call, every figure beside the baselines."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from econo_env.documents import read_yaml
from econo_env.markets.judging import PRIMARY
from econo_env.scenario import Scenario, load
from training.evaluation.metrics import Metric, efficiency, market_metrics, regret_metrics
from training.evaluation.play import Record, play
from training.evaluation.regret import Budget, Regret, regrets
from training.evaluation.result import Evaluation
from training.evaluation.sampling import Actor
from training.evaluation.training_seeds import pooled
from training.provenance import provenance

BASELINES = ("random", "zero_intelligence", "truthful", "equilibrium")
_FLOOR = ("random", "zero_intelligence")
"""Play that a market should beat: the better of the two is 0 on the scale of normalised efficiency."""
INTERVALS = (
    "95 %: Student t over seeds, or over training seeds where those spread wider; shares of rare events pooled over "
    "seeds, Clopper-Pearson, rule of three at zero"
)
_LARGEST_BATCH = 1_000_000


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
        policy: A name of `policies.policy_names()`, a run's folder, or a policy. Of a run with several training seeds
            each is judged.
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
    subjects = _subjects(policy, market)
    name = str(policy) if isinstance(policy, str | Path) else str(getattr(policy, "name", type(policy).__name__))
    judge = _Judge(market, named, markets, regret, budget or Budget(), agents, method, progress)
    told = {seed: f"{name}, training seed {seed}" if len(subjects) > 1 else name for seed in subjects}
    judged = {seed: judge.judge(told[seed], subject) for seed, subject in subjects.items()}
    metrics = pooled([figures for figures, _ in judged.values()])
    beside: dict[str, dict[str, Metric]] = {}
    beside_regrets: dict[str, list[Regret]] = {}
    skipped: dict[str, str] = {}
    notes = {name: getattr(next(iter(subjects.values())), "note", "")}
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
    several = judged if len(judged) > 1 else {}
    return Evaluation(
        scenario=market,
        policy=name,
        seeds=named,
        metrics=metrics,
        regrets=next(iter(judged.values()))[1],
        baselines=beside,
        baseline_regrets=beside_regrets,
        skipped=skipped,
        training_seeds={seed: figures for seed, (figures, _) in several.items()},
        training_regrets={seed: found for seed, (_, found) in several.items()},
        provenance=origin,
    )


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


def _subjects(policy: str | Path | Actor, scenario: Scenario) -> dict[int, Actor]:
    """The policy, or by training seed what each learned."""
    from policies import policy_names
    from policies.proactive import trained_seeds

    if isinstance(policy, str | Path) and str(policy) not in policy_names():
        folders = trained_seeds(Path(policy))
        if folders:
            return {seed: _made(folder, scenario) for seed, folder in folders.items()}
    return {0: _made(policy, scenario)}


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
    from training.config import resolve_scenario

    path = run / "config.yaml"
    document = read_yaml(path, "configuration of a run") if path.is_file() else {}
    if "scenario" not in document:
        raise ValueError(f"{str(run)!r} holds no config.yaml with a scenario: give the scenario")
    return resolve_scenario(document["scenario"])
