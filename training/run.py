"""A training run in a folder: from a configuration to learned networks, and on from wherever it stopped.

RUN holds `config.yaml` (resolved, the whole scenario included), `provenance.json`, `checkpoints/`, `tensorboard/`,
`metrics.jsonl`, `policy.npz` (what `make_policy(RUN)` plays) and, at the end, `summary.json`. With several seeds each
has such a folder, `RUN/seed_0`, ... While a process writes there it holds the lock `RUN/.lock`.
"""

from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from econo_env.training.config import TrainingConfig
from econo_env.training.lock import sole_writer
from econo_env.training.outputs import check_folder
from econo_env.training.run_folder import (
    CONFIG_FILE,
    RESUMABLE,
    SUMMARY_FILE,
    clear_unlearned,
    is_complete,
    is_one_of_several,
    open_folder,
    read_json,
    read_run_config,
    reopen_folder,
    seed_folders,
    steps_done,
    where_it_stands,
    write_json,
)
from econo_env.training.session import Summary, train_seed
from econo_env.training.size import check_size
from econo_env.training.stopping import Stopped
from econo_env.training.trackers import check_tracker

__all__ = ["Summary", "read_run_config", "resume_run", "start_run", "train_seed"]


def start_run(config: TrainingConfig, folder: Path, console: Console | None = None) -> list[Summary]:
    """Trains every seed of a configuration into a new folder, or into one where a run began and learned nothing.

    Raises:
        ValueError: The folder holds something else, or another process writes there.
        OSError: Something cannot be written.
        Stopped: A signal came; the message says what is saved.
    """
    console = console or Console(stderr=True)
    check_folder("the run's folder", folder)
    check_size(config)
    check_tracker(config.tracker)
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with sole_writer(folder, _sayer(console)):
            clear_unlearned(folder)
            try:
                open_folder(config, folder)
                return _train_all(config, folder, console)
            except (OSError, ValueError, MemoryError):
                with suppress(OSError, ValueError):
                    clear_unlearned(folder)
                raise
    except (OSError, ValueError, MemoryError):
        if made:
            with suppress(OSError):
                folder.rmdir()  # nothing is learned where it is empty
        raise


def resume_run(folder: Path, changes: Iterable[str] = (), console: Console | None = None) -> list[Summary]:
    """Goes on with every seed of a run exactly where it stopped.

    Args:
        folder: A run, or one seed of it.
        changes: `key=value`, of `total_timesteps`, `evaluation.*` and `checkpoints.*` only. Schedules stretch to a new
            total, so a run made longer differs from one that was long from the start; `provenance.json` keeps what
            changed and when.
        console: Where progress is shown.

    Raises:
        ValueError: There is no run, it has finished, a change is not allowed, `config.yaml` says something else than
            the run was trained with, another process writes there, or every checkpoint is damaged. Nothing changes.
        OSError: Something cannot be written.
        Stopped: A signal came; the message says what is saved.
    """
    changes, console = list(changes), console or Console(stderr=True)
    for change in changes:
        if change.split("=")[0].split(".")[0] not in RESUMABLE:
            raise ValueError(f"{change!r} would make it another run: resume may change only {', '.join(RESUMABLE)}")
    config = read_run_config(folder, changes)
    if changes and is_one_of_several(folder):
        raise ValueError(
            f"{changes[0]!r} for one seed of several: the run's {CONFIG_FILE} would no longer be true of it; "
            f"change the whole run, `econo-env resume {folder.parent} {' '.join(changes)}`"
        )
    check_folder("the run's folder", folder)
    check_size(config)
    check_tracker(config.tracker)
    folders = seed_folders(config, folder)
    with ExitStack() as locks:
        for place in dict.fromkeys((folder, *folders.values())):
            if place.is_dir():
                locks.enter_context(sole_writer(place, _sayer(console)))
        done = {seed: steps_done(config, own, folder / CONFIG_FILE) for seed, own in folders.items()}
        complete = {seed for seed, own in folders.items() if is_complete(config, done[seed], own)}
        if len(complete) == len(folders):
            raise ValueError(
                f"{str(folder)!r} has had all its {config.total_timesteps:,} agent-steps, and nothing is changed: "
                f"`econo-env resume {folder} total_timesteps={2 * config.total_timesteps}` would train it on"
            )
        begun = {seed: sum(steps.values()) for seed, steps in done.items()}
        reopen_folder(config, folder, {"timesteps": begun, "changes": changes})
        return _train_all(config, folder, console, complete)


def _train_all(config: TrainingConfig, folder: Path, console: Console, complete: Collection[int] = ()) -> list[Summary]:
    """Trains the seeds that are not complete, one after the other; the folder's own files are written, and locked."""
    folders = seed_folders(config, folder)
    try:
        if len(folders) == 1:
            return [train_seed(config, folder, seed, console) for seed in folders]
        summaries = []
        for seed, own in folders.items():
            if seed in complete:
                summaries.append(read_json(own / SUMMARY_FILE) or {})
                continue
            summaries.append(_train_one(config.model_copy(update={"seeds": (seed,)}), own, console))
        write_json(folder / SUMMARY_FILE, {"runs": summaries})
    except Stopped as stopped:
        raise Stopped(stopped.number, f"stopped: {where_it_stands(folders, folder)}") from None
    return summaries


def _train_one(config: TrainingConfig, own: Path, console: Console) -> Summary:
    """Trains one seed of several; a folder that was there when the run was resumed is locked already."""
    if own.is_dir():
        reopen_folder(config, own, {})
        return train_seed(config, own, config.seeds[0], console)
    own.mkdir()
    with sole_writer(own, _sayer(console)):
        open_folder(config, own)
        return train_seed(config, own, config.seeds[0], console)


def _sayer(console: Console) -> Callable[[str], None]:
    return lambda text: console.print(text, highlight=False, soft_wrap=True, markup=False)
