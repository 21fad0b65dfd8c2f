"""What a report is made of: read from a run's folder or an evaluation file, the rest measured in the engine."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from econo_env.catalogue import from_mapping
from econo_env.policies import policy_names
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.levels import LevelCourse, moves, play_levels
from econo_env.training.report.economy import Episode, keeps_accounts, play_episode
from econo_env.training.report.history import Moment, history

EPISODE_MARKETS, LEVEL_MARKETS = 400, 16
_NEEDED = ("scenario", "policy", "seeds", "metrics", "baselines", "regret", "provenance")


@dataclass(frozen=True)
class Effort:
    """How much is measured for a report.

    Attributes:
        seeds: Evaluation seeds, counted from the one that is asked for.
        markets: Episodes a seed.
        search: Settings of the search for deviations, the fields of `econo_env.training.evaluation.Budget`.
        moments: Most checkpoints that are looked at.
    """

    seeds: int = 10
    markets: int = 1024
    search: Mapping[str, int] = field(default_factory=dict)
    moments: int = 16


@dataclass(frozen=True)
class ReportContents:
    """Everything the page shows.

    Attributes:
        scenario: The market.
        document: The evaluation in the form of `econo-env evaluate --json`; of the first training seed.
        others: The same of further training seeds, without baselines.
        curves: Rows of `metrics.jsonl` by training seed.
        moments: The policy on its way, by training seed.
        episode: An episode as it went, where agents have accounts.
        levels: An episode as it went, where agents may change their level.
        settings: The training file, empty without one.
        provenance: Of the training.
    """

    scenario: Scenario
    document: dict[str, Any]
    others: dict[int, dict[str, Any]] = field(default_factory=dict)
    curves: dict[int, list[dict[str, float]]] = field(default_factory=dict)
    moments: dict[int, list[Moment]] = field(default_factory=dict)
    episode: Episode | None = None
    levels: LevelCourse | None = None
    settings: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def evaluations(self) -> dict[str, dict[str, Any]]:
        """Every evaluation of the policy, by the name a legend shows; a rule goes by its own."""
        if not self.others:
            policy = str(self.document.get("policy", "learned"))
            return {policy if policy in policy_names() and not self.curves else "learned": self.document}
        first = next(iter(self.curves))
        return {f"seed {first}": self.document} | {f"seed {seed}": other for seed, other in self.others.items()}


def _silent(line: str) -> None:
    """Says nothing."""


def gather(
    source: str | Path, *, seed: int = 0, effort: Effort | None = None, say: Callable[[str], None] = _silent
) -> ReportContents:
    """Reads a run's folder or an evaluation file, and measures what is not written there.

    Args:
        source: The folder of a training run, of one seed of it, or a file of `econo-env evaluate --json`.
        seed: First of the evaluation seeds.
        effort: How much is measured.
        say: Called with a line for each step.

    Raises:
        ValueError: There is no such run or file, or it is damaged; the message says what to do.
    """
    path = Path(source)
    if path.is_dir():
        return _of_run(path, seed, effort or Effort(), say)
    if path.is_file():
        return _of_evaluation(path, seed, say)
    raise ValueError(f"there is no run {str(source)!r}: give a training run's folder or a file of `evaluate --json`")


def _of_evaluation(path: Path, seed: int, say: Callable[[str], None]) -> ReportContents:
    try:
        document = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{str(path)!r} is no JSON, or cut off ({error}): write it again with evaluate --json"
        ) from None
    missing = [key for key in _NEEDED if not isinstance(document, dict) or key not in document]
    if missing:
        raise ValueError(f"{str(path)!r} is no evaluation: it has no {missing[0]!r}; write it with evaluate --json")
    section = document["provenance"].get("scenario") if isinstance(document["provenance"], dict) else None
    if not isinstance(section, dict):
        raise ValueError(f"{str(path)!r} does not hold its scenario: write it again with evaluate --json")
    scenario, policy = from_mapping(section), str(document["policy"])
    known = policy in policy_names()  # a run may be gone, and files of one's own run their code
    if not known:
        return ReportContents(scenario, document)
    return ReportContents(
        scenario,
        document,
        episode=_episode(scenario, policy, policy, seed, say),
        levels=_levels(scenario, policy, seed, say) if policy == "population" else None,
    )


def _of_run(folder: Path, seed: int, effort: Effort, say: Callable[[str], None]) -> ReportContents:
    from econo_env.policies.listed import of_run
    from econo_env.training.config import read_config

    config_file = folder / "config.yaml"
    if not config_file.is_file():
        raise ValueError(f"{str(folder)!r} holds no training run: there is no config.yaml in it")
    config = read_config(config_file)
    folders = _seed_folders(folder, config.seeds)
    scenario = config.scenario
    seeds = range(seed, seed + effort.seeds)
    documents = {}
    for number, (trained, own) in enumerate(folders.items()):
        say(f"judging what seed {trained} learned")
        policy = of_run(scenario, run=own, name=folder.name)
        documents[trained] = _judged(policy, scenario, seeds, effort, baselines=number == 0)
    first, *rest = folders
    say("looking at the way there")
    return ReportContents(
        scenario,
        documents[first],
        others={trained: documents[trained] for trained in rest},
        curves={trained: read_rows(own) for trained, own in folders.items()},
        moments={trained: history(config, own, trained, seed, effort.moments) for trained, own in folders.items()},
        episode=_episode(scenario, folders[first], "learned", seed, say),
        levels=_levels(scenario, folders[first], seed, say),
        settings=config_file.read_text(),
        provenance=_provenance(folder),
    )


def _seed_folders(folder: Path, seeds: tuple[int, ...]) -> dict[int, Path]:
    """Folders with a policy, by training seed."""
    named = {seeds[0]: folder} if len(seeds) == 1 else {seed: folder / f"seed_{seed}" for seed in seeds}
    trained = {seed: own for seed, own in named.items() if (own / "policy.npz").is_file()}
    if not trained:
        raise ValueError(
            f"{str(folder)!r} holds no trained policy yet (policy.npz): go on with `econo-env resume {folder}`"
        )
    return trained


def _judged(
    policy: Any, scenario: Scenario, seeds: Iterable[int], effort: Effort, *, baselines: bool
) -> dict[str, Any]:
    from econo_env.training.evaluation import BASELINES, Budget, evaluate

    found = evaluate(
        policy,
        scenario,
        seeds=seeds,
        markets=effort.markets,
        budget=Budget(**effort.search),
        baselines=BASELINES if baselines else (),
    )
    return found.to_json()


def _episode(
    scenario: Scenario, source: str | Path, name: str, seed: int, say: Callable[[str], None]
) -> Episode | None:
    """An episode of a policy, beside truthful play where the market knows that; None without accounts."""
    from econo_env.policies import make_policy

    if not keeps_accounts(scenario):
        return None
    say("playing an episode")
    policies: dict[str, Policy] = {name: make_policy(source, scenario)}
    with suppress(ValueError):
        policies.setdefault("truthful", make_policy("truthful", scenario))
    return play_episode(scenario, policies, seed, EPISODE_MARKETS)


def _levels(scenario: Scenario, source: str | Path, seed: int, say: Callable[[str], None]) -> LevelCourse | None:
    """An episode of a population in which agents may change their level; None of others."""
    from econo_env.policies import make_policy

    if not moves(scenario):
        return None
    say("looking at levels")
    return play_levels(scenario, make_policy(source, scenario), seed, LEVEL_MARKETS)


def read_rows(folder: Path) -> list[dict[str, float]]:
    """The rows of `metrics.jsonl`; a line half written when a run was killed is left out, as are those after it."""
    path = folder / "metrics.jsonl"
    rows: list[dict[str, float]] = []
    for line in path.read_text().splitlines() if path.is_file() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            break
        if not isinstance(row, dict) or "timesteps" not in row:
            break
        rows.append(row)
    return rows


def _provenance(folder: Path) -> dict[str, Any]:
    path = folder / "provenance.json"
    try:
        kept = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError):
        return {"note": f"{path.name} is missing or damaged"}
    return kept if isinstance(kept, dict) else {"note": f"{path.name} holds no mapping"}
