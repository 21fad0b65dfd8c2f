"""What an evaluation found, and its form as JSON."""

from dataclasses import dataclass, field
from typing import Any

from econo_env.scenario import Scenario
from econo_env.training.evaluation.episode_search import EpisodeRegret
from econo_env.training.evaluation.groups import who_is_who
from econo_env.training.evaluation.identities import Identities
from econo_env.training.evaluation.metrics import Metric
from econo_env.training.evaluation.regret import Regret
from econo_env.training.evaluation.training_seeds import difference, improvement, interquartile_means


@dataclass(frozen=True)
class Evaluation:
    """What is known of a policy in a scenario.

    Attributes:
        scenario: The market.
        policy: The policy's name.
        seeds: The named seeds; every policy met the same draws.
        metrics: By name; of a run with several training seeds the means over these.
        regrets: Gains of the best deviation by type, one for each role; empty without the search. Of a run with
            several training seeds those of the first.
        baselines: The same figures of other policies.
        baseline_regrets: Their gains by type.
        skipped: Baselines that cannot play this scenario, and why.
        episodes: Gains of the best deviation through whole episodes, one for each role, as `regrets`; empty where
            ticks do not hang together.
        identities: What an agent gains under several identities, one for each role; empty where it was not asked for.
        training_seeds: The figures of each training seed, where a run has several.
        training_regrets: Their gains by type.
        provenance: Versions, sample sizes, method of the intervals, seconds.
    """

    scenario: Scenario
    policy: str
    seeds: tuple[int, ...]
    metrics: dict[str, Metric]
    regrets: list[Regret]
    baselines: dict[str, dict[str, Metric]]
    baseline_regrets: dict[str, list[Regret]]
    skipped: dict[str, str]
    episodes: list[EpisodeRegret] = field(default_factory=list)
    identities: list[Identities] = field(default_factory=list)
    training_seeds: dict[int, dict[str, Metric]] = field(default_factory=dict)
    training_regrets: dict[int, list[Regret]] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The form of `econo-env evaluate --json`."""
        document = {
            "scenario": self.scenario.id,
            "policy": self.policy,
            "seeds": list(self.seeds),
            "metrics": _plain(self.metrics),
            "baselines": {policy: _plain(metrics) for policy, metrics in self.baselines.items()},
            "differences": self.differences(),
            "regret": [regret.to_json() for regret in self.regrets],
            "episode_regret": [regret.to_json() for regret in self.episodes],
            "skipped": self.skipped,
            "provenance": self.provenance,
        }
        if self.scenario.population is not None:
            document["population"] = who_is_who(self.scenario)
        if self.identities:
            document["identities"] = [found.to_json() for found in self.identities]
        if self.training_seeds:
            document["training_seeds"] = {
                str(seed): {
                    "metrics": _plain(metrics),
                    "regret": [regret.to_json() for regret in self.training_regrets[seed]],
                }
                for seed, metrics in self.training_seeds.items()
            }
            document["interquartile_means"] = interquartile_means(list(self.training_seeds.values()))
        return document

    def differences(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The policy's figures minus each baseline's, paired by seed, with 95 % t intervals.

        Where a figure has a better side also `probability_of_improvement`, over draws and training seeds.
        """
        learned = list(self.training_seeds.values()) or [self.metrics]
        table: dict[str, dict[str, dict[str, Any]]] = {}
        for policy, metrics in self.baselines.items():
            table[policy] = {}
            for name, theirs in metrics.items():
                ours = [figures[name] for figures in learned]
                chance = improvement(name, ours, theirs)
                entry = difference(ours, theirs)
                table[policy][name] = entry if chance is None else entry | {"probability_of_improvement": chance}
        return table


def _plain(metrics: dict[str, Metric]) -> dict[str, Any]:
    return {name: metric.to_json() for name, metric in metrics.items()}
