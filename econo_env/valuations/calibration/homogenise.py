"""Takes out of the bids what the covariates explain (Haile, Hong and Shum 2003, section 4).

If values are `exp(x beta) V` with V independent of x, equilibrium bids scale the same way:
`log bid = x beta + alpha_n + error`. The homogenised bid `exp(alpha_n + error)` is the bid the same bidder would make
in a reference auction. The dummies alpha_n of the number of bidders stand in the regression so that the covariates do
not take up the effect of competition; they stay in the homogenised bid.

With a reserve, values are taken to scale with it: bids are measured in reserves, and the homogenised reserve is the
same in every auction.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from econo_env.valuations.calibration.tables import BidTable, Floats

OUTLIER_REASON = "a bid too far out to be of this distribution"
OUTLIER_BIAS = "no bias if they are errors of the table; if they are not, the tails are too short"


@dataclass(frozen=True)
class Coefficient:
    """One estimated effect on the log bid, with its standard error clustered by auction."""

    name: str
    estimate: float
    standard_error: float


@dataclass(frozen=True)
class Homogenised:
    """Homogenised bids and the regression behind them."""

    table: BidTable
    log_bids: Floats
    """Log homogenised bid of each bid of `table`, in log credits: the median is 0."""
    amount_per_credit: float
    """What one credit is in the table's unit of money, in the auction with the median covariate index."""
    r_squared: float
    residual_deviation: float
    auction_share: float
    """Share of the residual variance common to the bids of an auction; 0 under independent private values."""
    coefficients: tuple[Coefficient, ...]
    log_reserve: float | None
    """Log of the homogenised reserve, in log credits."""
    shift_design: Any
    """Sparse (num_auctions, parameters): covariates less their mean over auctions."""
    influence: Any
    """Sparse (num_auctions, parameters): how an auction's errors move the normal equations."""
    inverse: Floats
    """Pseudo-inverse of the normal equations, shape (parameters, parameters)."""

    def bootstrap_shift(self, weights: Floats) -> Floats:
        """How far each auction's log homogenised bids move when the regression is run on a bootstrap sample.

        One Newton step from the estimate, exact to first order (the score bootstrap).

        Args:
            weights: How often each auction was drawn, shape (num_auctions, samples).

        Returns:
            Shape (num_auctions, samples), in log credits.
        """
        step = self.inverse @ (self.influence.T @ (weights - 1.0))
        moved: Floats = -(self.shift_design @ step)
        return moved


def homogenise(table: BidTable, outliers: float = 0.01) -> Homogenised:
    """Regresses log bids on covariates and dummies of the number of bidders, and drops outlying auctions.

    An auction is dropped when one of its residuals lies so far from the median that, were the tail of log bids
    exponential from the quartile on (the tail of a Pareto bid, fatter than any lognormal), a table of this size would
    hold `outliers` such bids on average. The regression is then run again, until nothing more is dropped.

    Args:
        table: Clean bids.
        outliers: Expected number of such bids in the whole table; 0 keeps all.

    Raises:
        ValueError: There are more covariate effects than auctions can bear.
    """
    for _ in range(10):
        result = _regress(table)
        far = _far_out(result.log_bids, outliers)
        if not far.any():
            break
        keep = np.bincount(table.auction, weights=far, minlength=table.num_auctions) == 0
        table = table.keep(keep, OUTLIER_REASON, bias=OUTLIER_BIAS)
    return result


def _far_out(log_bids: Floats, outliers: float) -> Floats:
    """1.0 where a residual is an outlier; the distance doubles its rarity once per quartile width."""
    low, middle, high = np.quantile(log_bids, [0.25, 0.5, 0.75])
    if outliers == 0.0 or not low < middle < high:
        return np.zeros(len(log_bids))
    widths = np.log2(len(log_bids) / (2.0 * outliers))
    below, above = middle - widths * (middle - low), middle + widths * (high - middle)
    far: Floats = ((log_bids < below) | (log_bids > above)).astype(np.float64)
    return far


def _design(table: BidTable) -> tuple[Any, int, list[str]]:
    """Columns: constant, logs, dummies, then the numbers of bidders; also where the latter start, and their names."""
    from scipy import sparse

    rows = np.arange(table.num_auctions)
    logs = [np.log(column) for column in table.continuous.values()]
    blocks: list[Any] = [np.ones(table.num_auctions), *(column - column.mean() for column in logs)]
    parts: list[Any] = [sparse.csr_matrix(np.stack(blocks, axis=1))]
    one = np.ones(table.num_auctions)
    parts += [
        sparse.csr_matrix((one, (rows, codes)), shape=(table.num_auctions, int(codes.max()) + 1))
        for codes in table.discrete.values()
    ]
    levels, codes = np.unique(table.num_bidders, return_inverse=True)
    start = sum(part.shape[1] for part in parts)
    parts.append(sparse.csr_matrix((one, (rows, codes)), shape=(table.num_auctions, len(levels))))
    return sparse.hstack(parts, format="csr"), start, [str(n) for n in levels]


