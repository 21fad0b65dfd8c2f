"""`econo-env study`: experiments with learners whose answers are known."""

from pathlib import Path
from typing import Annotated

import typer

from econo_env.training.outputs import Outputs


def study(
    source: Annotated[str, typer.Argument(help="A study's name, or a YAML file such as configs/studies/pricing.yaml.")],
    changes: Annotated[
        list[str] | None, typer.Argument(help="Settings to change, such as sessions=50.", show_default=False)
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the findings here.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw them, a PNG file.", show_default=False)] = None,
) -> None:
    """Runs a study and sets what it finds beside what is known, with 95 % intervals over independent sessions.

    Example: `econo-env study pricing sessions=100 --json pricing.json --picture pricing.png`
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from econo_env.training.provenance import provenance
    from econo_env.training.studies.base import read_study
    from econo_env.training.studies.show import document_of, picture_of, rows_of
    from econo_env.training.tables import fitted, terminal_width

    with Outputs({"--json": json_file, "--picture": picture}, reads=[source]) as outputs:
        chosen, settings = read_study(source, changes or ())
        percent, words = TextColumn("{task.percentage:3.0f} %"), TextColumn("{task.description}")
        with Progress(
            percent, BarColumn(), words, TimeRemainingColumn(), console=Console(stderr=True), transient=True
        ) as bar:
            task = bar.add_task(chosen.name, total=1.0)

            def told(share: float, said: str) -> None:
                bar.update(task, completed=share, description=said)

            findings = chosen.run(settings, told)
        outputs.write_json(
            "--json",
            {
                "study": settings.model_dump(mode="json"),
                **document_of(findings),
                "provenance": provenance([settings.seed]),
            },
        )
        if outputs.wants("--picture"):
            outputs.write("--picture", picture_of(findings))
        outputs.show("\n".join([findings.said, "", *fitted(rows_of(findings), terminal_width(), kept=2)]))
