"""One writer a folder: a lock that the operating system lets go of when its holder ends, however it ends."""

import errno
import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

LOCK_FILE = ".lock"


@contextmanager
def sole_writer(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Holds a folder's lock.

    The file `.lock` names the process and the host for those who are refused. It is the system's lock on that file that
    counts: a killed process holds none, and the file it left is taken over.

    Args:
        folder: It must be there.
        say: Called with a word where the file system knows no locks.

    Raises:
        ValueError: Another process writes there.
    """
    path = folder / LOCK_FILE
    descriptor = _acquired(path, say)
    try:
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat("T", "seconds"),
        }
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, (json.dumps(holder) + "\n").encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)  # while the lock is held: whoever opens it from now on makes a new file
        os.close(descriptor)


def _acquired(path: Path, say: Callable[[str], None]) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(descriptor)
            os.close(descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise ValueError(
                    f"{str(path.parent)!r} is being written by {holder}: wait for it, stop it, or give another folder"
                ) from None
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise
            say(f"the file system of {str(path.parent)!r} has no locks: let no other process write there")
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)  # its holder has just taken the file away: the next one is new


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _holder(descriptor: int) -> str:
    """Who holds the lock, in words."""
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {holder['pid']} on {holder['host']} (since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
