"""Checkpoints: written in one step, checked by a digest, read without running code."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from econo_env.files import write_file

_MAGIC = b"econo-env checkpoint 1\n"
_DIGEST = 32


def checkpoint_path(folder: Path, timesteps: int) -> Path:
    """Where the checkpoint of a number of steps lies."""
    return folder / f"step_{timesteps:012d}.ckpt"


def steps_of_checkpoint(path: Path) -> int:
    """The number of steps in a checkpoint's name."""
    return int(path.stem.removeprefix("step_"))


def checkpoints_in(folder: Path) -> list[Path]:
    """The checkpoints of a folder, oldest first."""
    return sorted(folder.glob("step_[0-9]*.ckpt"), key=steps_of_checkpoint)


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Writes tensors and plain numbers; a process killed at any moment leaves the old files whole."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, _MAGIC + hashlib.sha256(content).digest() + content)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What `write_checkpoint` wrote.

    Raises:
        ValueError: The file is damaged or no checkpoint.
    """
    try:
        whole = path.read_bytes()
    except OSError as error:
        raise ValueError(f"checkpoint {str(path)!r} cannot be read: {error.strerror}") from None
    digest, content = whole[len(_MAGIC) : len(_MAGIC) + _DIGEST], whole[len(_MAGIC) + _DIGEST :]
    if not whole.startswith(_MAGIC) or hashlib.sha256(content).digest() != digest:
        raise ValueError(f"checkpoint {str(path)!r} is damaged: its content does not match its digest")
    state: dict[str, Any] = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    return state


def latest_checkpoint(folder: Path, say: Callable[[str], None]) -> dict[str, Any] | None:
    """The newest sound checkpoint, or None where there is none at all; each damaged one is passed over with a word.

    Raises:
        ValueError: There are checkpoints, and all are damaged.
    """
    paths = checkpoints_in(folder)
    for path in reversed(paths):
        try:
            return read_checkpoint(path)
        except ValueError as error:
            say(f"{error}; going back to the one before")
    if paths:
        raise ValueError(f"all {len(paths)} checkpoints in {str(folder)!r} are damaged: train anew into another folder")
    return None


def remove_old(folder: Path, keep: int) -> None:
    """Keeps the newest `keep` checkpoints."""
    for path in checkpoints_in(folder)[:-keep]:
        path.unlink()
