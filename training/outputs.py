"""What a command writes: checked before any work, each file whole, and kept elsewhere where its place fails."""

import json
import os
import signal
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from econo_env.files import is_stream, new_draft, write_file
from econo_env.training.stopping import Stopped

_PROBE = b"\0" * 8192


class Outputs:
    """The files of one command, by the option that names them; a context around its work.

    Everything is checked when it is made. `write` and `show` never fail: what cannot be written is kept in a temporary
    folder, and the block ends with a sentence that says where.

    Example:
        with Outputs({"--json": path}, reads=[market]) as outputs:
            ...
            outputs.write_json("--json", document)
            outputs.show(text)
    """

    def __init__(self, files: Mapping[str, Path | None], reads: Iterable[str | Path] = ()) -> None:
        """Checks that each file can be written.

        Args:
            files: Paths by option; None is not asked for.
            reads: What the command reads: no output may replace it.

        Raises:
            ValueError: A file cannot be written, is named twice or is also read; the message says which.
        """
        self._paths = {option: path for option, path in files.items() if path is not None}
        self._failures: list[str] = []
        taken = {resolved(path): f"is also what is read ({path})" for path in reads}
        for option, path in self._paths.items():
            check_file(option, path)
            place = resolved(path)
            if place in taken:
                raise ValueError(f"{option} {str(path)!r} {taken[place]}: give another file")
            if not is_stream(path):
                taken[place] = f"is also written by {option}"

    def wants(self, option: str) -> bool:
        """Whether a file was asked for."""
        return option in self._paths

    def write(self, option: str, content: str | bytes) -> None:
        """Writes a file in one step, if it was asked for; the newest content stands."""
        if option not in self._paths:
            return
        path = self._paths[option]
        try:
            write_file(path, content)
        except OSError as error:
            self._failed(f"{option} {str(path)!r}", error, path.name, content)

    def write_json(self, option: str, document: Any) -> None:
        """Writes a document as JSON, if its file was asked for."""
        if option in self._paths:
            self.write(option, json.dumps(document, indent=2) + "\n")

    def show(self, text: str) -> None:
        """Prints to standard output; ends the program quietly where nobody reads it any more, as under `| head`."""
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise Stopped(signal.SIGPIPE, "") from None
        except OSError as error:
            self._failed("standard output", error, "output.txt", text + "\n")

    def _failed(self, what: str, error: OSError, name: str, content: str | bytes) -> None:
        kept = keep_elsewhere(name, content)
        where = "and no temporary folder takes it either" if kept is None else f"it is kept in {str(kept)!r}"
        self._failures.append(f"{what} cannot be written ({error.strerror}): {where}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._failures:
            raise ValueError("; ".join(self._failures))


def check_file(option: str, path: Path) -> None:
    """Makes sure that a file can be written.

    Raises:
        ValueError: It cannot, with the reason.
    """
    named = f"{option} {str(path)!r}"
    try:
        if path.is_dir():
            raise ValueError(f"{named} is a folder: give a file")
        if is_stream(path):
            if not os.access(path, os.W_OK):
                raise ValueError(f"{named} may not be written: give another file")
            return
        _check_place(named, path.resolve())
    except (OSError, RuntimeError) as error:  # RuntimeError: links that point in a circle
        raise ValueError(f"{named} cannot be written ({_reason(error)}): give another file, or make room") from None


def check_folder(option: str, folder: Path) -> None:
    """Makes sure that a folder can be written to, or made.

    Raises:
        ValueError: It cannot, with the reason.
    """
    named = f"{option} {str(folder)!r}"
    try:
        nearest = folder.resolve()
        while not nearest.exists():
            nearest = nearest.parent
        if not nearest.is_dir():
            raise ValueError(f"{named}: {str(nearest)!r} is no folder: give another one")
        _probe(nearest)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{named} cannot be written ({_reason(error)}): give another folder, or make room") from None


def keep_elsewhere(name: str, content: str | bytes) -> Path | None:
    """Writes what its own place does not take into a fresh temporary folder; None where there is none either."""
    for parent in (tempfile.gettempdir(), Path.home(), Path.cwd()):
        try:
            path = Path(tempfile.mkdtemp(prefix="econo-env-", dir=parent)) / name
            write_file(path, content)
        except OSError:
            continue
        return path
    return None


def resolved(path: str | Path) -> Path:
    """The path without links, or as it is where they go in a circle."""
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError):
        return Path(path).absolute()


def _check_place(named: str, target: Path) -> None:
    parent = target.parent
    if not parent.is_dir():
        what = "is no folder" if parent.exists() else "is not there: make it first"
        raise ValueError(f"{named}: the folder {str(parent)!r} {what}")
    # a file without any right to write is protected by its owner, from the superuser too
    if target.exists() and not (target.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)):
        raise ValueError(f"{named} is read-only: give another file, or allow writing it")
    if target.exists() and not os.access(target, os.W_OK):
        raise ValueError(f"{named} may not be written: give another file")
    _probe(parent)


def _probe(folder: Path) -> None:
    """Writes a little in a folder, and removes it: rights, read-only disks and full ones show."""
    draft = new_draft(folder)
    try:
        with draft.open("xb") as file:
            file.write(_PROBE)
    finally:
        draft.unlink(missing_ok=True)


def _reason(error: OSError | RuntimeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "links that point in a circle"
