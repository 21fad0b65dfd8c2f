"""Every event of a log as a table: CSV, JSON lines, or Parquet by pyarrow, all by `rows.FIELDS`."""

import csv
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from econo_env.audit.rows import FIELDS, checked_ticks, events_of, rows_of
from econo_env.audit.store import AuditError

FORMATS: Final = ("csv", "jsonl", "parquet")
_ROWS_AT_ONCE = 50_000


def export(path: str | Path, out: str | Path, form: str, agents: tuple[str, ...] | None = None) -> int:
    """Writes every event of a log, one row a transfer, bid, award or fact.

    Args:
        path: The log; it is verified as it is read.
        out: The file to write.
        form: One of `FORMATS`.
        agents: Names of the agents in seat order.

    Returns:
        How many rows.

    Raises:
        AuditError: The form is unknown, pyarrow is not installed, or a file cannot be read or written.
        IntegrityError: The log is not what was written.
    """
    if form not in FORMATS:
        raise AuditError(f"--to {form}: choose one of {', '.join(FORMATS)}")
    rows = _rows(path, agents)
    try:
        return {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}[form](rows, Path(out))
    except OSError as error:
        raise AuditError(f"{out} cannot be written: {error.strerror or error}") from None


def _rows(path: str | Path, agents: tuple[str, ...] | None) -> Iterator[dict[str, Any]]:
    for header, tick in checked_ticks(path):
        names = agents or tuple(f"agent_{i}" for i in range(header.num_agents))
        for event in events_of(tick):
            yield from rows_of(event, header, names)


def _csv(rows: Iterator[dict[str, Any]], out: Path) -> int:
    count = 0
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(FIELDS))
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _jsonl(rows: Iterator[dict[str, Any]], out: Path) -> int:
    count = 0
    with out.open("w") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
            count += 1
    return count


def _parquet(rows: Iterator[dict[str, Any]], out: Path) -> int:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise AuditError(
            "Parquet needs pyarrow: `pip install 'econo-env[parquet]'`, or give --to csv or jsonl"
        ) from None
    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in FIELDS.items()])
    count = 0
    with pq.ParquetWriter(out, schema) as writer:
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(some, schema))
            count += len(some)
    return count
