"""How much memory there is, and a refusal before more is asked for."""

import resource
from pathlib import Path

_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)


def available_memory() -> int | None:
    """Bytes that this process may still take: of the machine, of its container, of its own limit; None if unknown."""
    known = [amount for amount in (_of_machine(), _of_container(), _of_process()) if amount is not None]
    return min(known) if known else None


def require_memory(needed: int, what: str, fix: str = "ask for less") -> None:
    """Refuses what does not fit.

    Args:
        needed: Bytes.
        what: What they are for, the subject of the sentence.
        fix: What to do instead.

    Raises:
        ValueError: There is less memory than that.
    """
    there = available_memory()
    if there is not None and needed > there:
        raise ValueError(f"{what} would need {in_words(needed)} of memory, and {in_words(there)} are free: {fix}")


def in_words(amount: int) -> str:
    """Bytes with three digits and a unit."""
    size = float(amount)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024.0:
            return f"{size:.3g} {unit}"
        size /= 1024.0
    return f"{size:,.0f} PiB"


def _of_machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None  # elsewhere than on Linux


def _of_container() -> int | None:
    for limit, used, stat in _CGROUPS:
        try:
            taken = int(Path(used).read_text()) - _file_cache(Path(stat))
            return max(0, int(Path(limit).read_text()) - taken)
        except (OSError, ValueError):  # no such file, or "max": no limit
            continue
    return None


def _file_cache(stat: Path) -> int:
    """Bytes of cached files, which make room on demand."""
    rows = dict(line.split() for line in stat.read_text().splitlines())
    return int(rows.get("inactive_file", 0))


def _of_process() -> int | None:
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    try:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        taken = 0
    return max(0, limit - taken)
