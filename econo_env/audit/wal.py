"""What SQLite leaves out in silence when it opens a file: the end of its write-ahead log that was never committed."""

from pathlib import Path

_HEADER, _FRAME_HEADER = 32, 24


def unfinished_bytes(path: str | Path) -> int:
    """Bytes behind the last commit in the write-ahead log beside a file, of its present generation.

    The form is that of sqlite.org/fileformat2.html, section 4: a frame is a page with a header that says, for the last
    one of a transaction, how many pages the file then has.
    """
    log = Path(f"{path}-wal")
    if not log.is_file():
        return 0
    text = log.read_bytes()
    if len(text) < _HEADER:
        return 0
    page, salts = int.from_bytes(text[8:12], "big"), text[16:24]
    frame = _FRAME_HEADER + page
    at, committed = _HEADER, _HEADER
    while at + _FRAME_HEADER <= len(text) and text[at + 8 : at + 16] == salts:
        at = min(at + frame, len(text))
        if int.from_bytes(text[at - frame + 4 : at - frame + 8], "big") and (at - _HEADER) % frame == 0:
            committed = at
    return at - committed
