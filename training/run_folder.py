"""A run's folder: its files, whether anything is learned in it, and what its settings were when it was."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from econo_env.documents import parse_yaml, read_yaml
from econo_env.files import DRAFT, write_file
from econo_env.policies.networks import POLICY_FILE
from econo_env.training.checkpoints import checkpoints_in, latest_checkpoint, steps_of_checkpoint
from econo_env.training.config import TrainingConfig, config_from
from econo_env.training.lock import LOCK_FILE
from econo_env.training.logs import METRICS_FILE, TENSORBOARD_FOLDER
from econo_env.training.provenance import provenance
from econo_env.training.trackers import TRACKER_FILES, TRACKER_FOLDERS
from econo_env.training.trainer import has_finished

CONFIG_FILE, PROVENANCE_FILE, SUMMARY_FILE = "config.yaml", "provenance.json", "summary.json"
CHECKPOINTS_FOLDER = "checkpoints"
RESUMABLE = ("total_timesteps", "evaluation", "checkpoints", "tracker")
"""Sections of the configuration that may change when a run is resumed."""

_FILES = frozenset({CONFIG_FILE, PROVENANCE_FILE, SUMMARY_FILE, METRICS_FILE, POLICY_FILE, *TRACKER_FILES})
_FOLDERS = frozenset({CHECKPOINTS_FOLDER, TENSORBOARD_FOLDER, *TRACKER_FOLDERS})


def settings_text(config: TrainingConfig, seed: int) -> str:
    """The settings of one seed as YAML: its `config.yaml`, also kept in each checkpoint."""
    return config.model_copy(update={"seeds": (seed,)}).to_yaml()


def seed_folders(config: TrainingConfig, folder: Path) -> dict[int, Path]:
    """Where each seed of a run lies."""
    if len(config.seeds) == 1:
        return {config.seeds[0]: folder}
    return {seed: folder / f"seed_{seed}" for seed in config.seeds}


def read_run_config(folder: Path, changes: Iterable[str] = ()) -> TrainingConfig:
    """The configuration of a run.

    Raises:
        ValueError: The folder holds no run, or its configuration is damaged.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise ValueError(f"{str(folder)!r} holds no training run: there is no {CONFIG_FILE} in it")
    return config_from(read_yaml(path, "configuration of a run"), changes, str(path))


