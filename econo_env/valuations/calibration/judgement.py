"""What the estimates say about the model they stand on, as notes and warnings."""

from collections.abc import Mapping

import numpy as np

from econo_env.valuations.calibration.estimate import ValueEstimate
from econo_env.valuations.calibration.homogenise import Homogenised
from econo_env.valuations.calibration.options import TableOptions
from econo_env.valuations.calibration.reserve import CutBids, misfit_of_numbers, piled_at_the_edge
from econo_env.valuations.calibration.smoothing import FEWEST_FOR_A_CHOICE
from econo_env.valuations.calibration.symmetry import Symmetry
from econo_env.valuations.calibration.tables import BidTable


def judge(
    homogenised: Homogenised,
    estimates: Mapping[int, ValueEstimate],
    symmetry: Symmetry | None,
    columns: TableOptions,
) -> tuple[list[str], list[str]]:
    """Notes and warnings, in this order.

    Args:
        homogenised: Bids without what the covariates explain.
        estimates: By number of bidders.
        symmetry: The comparison of bidders, if one was made.
        columns: What the table said.
    """
    notes, warnings = [], []
    for n, e in estimates.items():
        if e.single_bids.size < FEWEST_FOR_A_CHOICE:
            notes.append(
                f"{n} bidders: only {e.single_bids.size} bids, taken as lognormal; the bands leave out that this may "
                "be wrong"
            )
        if e.procurement and (e.values == 0.0).mean() > 0.02:
            warnings.append(
                f"{n} bidders: {(e.values == 0.0).mean():.0%} of the cost quantiles come out at 0 or below, so the "
                "lowest bids "
                "are no equilibrium bids of suppliers alike: check for a bid of another kind of supplier or of "
                "another unit"
            )
    told, warned = _of_bidders(homogenised, symmetry, columns)
    notes += told
    warnings += warned
    if homogenised.log_reserve is None:
        warnings += _edge(list(estimates.values()))
    else:
        for estimate in estimates.values():
            told, warned = _of_reserve(homogenised, estimate, columns)
            notes += told
            warnings += warned
    return notes, warnings


def _of_bidders(
    homogenised: Homogenised, symmetry: Symmetry | None, columns: TableOptions
) -> tuple[list[str], list[str]]:
    """Whether bidders are alike, by their names or by how their bids stand together."""
    table = homogenised.table
    if symmetry is not None and symmetry.differ:
        return [], [symmetry.verdict]
    # under independent bids the intra-auction correlation has this standard deviation
    deviation = (
        np.sqrt(2.0 / np.sum(table.num_bidders * (table.num_bidders - 1.0))) if (table.num_bidders > 1).any() else 1.0
    )
    if homogenised.auction_share < -4.0 * deviation:
        return [], [
            "bids of one auction differ more than bids of different auctions (correlation "
            f"{homogenised.auction_share:.2f}), as "
            "where strong bidders meet weak ones: the estimate pools them as if they were alike"
        ]
    if symmetry is not None:
        return [symmetry.verdict], []
    if table.bidders is None:
        return ["the table names no bidders, so all are taken to be alike; --bidder-column would test it"], []
    if columns.bid_columns:
        return ["the columns of bids follow their rank or are too few to compare: bidders are taken to be alike"], []
    return ["no two bidders have enough bids to be compared: all are taken to be alike"], []


def _edge(estimates: list[ValueEstimate]) -> list[str]:
    found = piled_at_the_edge(estimates)
    if found is None:
        return []
    share, bids = found
    end, what = ("highest", "ceiling") if estimates[0].procurement else ("lowest", "reserve")
    effect = "costs" if estimates[0].procurement else "values"
    return [
        f"{bids:,} bids ({share:.1%}) lie within a hundredth of the way from the {end} bid to the median, as if a "
        f"{what} "
        f"bound there: without --reserve quantiles of {effect} are wrong, easily by a tenth"
    ]


def _of_reserve(
    homogenised: Homogenised, estimate: ValueEstimate, columns: TableOptions
) -> tuple[list[str], list[str]]:
    """What was made of the reserve, and whether bids and their number behave as it makes them."""
    table: BidTable = homogenised.table
    name = "ceiling" if table.procurement else "reserve"
    assert estimate.reserve is not None
    counted = "" if columns.potential_bidders else " (the most seen in one auction; --potential-bidders says otherwise)"
    notes = [
        f"{estimate.num_bidders} potential bidders{counted}, of whom the {name} keeps {estimate.excluded:.1%} "
        f"[{estimate.excluded_low:.1%}, {estimate.excluded_high:.1%}] away, by the number of bids; beyond it nothing "
        "is known"
    ]
    warnings = []
    cut = CutBids(
        homogenised.log_bids,
        table.auction,
        table.num_bidders,
        estimate.reserve,
        estimate.num_bidders,
        table.procurement,
    )
    p = misfit_of_numbers(cut, estimate.excluded)
    if p is not None and p < 0.01:
        warnings.append(
            f"the number of bids is not that of {estimate.num_bidders} potential bidders who each come with one chance "
            f"(p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}): the share kept away is wrong if some auctions draw "
            "more of them"
        )
    at = float(np.mean(np.abs(estimate.single_bids / estimate.reserve - 1.0) < 1e-6))
    if at > 0.02:
        warnings.append(
            f"{at:.0%} of the bids are exactly the {name}: bidders who know that they are alone offer no more, while "
            "the "
            "estimate takes their bids as made against unknown rivals"
        )
    if columns.reserve_column is not None and table.log_reserve is not None:
        warnings += _scaling(homogenised, table.log_reserve, columns.reserve_column)
    return notes, warnings


def _scaling(homogenised: Homogenised, log_reserve: np.ndarray, name: str) -> list[str]:
    """Warns where bids measured in reserves still move with the reserve; errors clustered by auction."""
    x = log_reserve[homogenised.table.auction] - log_reserve.mean()
    square = float(x @ x)
    if square < 1e-9:
        return []
    y = homogenised.log_bids - homogenised.log_bids.mean()
    slope = float(x @ y) / square
    scores = np.bincount(homogenised.table.auction, x * (y - slope * x))
    error = float(np.sqrt(scores @ scores)) / square
    if abs(slope) < 0.05 or abs(slope) < 3.0 * error:
        return []
    return [
        f"bids rise by {1.0 + slope:.2f} % when {name!r} rises by 1 % (standard error {error:.2f}), while values are "
        "taken to "
        "scale with it: what it keeps away differs between auctions with low and high ones"
    ]
