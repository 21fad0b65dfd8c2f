"""`econo-env calibrate`: the market behind a table of bids."""

import io
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from econo_env.catalogue import from_mapping
from econo_env.settings import describe_errors
from econo_env.training.outputs import Outputs
from econo_env.valuations.calibration.options import TIMBER, TIMBER_COLUMNS, EstimateOptions, TableOptions

_MARKS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "\\t": "\t",
    "pipe": "|",
    "point": ".",
    "dot": ".",
    "apostrophe": "'",
    "space": " ",
}
"""Words for marks that a shell makes hard to type."""


def calibrate(
    bids: Annotated[str, typer.Argument(help="File of bids (CSV and the like) with a header, or the word `timber`.")],
    *,
    out: Annotated[Path, typer.Option(help="Scenario file to write (YAML).")] = Path("calibrated.yaml"),
    auction_column: Annotated[str | None, typer.Option(help="Column of the auction id [auction].")] = None,
    bid_column: Annotated[str | None, typer.Option(help="Column of the bid [bid].")] = None,
    bid_columns: Annotated[
        str | None, typer.Option(help="Wide tables, one row an auction: the columns of bids, a,b or bid*")
    ] = None,
    bidder_column: Annotated[
        str | None, typer.Option(help="Column of the bidder: the best bid of each counts, and bidders are compared.")
    ] = None,
    class_column: Annotated[
        str | None, typer.Option(help="Column of the bidder's class: classes are compared instead.")
    ] = None,
    procurement: Annotated[
        bool,
        typer.Option("--procurement", help="The lowest bid wins and is paid; without it the highest wins and pays."),
    ] = False,
    reserve: Annotated[
        str | None, typer.Option(help="The reserve (in procurement the ceiling) that bound: an amount or a column.")
    ] = None,
    potential_bidders: Annotated[
        int | None, typer.Option(help="With --reserve: bidders there are [the most seen in an auction].")
    ] = None,
    continuous: Annotated[str | None, typer.Option(help="Covariates that enter as logs: a,b")] = None,
    discrete: Annotated[str | None, typer.Option(help="Covariates that enter as levels: c,d")] = None,
    separator: Annotated[
        str | None, typer.Option(help="Between cells: comma, semicolon, tab or pipe [found from the header].")
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark: . or , [found from the cells].")] = None,
    thousands: Annotated[
        str | None, typer.Option(help="Thousands separator: , . apostrophe, space or none [found from the cells].")
    ] = None,
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

    The highest bid of each auction is taken to win and to pay itself. Where the lowest wins and is paid, as in public
    tenders, say `--procurement`: the estimate is then of costs.

    Example: `econo-env calibrate bids.csv --auction-column sale --continuous volume --out market.yaml`

    One credit of the scenario is the median homogenised bid. How the file was read, what was dropped and what may be
    wrong is said. The timber bids of `make demo`:
    `econo-env calibrate timber --out timber.yaml --picture timber.png`
    """
    from econo_env.valuations.calibration import pipeline
    from econo_env.valuations.calibration.explain import report

    columns = _table_options(
        bids,
        auction_column=auction_column,
        bid_column=bid_column,
        bid_columns=_names(bid_columns),
        bidder_column=bidder_column,
        class_column=class_column,
        procurement=procurement or None,
        reserve=_amount_or_name(reserve),
        potential_bidders=potential_bidders,
        continuous=_names(continuous),
        discrete=_names(discrete),
        separator=_mark(separator),
        decimal=_mark(decimal),
        thousands=_mark(thousands),
    )
    try:
        options = EstimateOptions(seed=seed, bootstrap=bootstrap, auction_effects=auction_effects)
    except ValidationError as error:
        raise ValueError(describe_errors(error, EstimateOptions)) from None
    with Outputs({"--out": out, "--picture": picture, "--json": json}, reads=[bids]) as outputs:
        found = pipeline.calibrate(bids, columns, options)
        scenario = from_mapping(found.scenario(num_bidders, cap))
        outputs.write("--out", scenario.to_yaml())
        outputs.write("--json", found.to_json())
        if picture is not None:
            from econo_env.valuations.calibration.plots import draw

            drawn = io.BytesIO()
            draw(found, drawn, num_bidders)
            outputs.write("--picture", drawn.getvalue())
        outputs.show(report(found, num_bidders, _width()))
        outputs.show(f"scenario {scenario.id} written to {out}")


def _table_options(bids: str, **given: Any) -> TableOptions:
    """The typed options, with one sentence for what does not validate; None is what was not given."""
    base = TIMBER_COLUMNS if bids == TIMBER else TableOptions()
    changes = {name: value for name, value in given.items() if value is not None}
    try:
        return TableOptions.model_validate({**base.model_dump(exclude_unset=True), **changes})
    except ValidationError as error:
        raise ValueError(describe_errors(error, TableOptions)) from None


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _mark(text: str | None) -> str | None:
    return None if text is None else _MARKS.get(text.lower(), text)


def _amount_or_name(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _width() -> int:
    from rich.console import Console

    return Console().width