def write_json(path: Path, content: Any) -> None:
    """Writes a document in one step."""
    write_file(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The mapping in a file that this program wrote; None where it is missing or damaged."""
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None


def open_folder(config: TrainingConfig, folder: Path) -> None:
    """Writes the files that a run begins with; the configuration first, so that a killed start can be resumed."""
    write_file(folder / CONFIG_FILE, config.to_yaml())
    write_json(folder / PROVENANCE_FILE, provenance(config.seeds))


def reopen_folder(config: TrainingConfig, folder: Path, how: Mapping[str, Any]) -> None:
    """Notes that a run goes on: under which settings, and `how`, beside the provenance of this time."""
    path = folder / PROVENANCE_FILE
    now = provenance(config.seeds)
    kept = read_json(path)
    if kept is None:
        if path.exists():
            path.replace(path.with_name(f"{path.name}.damaged"))
        kept = dict(now)
    kept.setdefault("resumed", []).append({**now, **how})
    write_json(path, kept)
    write_file(folder / CONFIG_FILE, config.to_yaml())


def clear_unlearned(folder: Path) -> None:
    """Makes a folder empty in which a run began and nothing was learned yet.

    Raises:
        ValueError: It holds a run with checkpoints, or something that no run wrote.
    """
    ours = list(_ours(folder))
    strange = [path for path in folder.iterdir() if path not in ours and path.name != LOCK_FILE]
    if strange or any(_is_learned(place) for place in (folder, *(path for path in ours if path.is_dir()))):
        raise ValueError(f"{str(folder)!r} is not empty: give a new folder, or go on with `econo-env resume {folder}`")
    for path in ours:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _ours(folder: Path) -> Iterator[Path]:
    """What a run has written in its folder, but for the lock."""
    for path in folder.iterdir():
        known = path.name in (_FOLDERS if path.is_dir() else _FILES) or path.name.startswith(DRAFT)
        if known or (path.is_dir() and path.name.startswith("seed_") and path.name[5:].isdecimal()):
            yield path


def _is_learned(folder: Path) -> bool:
    return (folder / POLICY_FILE).exists() or bool(checkpoints_in(folder / CHECKPOINTS_FOLDER))


def is_one_of_several(folder: Path) -> bool:
    """Whether a folder is that of one seed, in a run with several."""
    whole = folder.absolute().parent
    if not (whole / CONFIG_FILE).is_file():
        return False
    config = read_run_config(whole)
    return len(config.seeds) > 1 and folder.absolute() in seed_folders(config, whole).values()


def steps_done(config: TrainingConfig, own: Path, origin: Path) -> dict[str, int]:
    """Agent-steps of each learner of a seed, in its newest sound checkpoint; empty without one.

    Args:
        config: The settings it is to go on with.
        own: The seed's folder.
        origin: The file of these settings.

    Raises:
        ValueError: Every checkpoint is damaged, the settings are not what the newest sound one was trained with, or
            they give less than the steps that were trained.
    """
    state = latest_checkpoint(own / CHECKPOINTS_FOLDER, lambda _: None)
    if state is None:
        return {}
    steps = {role: int(learner["num_timesteps"]) for role, learner in config.by_network(state["learners"]).items()}
    if "settings" in state:  # checkpoints of 0.1.0 kept none
        trained = config_from(parse_yaml(state["settings"]), (), "the checkpoint")
        _check_settings(config, trained, origin)
        done = sum(steps.values())
        if config.total_timesteps < done and config.total_timesteps != trained.total_timesteps:
            raise ValueError(
                f"total_timesteps={config.total_timesteps}: {str(own)!r} has had {done:,} agent-steps already: "
                "give more than that"
            )
    return steps


def is_complete(config: TrainingConfig, steps: Mapping[str, int], own: Path) -> bool:
    """Whether a seed has had its steps, and its summary says so."""
    summary = read_json(own / SUMMARY_FILE)
    told = summary is not None and summary.get("timesteps") == sum(steps.values())
    return bool(steps) and told and has_finished(config, steps)


def where_it_stands(folders: Mapping[int, Path], folder: Path) -> str:
    """What is saved of a run, and how to go on."""
    saved = {seed: checkpoints_in(own / CHECKPOINTS_FOLDER) for seed, own in folders.items()}
    at = [f"seed {seed} at {steps_of_checkpoint(paths[-1]):,}" for seed, paths in saved.items() if paths]
    if not at:
        return f"nothing was saved yet, `econo-env resume {folder}` starts over"
    return f"{str(folder)!r} is saved, {', '.join(at)} agent-steps; `econo-env resume {folder}` goes on from there"


def _check_settings(config: TrainingConfig, trained: TrainingConfig, origin: Path) -> None:
    """Makes sure that `config.yaml` still says what a checkpoint was trained with, but for what may change."""
    now, then = (one.model_dump(mode="json", exclude={*RESUMABLE, "seeds"}) for one in (config, trained))
    found = _difference(then, now, "")
    if found is not None:
        where, was, given = found
        raise ValueError(
            f"{str(origin)!r}: {where} is {given!r}, but the run was trained with {was!r}: put it back, or train anew "
            "with `econo-env train`"
        )


def _difference(one: Any, other: Any, where: str) -> tuple[str, Any, Any] | None:
    """The first place where two documents differ: its path and both values."""
    if one == other:
        return None
    if isinstance(one, dict) and isinstance(other, dict):
        for key in (*one, *(set(other) - set(one))):
            found = _difference(one.get(key), other.get(key), f"{where}.{key}".lstrip("."))
            if found is not None:
                return found
    return where, one, other
