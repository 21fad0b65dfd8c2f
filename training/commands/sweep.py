"""`econo-env sweep`: tries settings of a training by Optuna."""

from pathlib import Path
from typing import Annotated

import typer

from econo_env.training.outputs import Outputs, check_folder


def sweep(
    source: Annotated[str, typer.Argument(help="A sweep file, or the name of one in configs/sweeps.")],
    changes: Annotated[
        list[str] | None, typer.Argument(help="Keys of the file to change, such as trials=50.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the sweep; runs/sweep-NAME by default.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the search, in place of the file's.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write all trials, the best first.")] = None,
) -> None:
    """Tries settings of a training, each in a run of its own, and names the best by a figure of the evaluation.

    A sweep that was broken off goes on in its folder. It needs Optuna: `pip install econo-env[sweep]`.

    Example: `econo-env sweep first_price trials=20 --out runs/sweep --json sweep.json`
    """
    from econo_env.training.provenance import provenance
    from econo_env.training.sweep import check_optuna, read_sweep, run_sweep

    with Outputs({"--json": json_file}, reads=[source]) as outputs:
        asked = [*(changes or ()), *([] if seed is None else [f"sampler_seed={seed}"])]
        settings = read_sweep(source, asked)
        folder = out or Path("runs") / f"sweep-{Path(source).stem}"
        check_folder("--out", folder)
        check_optuna()
        trials = run_sweep(settings, folder, lambda line: typer.echo(line, err=True))
        rows = [
            {"run": str(folder / f"trial_{one.number}"), "settings": one.settings, settings.metric: one.figure}
            for one in trials
        ]
        document = {"sweep": settings.model_dump(mode="json"), "trials": rows}
        outputs.write_json("--json", document | {"provenance": provenance(settings.seeds)})
        best = trials[0]
        told = " ".join(f"{name}={value}" for name, value in best.settings.items())
        outputs.show(f"best of {len(trials)}: trial {best.number}, {settings.metric} {best.figure:.6g}\n{told}")
