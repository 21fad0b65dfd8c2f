"""The whole calibration: table, homogenisation, inversion for each number of bidders, bands, comparisons."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from econo_env.valuations.calibration.bootstrap import auction_weights
from econo_env.valuations.calibration.cleaning import table_from_frame
from econo_env.valuations.calibration.comparison import compare
from econo_env.valuations.calibration.estimate import ValueEstimate, estimate_values
from econo_env.valuations.calibration.homogenise import Homogenised, homogenise
from econo_env.valuations.calibration.judgement import judge
from econo_env.valuations.calibration.options import TIMBER, TIMBER_COLUMNS, EstimateOptions, TableOptions
from econo_env.valuations.calibration.reserve import CutBids, estimate_with_reserve
from econo_env.valuations.calibration.result import Calibration, Homogenisation
from econo_env.valuations.calibration.sources import read_bids
from econo_env.valuations.calibration.symmetry import compare_bidders
from econo_env.valuations.calibration.tables import BidTable

if TYPE_CHECKING:
    import pandas as pd


def calibrate(
    bids: "str | Path | pd.DataFrame",
    columns: TableOptions | None = None,
    options: EstimateOptions | None = None,
    name: str | None = None,
) -> Calibration:
    """Estimates the values behind observed first-price bids, or in procurement the costs.

    Args:
        bids: Path of a file of bids, the word `timber`, or a table in memory.
        columns: Which columns mean what; by default `auction` and `bid`, or the timber columns.
        options: Seed, bootstrap samples and thresholds.
        name: Name of the market; by default that of the file.

    Returns:
        Estimates for each number of bidders (with a reserve for the potential bidders), with bands, fit, what was
        assumed and dropped, and warnings of what may be wrong.

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
    if columns.reserve is not None and options.auction_effects:
        raise ValueError(
            "auction effects and a reserve do not go together: taking out what is common to an auction moves the value "
            "that its reserve cuts off; leave one of them out"
        )
    homogenised = homogenise(table, options.outliers)
    table = homogenised.table
    estimates, skipped = _estimates(homogenised, options, columns)
    if not estimates:
        why = "; ".join(f"{n} bidders: {reason}" for n, reason in list(skipped.items())[:5])
        raise ValueError(
            f"{table.source!r} has no {options.minimum_auctions} usable auctions with the same number of bidders "
            f"({table.num_auctions} in all; {why}): give more auctions"
        )
    symmetry = None
    if table.bidders is not None:
        rng = np.random.default_rng([options.seed, 1])
        symmetry = compare_bidders(
            homogenised.log_bids, table.auction, table.bidders, rng, procurement=table.procurement
        )
    notes, warnings = judge(homogenised, estimates, symmetry, columns)
    return Calibration(
        name=re.sub(r"\W+", "_", name).strip("_").lower() or "calibrated",
        source=table.source,
        table_options=columns,
        estimate_options=options,
        rows_read=table.rows_read,
        auctions_read=table.auctions_read,
        dropped=table.dropped,
        assumed=table.assumed,
        notes=(*table.notes, *notes),
        warnings=(*table.warnings, *warnings),
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
        symmetry=symmetry,
    )


def _estimates(
    homogenised: Homogenised, options: EstimateOptions, columns: TableOptions
) -> tuple[dict[int, ValueEstimate], dict[int, str]]:
    table: BidTable = homogenised.table
    if homogenised.log_reserve is not None:
        return _with_reserve(homogenised, homogenised.log_reserve, options, columns)
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
            estimates[n] = estimate_values(
                log_bids, weights[chosen], shift[chosen], options, rng, procurement=table.procurement
            )
    return estimates, skipped


def _with_reserve(
    homogenised: Homogenised, log_reserve: float, options: EstimateOptions, columns: TableOptions
) -> tuple[dict[int, ValueEstimate], dict[int, str]]:
    """One estimate for the potential bidders, from auctions with any number of bids."""
    table = homogenised.table
    most = int(table.num_bidders.max())
    potential = columns.potential_bidders or most
    if potential < max(most, 2):
        raise ValueError(
            f"potential_bidders = {potential}, and {most} bid in one auction of {table.source!r}: give "
            f"{max(most, 2)} or more"
        )
    if table.num_auctions < options.minimum_auctions or np.ptp(homogenised.log_bids) == 0.0:
        few = f"only {table.num_auctions} auctions, {options.minimum_auctions} are needed"
        return {}, {potential: few if np.ptp(homogenised.log_bids) else "all homogenised bids are equal"}
    cut = CutBids(
        homogenised.log_bids,
        table.auction,
        table.num_bidders,
        float(np.exp(log_reserve)),
        potential,
        table.procurement,
    )
    # the number of bids is part of what is estimated: all auctions are drawn together
    alike = np.zeros(table.num_auctions, dtype=np.int64)
    weights = auction_weights(alike, options.bootstrap, np.random.default_rng([options.seed, 0]))
    rng = np.random.default_rng([options.seed, potential])
    return {potential: estimate_with_reserve(cut, weights, options, rng)}, {}
