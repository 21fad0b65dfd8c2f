"""The whole calibration: table, homogenisation, inversion for each number of bidders, bands, comparison."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from econo_env.valuations.calibration.bootstrap import auction_weights
from econo_env.valuations.calibration.cleaning import table_from_frame
from econo_env.valuations.calibration.comparison import compare
from econo_env.valuations.calibration.estimate import ValueEstimate, estimate_values
from econo_env.valuations.calibration.homogenise import Homogenised, homogenise
from econo_env.valuations.calibration.options import TIMBER, TIMBER_COLUMNS, EstimateOptions, TableOptions
from econo_env.valuations.calibration.result import Calibration, Homogenisation
from econo_env.valuations.calibration.smoothing import FEWEST_FOR_A_CHOICE
from econo_env.valuations.calibration.sources import read_bids
from econo_env.valuations.calibration.tables import BidTable

if TYPE_CHECKING:
    import pandas as pd


def calibrate(
    bids: "str | Path | pd.DataFrame",
    columns: TableOptions | None = None,
    options: EstimateOptions | None = None,
    name: str | None = None,
) -> Calibration:
    """Estimates the values behind observed first-price bids.

    Args:
        bids: Path of a CSV file with one bid a row, the word `timber`, or a table in memory.
        columns: Which columns mean what; by default `auction` and `bid`, or the timber columns.
        options: Seed, bootstrap samples and thresholds.
        name: Name of the market; by default that of the file.

    Returns:
        Estimates for each number of bidders, with bands, fit and what was dropped.

    Raises:
        ValueError: The table cannot be used; the message says what is wrong and what to do.
    """
    options = options or EstimateOptions()
    if isinstance(bids, str | Path):
        columns = columns or (TIMBER_COLUMNS if str(bids) == TIMBER else TableOptions())
        table = read_bids(bids, columns)
        name = name or Path(bids).stem
    else:
        columns = columns or TableOptions()
        table = table_from_frame(bids, columns)
        name = name or "calibrated"
    homogenised = homogenise(table, options.outliers)
    table = homogenised.table
    estimates, skipped = _estimates(homogenised, options)
    if not estimates:
        raise ValueError(
            f"{table.source!r} has no {options.minimum_auctions} usable auctions with the same number of bidders "
            f"({table.num_auctions} in all): give more auctions"
        )
    return Calibration(
        name=re.sub(r"\W+", "_", name).strip("_").lower() or "calibrated",
        source=table.source,
        table_options=columns,
        estimate_options=options,
        rows_read=table.rows_read,
        auctions_read=table.auctions_read,
        dropped=table.dropped,
        notes=(*table.notes, *_small(estimates)),
        homogenisation=Homogenisation(
            homogenised.r_squared,
            homogenised.residual_deviation,
            homogenised.auction_share,
            homogenised.amount_per_credit,
            homogenised.coefficients,
        ),
        estimates=estimates,
        skipped=skipped,
        comparison=compare(estimates),
    )


def _small(estimates: dict[int, ValueEstimate]) -> list[str]:
    return [
        f"{n} bidders: only {e.observed.size} bids, taken as lognormal; the bands leave out that this may be wrong"
        for n, e in estimates.items()
        if e.observed.size < FEWEST_FOR_A_CHOICE
    ]


def _estimates(homogenised: Homogenised, options: EstimateOptions) -> tuple[dict[int, ValueEstimate], dict[int, str]]:
    table: BidTable = homogenised.table
    # named streams: the folds of one number of bidders do not move with the number of bootstrap samples
    weights = auction_weights(table.num_bidders, options.bootstrap, np.random.default_rng([options.seed, 0]))
    shift = homogenised.bootstrap_shift(weights)
    estimates, skipped = {}, {}
    for n in np.unique(table.num_bidders).tolist():
        chosen = table.num_bidders == n
        auctions = int(chosen.sum())
        log_bids = homogenised.log_bids[chosen[table.auction]].reshape(auctions, n)
        if auctions < options.minimum_auctions:
            skipped[n] = f"only {auctions} auctions, {options.minimum_auctions} are needed"
        elif np.ptp(log_bids) == 0.0:
            skipped[n] = "all homogenised bids are equal"
        else:
            rng = np.random.default_rng([options.seed, n])
            estimates[n] = estimate_values(log_bids, weights[chosen], shift[chosen], options, rng)
    return estimates, skipped
