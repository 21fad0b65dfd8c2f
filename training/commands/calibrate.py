"""`econo-env calibrate`: the market behind a table of bids."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from econo_env.scenario import from_mapping
from econo_env.settings import describe_errors
from econo_env.valuations.calibration.options import TIMBER, TIMBER_COLUMNS, EstimateOptions, TableOptions
from econo_env.valuations.calibration.result import Calibration
from training.outputs import Outputs

SHOWN = (0.1, 0.25, 0.5, 0.75, 0.9)


def calibrate(
    bids: Annotated[str, typer.Argument(help="CSV file with one bid a row, or the word `timber`.")],
    *,
    out: Annotated[Path, typer.Option(help="Scenario file to write (YAML).")] = Path("calibrated.yaml"),
    auction_column: Annotated[str | None, typer.Option(help="Column of the auction id [auction].")] = None,
    bid_column: Annotated[str | None, typer.Option(help="Column of the bid [bid].")] = None,
    continuous: Annotated[str | None, typer.Option(help="Covariates that enter as logs: a,b")] = None,
    discrete: Annotated[str | None, typer.Option(help="Covariates that enter as levels: c,d")] = None,
    num_bidders: Annotated[
        int | None, typer.Option(help="Bidders of the scenario [the number with the most bids].")
    ] = None,
    cap: Annotated[
        float, typer.Option(help="Values above this quantile are set to it in the scenario.", min=0.5, max=1.0)
    ] = 1.0,
    auction_effects: Annotated[
        bool, typer.Option("--auction-effects", help="Also take out what is common to an auction's bids.")
    ] = False,
    picture: Annotated[Path | None, typer.Option(help="PNG with bids, values, bands and fit.")] = None,
    json: Annotated[Path | None, typer.Option(help="Every figure as JSON.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    bootstrap: Annotated[int, typer.Option(help="Bootstrap samples of auctions.")] = 200,
) -> None:
    """Estimates the values behind first-price bids and writes a scenario.

    Example: `econo-env calibrate bids.csv --auction-column sale --continuous volume --out market.yaml`

    One credit of the scenario is the median homogenised bid. The timber bids of `make demo`:
    `econo-env calibrate timber --out timber.yaml --picture timber.png`
    """
    from econo_env.valuations.calibration import pipeline

    columns, options = _options(
        bids, auction_column, bid_column, continuous, discrete, seed, bootstrap, auction_effects
    )
    with Outputs({"--out": out, "--picture": picture, "--json": json}, reads=[bids]) as outputs:
        found = pipeline.calibrate(bids, columns, options)
        scenario = from_mapping(found.scenario(num_bidders, cap))
        outputs.write("--out", scenario.to_yaml())
        outputs.write("--json", found.to_json())
        if picture is not None:
            from econo_env.valuations.calibration.picture import draw

            drawn = io.BytesIO()
            draw(found, drawn, num_bidders)
            outputs.write("--picture", drawn.getvalue())
        _print(found, num_bidders)
        outputs.show(f"scenario {scenario.id} written to {out}")


def _options(
    bids: str,
    auction_column: str | None,
    bid_column: str | None,
    continuous: str | None,
    discrete: str | None,
    seed: int,
    bootstrap: int,
    auction_effects: bool,
) -> tuple[TableOptions, EstimateOptions]:
    """The typed options, with one sentence for what does not validate."""
    base = TIMBER_COLUMNS if bids == TIMBER else TableOptions()
    given = {
        "auction_column": auction_column,
        "bid_column": bid_column,
        "continuous": _names(continuous),
        "discrete": _names(discrete),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    try:
        columns = TableOptions.model_validate({**base.model_dump(), **changes})
        options = EstimateOptions(seed=seed, bootstrap=bootstrap, auction_effects=auction_effects)
    except ValidationError as error:
        kind = TableOptions if error.title == "TableOptions" else EstimateOptions
        raise ValueError(describe_errors(error, kind)) from None
    return columns, options


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _print(found: Calibration, num_bidders: int | None) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    said = found.homogenisation
    console.print(
        f"{found.rows_read:,} bids in {found.auctions_read:,} auctions; covariates and the number of bidders explain "
        f"{said.r_squared:.1%} of the variance of log bids."
    )
    for entry in found.dropped:
        console.print(f"dropped {entry.auctions:,} auctions ({entry.bids:,} bids): {entry.reason}")
    for note in found.notes:
        console.print(f"note: {note}")
    console.print(
        f"1 credit = the median homogenised bid: {said.amount_per_credit:,.6g} in the auction with median covariates."
    )
    table = Table(title="Value quantiles in credits, with 95 % bands")
    for title in ("bidders", "auctions", *(f"{p:.0%}" for p in SHOWN), "KS all / winning"):
        table.add_column(title, justify="right")
    for n, e in sorted(found.estimates.items()):
        cells = ["{:.2f} [{:.2f}, {:.2f}]".format(*e.value_at(p)) for p in SHOWN]
        table.add_row(str(n), f"{e.auctions:,}", *cells, f"{e.fit.bid_distance:.3f} / {e.fit.winning_bid_distance:.3f}")
    console.print(table)
    for n, why in found.skipped.items():
        console.print(f"{n} bidders: not estimated, {why}")
    _print_judgement(console.print, found, num_bidders)


def _print_judgement(say: Callable[[str], None], found: Calibration, num_bidders: int | None) -> None:
    if found.comparison is not None:
        say(found.comparison.verdict)
    share = found.homogenisation.auction_share
    if share > 0.1 and not found.estimate_options.auction_effects:
        say(
            f"{share:.0%} of what the covariates leave unexplained is common to the bids of an auction, while the "
            "estimate takes bids of an auction as independent: values lie too far apart; see --auction-effects"
        )
    rule = found.what_if(num_bidders)
    say(
        f"{rule.num_bidders} bidders: mean winning bid {rule.observed_revenue:.3f} observed, {rule.revenue} in "
        "equilibrium (first or second price); "
        f"best reserve {rule.best_reserve} would add {100 * rule.best_gain.mean:.2f} % "
        f"[{100 * rule.best_gain.low:.2f}, {100 * rule.best_gain.high:.2f}]"
    )
