"""`econo-env export`: every event of an audited economy as a table."""

from pathlib import Path
from typing import Annotated

import typer

from econo_env.training.commands.audit import agent_names
from econo_env.training.outputs import Outputs

LOG_OF_A_RUN = "audit.db"


def export(
    run: Annotated[Path, typer.Argument(help=f"A log of `audit record`, or a folder with {LOG_OF_A_RUN} in it.")],
    form: Annotated[str, typer.Option("--to", help="csv, jsonl or parquet.")] = "parquet",
    out: Annotated[Path | None, typer.Option(help="The file to write; by default beside the log.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the number of rows here.")] = None,
) -> None:
    """Writes every event as a row by one schema (docs/audit.md): transfers, bids, awards, reputation, denials.

    Example: `econo-env export first_price.db --to csv --out first_price.csv`
    """
    from econo_env.audit import export as write
    from econo_env.audit.export import require_form

    require_form(form)
    log = run / LOG_OF_A_RUN if run.is_dir() else run
    target = log.with_suffix(f".{form}") if out is None else out
    with Outputs({"--out": target, "--json": json_file}, reads=[log]) as outputs:
        rows = write(log, target, form, agent_names(log))
        outputs.write_json("--json", {"log": str(log), "out": str(target), "to": form, "rows": rows})
        outputs.show(f"{rows} rows in {target}")
