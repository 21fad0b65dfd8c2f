"""A training run in a folder: from a configuration to learned networks, and on from wherever it stopped.

RUN holds `config.yaml` (resolved, the whole scenario included), `provenance.json`, `checkpoints/`, `tensorboard/`,
`metrics.jsonl`, `policy.npz` (what `make_policy(RUN)` plays) and, at the end, `summary.json`. With several seeds each
has such a folder, `RUN/seed_0`, ...
"""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rich.console import Console

from econo_env.documents import read_yaml
from policies.proactive import POLICY_FILE, write_networks
from training.checkpoints import checkpoint_path, latest_checkpoint, remove_old, write_checkpoint
from training.config import TrainingConfig, config_from
from training.logs import Logs
from training.probe import look
from training.progress import TrainingProgress
from training.provenance import provenance
from training.trainer import Trainer, derived_seed, header

CONFIG_FILE, PROVENANCE_FILE, SUMMARY_FILE = "config.yaml", "provenance.json", "summary.json"
RESUMABLE = ("total_timesteps", "evaluation", "checkpoints")
"""Sections of the configuration that may change when a run is resumed."""

Summary = dict[str, Any]


def _crossed(every: int, before: int, after: int) -> bool:
    return every > 0 and after // every > before // every


def train_seed(config: TrainingConfig, folder: Path, seed: int, console: Console) -> Summary:
    """Trains one seed in a folder, from its newest sound checkpoint where there is one.

    Returns:
        The summary that `summary.json` holds.
    """

    def say(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True, markup=False)

    trainer = Trainer(config, seed)
    kept = latest_checkpoint(folder / "checkpoints", say)
    if kept is not None:
        trainer.restore(kept)
    say(header(trainer))
    if kept is not None:
        say(f"goes on from {trainer.timesteps:,} agent-steps")
    started, start = time.monotonic(), trainer.timesteps
    looked: dict[str, float] = {}
    with (
        Logs(folder, from_step=start) as logs,
        TrainingProgress(config.total_timesteps, start, console) as progress,
    ):
        while not trainer.finished:
            before = trainer.timesteps
            scalars = trainer.iterate()
            now = trainer.timesteps
            histograms: dict[str, Any] = {}
            if _crossed(config.evaluation.every, before, now) or trainer.finished:
                looked, histograms = _looks(trainer)
            rate = progress.rate(now)
            times = {"time/agent_steps_per_second": rate, "time/seconds": time.monotonic() - started}
            logs.write(now, scalars | looked | times if histograms else scalars | times, histograms)
            if _crossed(config.checkpoints.every, before, now) or trainer.finished:
                _save(trainer, folder)
            progress.update(now, f"utility {looked['eval/utility']:.4f}" if looked else "")
    seconds = time.monotonic() - started
    if kept is not None and trainer.timesteps == start:
        looked, _ = _looks(trainer)
    summary = {
        "scenario": config.scenario.id,
        "seed": seed,
        "sharing": config.sharing,
        "parameters": trainer.parameters() * len(trainer.learners),
        "timesteps": trainer.timesteps,
        "timesteps_now": trainer.timesteps - start,
        "seconds": round(seconds, 3),
        "agent_steps_per_second": round((trainer.timesteps - start) / max(seconds, 1e-9)),
        "metrics": looked,
        "run": str(folder),
    }
    _write_json(folder / SUMMARY_FILE, summary)
    say(f"{folder}: {trainer.timesteps:,} agent-steps, utility {looked['eval/utility']:.5f} credits an episode")
    return summary


def _looks(trainer: Trainer) -> tuple[dict[str, float], dict[str, Any]]:
    """The deterministic policy as `eval/`, the exploring one that the learner meets as `market/`."""
    config = trainer.config
    size = config.evaluation.num_markets
    seed = derived_seed(trainer.seed, 1_000_003)
    judged = look(config.scenario, trainer.policy(), seed, size)
    market = look(config.scenario, trainer.policy(deterministic=False), derived_seed(seed, trainer.timesteps), size)
    scalars = {"eval/utility": judged.utility} | {f"eval/{name}": value for name, value in judged.scalars.items()}
    scalars |= {f"market/{name}": value for name, value in market.scalars.items() if name not in market.histograms}
    return scalars, {f"market/{name}": values for name, values in market.histograms.items()}


def _save(trainer: Trainer, folder: Path) -> None:
    write_networks(folder / POLICY_FILE, trainer.policy().networks)
    write_checkpoint(checkpoint_path(folder / "checkpoints", trainer.timesteps), trainer.state())
    remove_old(folder / "checkpoints", trainer.config.checkpoints.keep)


def start_run(config: TrainingConfig, folder: Path, console: Console | None = None) -> list[Summary]:
    """Trains every seed of a configuration into a new folder.

    Raises:
        ValueError: The folder already holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{str(folder)!r} is not empty: give a new folder, or go on with `econo-env resume {folder}`")
    folder.mkdir(parents=True, exist_ok=True)
    return _train_all(config, folder, console or Console(stderr=True), _open_folder)


def resume_run(folder: Path, changes: Iterable[str] = (), console: Console | None = None) -> list[Summary]:
    """Goes on with every seed of a run exactly where it stopped.

    Args:
        folder: A run, or one seed of it.
        changes: `key=value`, of `total_timesteps`, `evaluation.*` and `checkpoints.*` only. Schedules stretch to a new
            total, so a run made longer differs from one that was long from the start.
        console: Where progress is shown.

    Raises:
        ValueError: There is no run, a change is not allowed, or every checkpoint is damaged.
    """
    changes = list(changes)
    for change in changes:
        if change.split("=")[0].split(".")[0] not in RESUMABLE:
            raise ValueError(f"{change!r} would make it another run: resume may change only {', '.join(RESUMABLE)}")
    config = read_run_config(folder, changes)
    return _train_all(config, folder, console or Console(stderr=True), _reopen_folder)


def read_run_config(folder: Path, changes: Iterable[str] = ()) -> TrainingConfig:
    """The configuration of a run.

    Raises:
        ValueError: The folder holds no run.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise ValueError(f"{str(folder)!r} holds no training run: there is no {CONFIG_FILE} in it")
    return config_from(read_yaml(path, "configuration of a run"), changes, str(path))


def _train_all(
    config: TrainingConfig, folder: Path, console: Console, prepare: Callable[[TrainingConfig, Path], None]
) -> list[Summary]:
    prepare(config, folder)
    if len(config.seeds) == 1:
        return [train_seed(config, folder, config.seeds[0], console)]
    summaries = []
    for seed in config.seeds:
        own = folder / f"seed_{seed}"
        own.mkdir(exist_ok=True)
        prepare(config.model_copy(update={"seeds": (seed,)}), own)
        summaries.append(train_seed(config, own, seed, console))
    _write_json(folder / SUMMARY_FILE, {"runs": summaries})
    return summaries


def _open_folder(config: TrainingConfig, folder: Path) -> None:
    _write_json(folder / PROVENANCE_FILE, provenance(config.seeds))
    _write_text(folder / CONFIG_FILE, config.to_yaml())


def _reopen_folder(config: TrainingConfig, folder: Path) -> None:
    path = folder / PROVENANCE_FILE
    kept = json.loads(path.read_text()) if path.is_file() else provenance(config.seeds)
    kept.setdefault("resumed", []).append(provenance(config.seeds))
    _write_json(path, kept)
    _write_text(folder / CONFIG_FILE, config.to_yaml())


def _write_json(path: Path, content: Any) -> None:
    _write_text(path, json.dumps(content, indent=2) + "\n")


def _write_text(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text)
    draft.replace(path)