def _regress(table: BidTable) -> Homogenised:
    """Least squares on auction means weighted by the number of bids: the same as on bids, with fewer rows."""
    design, start, levels = _design(table)
    num_bidders = table.num_bidders.astype(np.float64)
    unit = np.zeros(table.num_auctions) if table.log_reserve is None else table.log_reserve
    log_bids = table.log_bids - unit[table.auction]
    sums = np.bincount(table.auction, weights=log_bids, minlength=table.num_auctions)
    gram = (design.T @ design.multiply(num_bidders[:, None])).toarray()
    inverse = np.linalg.pinv(gram, rcond=1e-11, hermitian=True)
    rank = round(float(np.sum(inverse * gram.T)))
    if table.continuous or table.discrete:
        _enough_auctions(rank, table.num_auctions)
    beta = inverse @ (design.T @ sums)

    index = np.asarray(design[:, :start] @ beta[:start])
    log_homogenised = log_bids - index[table.auction]
    residual = log_homogenised - np.asarray(design[:, start:] @ beta[start:])[table.auction]
    residual_sums = np.bincount(table.auction, residual, table.num_auctions).astype(np.float64)
    influence = design.multiply(residual_sums[:, None]).tocsr()
    covariance = inverse @ (influence.T @ influence).toarray() @ inverse

    center = float(np.median(log_homogenised))
    covariates = design[:, :start]
    shift = _centred(covariates, design.shape[1])
    total = float(np.var(log_bids))
    return Homogenised(
        table=table,
        log_bids=log_homogenised - center,
        amount_per_credit=float(np.exp(center + np.median(index) + np.median(unit))),
        r_squared=1.0 - float(np.var(residual)) / total if total > 0.0 else 0.0,
        residual_deviation=float(np.std(residual)),
        auction_share=_auction_share(residual, residual_sums, num_bidders),
        coefficients=_coefficients(table, beta, covariance, start, levels),
        log_reserve=None if table.log_reserve is None else -float(center + np.median(index)),
        shift_design=shift,
        influence=influence,
        inverse=inverse,
    )


def _enough_auctions(rank: int, num_auctions: int) -> None:
    if 2 * rank > num_auctions:
        raise ValueError(
            f"the covariates have {rank} effects to estimate from {num_auctions} auctions, and at least two "
            "auctions an effect are needed: leave covariates out or group the levels of discrete ones"
        )


def _centred(covariates: Any, width: int) -> Any:
    """The covariates less their mean over auctions, as a linear operator with zero columns up to `width`."""
    from scipy.sparse.linalg import LinearOperator

    mean = np.asarray(covariates.mean(axis=0)).ravel()
    size = len(mean)

    def apply(step: Floats) -> Floats:
        moved: Floats = covariates @ step[:size] - mean @ step[:size]
        return moved

    return LinearOperator((covariates.shape[0], width), matvec=apply, matmat=apply, dtype=np.float64)


def _auction_share(residual: Floats, sums: Floats, num_bidders: Floats) -> float:
    """Intra-auction correlation by analysis of variance with unequal groups (Searle's n0)."""
    total, groups = num_bidders.sum(), len(num_bidders)
    if total <= groups or groups < 2:
        return 0.0
    between_squares = float(np.sum(sums**2 / num_bidders) - sums.sum() ** 2 / total)
    within = (float(np.sum(residual**2)) - float(np.sum(sums**2 / num_bidders))) / (total - groups)
    size = (total - np.sum(num_bidders**2) / total) / (groups - 1)
    between = (between_squares / (groups - 1) - within) / size
    return float(between / (between + within)) if between + within > 0.0 else 0.0


def _coefficients(
    table: BidTable, beta: Floats, covariance: Floats, start: int, levels: list[str]
) -> tuple[Coefficient, ...]:
    """Elasticities of the continuous covariates, and the effect of each number of bidders beside the smallest."""
    found = [
        Coefficient(f"log {name}", float(beta[j]), float(np.sqrt(covariance[j, j])))
        for j, name in enumerate(table.continuous, start=1)
    ]
    for j, level in enumerate(levels[1:], start=start + 1):
        variance = covariance[j, j] + covariance[start, start] - 2.0 * covariance[j, start]
        found.append(
            Coefficient(f"{level} bidders, not {levels[0]}", float(beta[j] - beta[start]), float(np.sqrt(variance)))
        )
    return tuple(found)
