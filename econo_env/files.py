"""Files that are whole or not there: written beside their place, then moved into it."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

DRAFT = ".econo-env-"
"""How the names of drafts begin; one that a killed process left may be deleted."""

_STREAMS = ("/dev/", "/proc/")
_OPEN_ALREADY = {"/dev/stdout": 1, "/dev/stderr": 2, "/dev/fd/1": 1, "/dev/fd/2": 2}


def is_stream(path: Path) -> bool:
    """Whether a path is a device, a pipe or the like: written to as it is, never replaced."""
    return str(path.absolute()).startswith(_STREAMS) or (path.exists() and not path.is_file())


def new_draft(folder: Path) -> Path:
    """A name for a draft in a folder that nobody else takes."""
    return folder / f"{DRAFT}{os.getpid()}-{secrets.token_hex(4)}.draft"


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` once the block has ended without an error.

    A process killed at any moment leaves the old file whole. A link keeps pointing where it did, permissions stay.

    Args:
        path: The file; its folder must be there.

    Raises:
        OSError: It cannot be written; `filename` names it.
    """
    target = Path(path)
    try:
        if is_stream(target):
            open_already = _OPEN_ALREADY.get(str(target))
            # a descriptor of ours is shared, so that what it has written already is not written over
            with target.open("ab") if open_already is None else os.fdopen(os.dup(open_already), "wb") as file:
                yield file
            return
        target = target.resolve()
        draft = new_draft(target.parent)
        try:
            with draft.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                draft.chmod(stat.S_IMODE(target.stat().st_mode))
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.filename is None or DRAFT in str(error.filename):
            raise OSError(error.errno, error.strerror or str(error), str(path)) from None
        raise


def write_file(path: str | Path, content: str | bytes) -> None:
    """Writes text (as UTF-8) or bytes in one step; see `replacing`."""
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
