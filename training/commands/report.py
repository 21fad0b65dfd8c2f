"""`econo-env report`: one page with interactive plots about a run."""

from pathlib import Path
from typing import Annotated

import typer

from econo_env.training.outputs import Outputs


def report(
    run: Annotated[str, typer.Argument(help="Folder of a training run, or a file of `evaluate --json`.")],
    out: Annotated[
        Path | None, typer.Option(help="Page to write; by default report.html in the run.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The first of ten evaluation seeds.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the evaluation behind it here.")] = None,
) -> None:
    """Writes one HTML page with interactive plots: bids, learning curves, regret, money; it needs no network.

    Example: `econo-env report runs/first_price --out first_price.html`
    """
    from econo_env.training.report import build_page, gather
    from econo_env.training.report.style import plotly

    plotly()  # without it, say so before anything is measured
    source = Path(run)
    if not source.exists():
        raise ValueError(f"there is no run {run!r}: give a training run's folder or a file of `evaluate --json`")
    page = out or (source / "report.html" if source.is_dir() else source.with_suffix(".html"))
    with Outputs({"--out": page, "--json": json_file}, reads=[source]) as outputs:
        contents = gather(source, seed=seed, say=lambda line: typer.echo(line, err=True))
        outputs.write_json("--json", contents.document)
        outputs.write("--out", build_page(contents))
        outputs.show(str(page))
