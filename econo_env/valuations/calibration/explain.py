"""A calibration in words, for a terminal: what was read, what may be wrong, what was found."""

import io
from collections.abc import Iterator

from econo_env.valuations.calibration.estimate import ValueEstimate
from econo_env.valuations.calibration.result import Calibration

_WIDE = 125
"""Columns from which the table stands in single lines, with the distances of the fit."""
_FIT = ("KS all / winning",)
SHOWN = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Probabilities of the quantiles in the table."""


def report(found: Calibration, num_bidders: int | None = None, width: int = 120) -> str:
    """Everything a reader should see, the sentences that matter first.

    Args:
        found: The calibration.
        num_bidders: Whose market is written; by default the number with the most bids.
        width: Columns of the terminal, for the table alone.
    """
    return "\n".join([*_read(found), *_found(found, num_bidders, width)])


def _read(found: Calibration) -> Iterator[str]:
    """How the table was read, what was left out, and what may be wrong."""
    said = found.homogenisation
    yield f"{found.rows_read:,} bids in {found.auctions_read:,} auctions, {found.winner}."
    yield from found.assumed
    for entry in found.dropped:
        yield str(entry)
    for warning in found.warnings:
        yield f"warning: {warning}"
    for note in found.notes:
        yield f"note: {note}"
    yield f"Covariates and the number of bidders explain {said.r_squared:.1%} of the variance of log bids."
    yield (
        f"1 credit = the median homogenised bid: {said.amount_per_credit:,.6g} in the auction with median covariates."
    )


def _found(found: Calibration, num_bidders: int | None, width: int) -> Iterator[str]:
    yield _table(found, width)
    for n, why in found.skipped.items():
        yield f"{n} bidders: not estimated, {why}"
    if found.comparison is not None:
        yield found.comparison.verdict
    share = found.homogenisation.auction_share
    if share > 0.1 and not found.estimate_options.auction_effects:
        yield (
            f"{share:.0%} of what the covariates leave unexplained is common to the bids of an auction, while the "
            f"estimate takes bids of an auction as independent: {_worth(found)} lie too far apart; see "
            "--auction-effects"
        )
    yield _price(found, num_bidders) if found.procurement else _revenue(found, num_bidders)


def _worth(found: Calibration) -> str:
    return "costs" if found.procurement else "values"


def _table(found: Calibration, width: int) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    wide = width >= _WIDE
    table = Table(
        title=f"Quantiles of {_worth(found)} in credits, with 95 % bands",
        box=box.SIMPLE_HEAD,
        padding=(0, 0, 0, 1),
        pad_edge=False,
    )
    for title in ("bidders" if wide else "n", "auctions", *(f"{p:.0%}" for p in SHOWN), *(_FIT if wide else ())):
        table.add_column(title, justify="right")
    for n, e in sorted(found.estimates.items()):
        cells = [_quantile(e, p, wide=wide) for p in SHOWN]
        fit = f"{e.fit.bid_distance:.3f} / {e.fit.winning_bid_distance:.3f}"
        table.add_row(str(n), f"{e.auctions:,}", *cells, *((fit,) if wide else ()))
    text = io.StringIO()
    Console(file=text, width=width, color_system=None, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines() if line.strip())


def _quantile(estimate: ValueEstimate, probability: float, *, wide: bool) -> str:
    if not estimate.is_identified(probability):
        return f"{'>' if estimate.procurement else '<'} {estimate.reserve:.2f}"
    value, low, high = estimate.value_at(probability)
    return f"{value:.2f} [{low:.2f}, {high:.2f}]" if wide else f"{value:.2f}\n{low:.2f}-{high:.2f}"


def _revenue(found: Calibration, num_bidders: int | None) -> str:
    rule = found.what_if(num_bidders)
    reserve = found.estimate(num_bidders).reserve
    present = "" if reserve is None else f" with the reserve of {reserve:.3f}, where there is a sale or not"
    return (
        f"{rule.num_bidders} bidders: mean winning bid {rule.observed_revenue:.3f} observed, {rule.revenue} in "
        f"equilibrium{present} (first or second price); best reserve {rule.best_reserve} would add "
        f"{100 * rule.best_gain.mean:.2f} % [{100 * rule.best_gain.low:.2f}, {100 * rule.best_gain.high:.2f}]"
    )


def _price(found: Calibration, num_bidders: int | None) -> str:
    rule = found.price(num_bidders)
    return (
        f"{rule.num_bidders} suppliers: mean lowest bid {rule.observed_price:.3f} observed, {rule.price} in "
        "equilibrium "
        "(first or second price)"
    )
