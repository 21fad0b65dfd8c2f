"""Where bids come from: a file of text, or the timber bids of an installed distribution."""

import importlib.metadata
from dataclasses import replace
from pathlib import Path

from econo_env.valuations.calibration.cleaning import table_from_frame
from econo_env.valuations.calibration.options import TIMBER, TIMBER_COLUMNS, TableOptions
from econo_env.valuations.calibration.tables import BidTable
from econo_env.valuations.calibration.text_table import read_text_table


def timber_path() -> Path:
    """The timber bids inside the installed `simple_fpa`, found without importing it (its import fails when fresh).

    Raises:
        ValueError: The distribution is not installed or does not carry the file.
    """
    fix = "install the extra: pip install 'econo-env[timber]'"
    try:
        files = importlib.metadata.files("simple_fpa") or []
    except importlib.metadata.PackageNotFoundError:
        raise ValueError(f"the timber bids come with the distribution simple_fpa, which is absent: {fix}") from None
    for file in files:
        if file.as_posix() == "simple_fpa/data/haile_data.csv":
            path = Path(str(file.locate()))
            if path.is_file():
                return path
    raise ValueError(f"the installed simple_fpa has no file data/haile_data.csv: {fix} (version 1.8)")


def read_bids(bids: str | Path, options: TableOptions | None = None) -> BidTable:
    """Reads a file of bids, or the timber bids.

    Args:
        bids: Path of a file of separated text with a header, or the word `timber`.
        options: The columns; by default `auction` and `bid` without covariates, or the timber columns.

    Returns:
        The bids of all usable auctions; `dropped` says what was left out and why, `assumed` how the file was read,
        `warnings` what can be read but may well be wrong.

    Raises:
        ValueError: No such file, no rows, missing columns, no usable auction, or what `table_from_frame` refuses.
    """
    timber = str(bids) == TIMBER
    options = options or (TIMBER_COLUMNS if timber else TableOptions())
    path = timber_path() if timber else Path(bids)
    if not path.is_file():
        raise ValueError(f"no file {str(bids)!r}: give the path of a CSV file with one bid a row, or the word {TIMBER}")
    needed = [name for name in options.columns if name != options.auction_column]
    # a wide table has one row an auction and may do without an id, if none was asked for
    if not options.bid_columns or "auction_column" in options.model_fields_set:
        needed.insert(0, options.auction_column)
    read = read_text_table(path, needed, options.separator)
    table = table_from_frame(read.frame, options, source=str(bids), place=read.place)
    return replace(table, assumed=(read.assumed, *table.assumed), notes=(*read.notes, *table.notes))
