"""Every event of a log as a table: CSV, JSON lines, or Parquet by pyarrow, all by `rows.FIELDS`."""

import csv
import io
import json
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from econo_env.audit.rows import FIELDS, checked_ticks, events_of, rows_of
from econo_env.audit.store import AuditError
from econo_env.files import replacing

FORMATS: Final = ("csv", "jsonl", "parquet")
_ROWS_AT_ONCE = 50_000
Row = dict[str, Any]


def require_form(form: str) -> None:
    """Makes sure that a form is known and can be written here.

    Raises:
        AuditError: It is unknown, or pyarrow is not installed.
    """
    if form not in FORMATS:
        raise AuditError(f"--to {form}: choose one of {', '.join(FORMATS)}")
    if form == "parquet" and find_spec("pyarrow") is None:
        raise AuditError("Parquet needs pyarrow: `pip install 'econo-env[parquet]'`, or give --to csv or jsonl")


def export(path: str | Path, out: str | Path, form: str, agents: tuple[str, ...] | None = None) -> int:
    """Writes every event of a log, one row a transfer, bid, award or fact; the file is whole or not there.

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
    require_form(form)
    write = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}[form]
    try:
        with replacing(out) as file:
            return write(_rows(path, agents), file)
    except OSError as error:
        raise AuditError(f"{out} cannot be written: {error.strerror or error}") from None


def _rows(path: str | Path, agents: tuple[str, ...] | None) -> Iterator[Row]:
    for header, tick in checked_ticks(path):
        names = agents or tuple(f"agent_{i}" for i in range(header.num_agents))
        for event in events_of(tick):
            yield from rows_of(event, header, names)


def _csv(rows: Iterator[Row], file: BinaryIO) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, list(FIELDS))
    writer.writeheader()
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    text.detach()
    return count


def _jsonl(rows: Iterator[Row], file: BinaryIO) -> int:
    count = 0
    for row in rows:
        file.write(json.dumps(row).encode() + b"\n")
        count += 1
    return count


def _parquet(rows: Iterator[Row], file: BinaryIO) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in FIELDS.items()])
    count = 0
    with pq.ParquetWriter(file, schema) as writer:
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(some, schema))
            count += len(some)
    return count
