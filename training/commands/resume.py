"""`econo-env resume`: go on with a training."""

from pathlib import Path
from typing import Annotated

import typer

from econo_env.training.outputs import Outputs


def resume(
    run: Annotated[Path, typer.Argument(help="Folder of the run.")],
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="total_timesteps, evaluation.* or checkpoints.* may change."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Only this seed of a run with several.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here, as JSON.")] = None,
) -> None:
    """Goes on exactly where a run stopped: the same networks, bit for bit, as if it had never been interrupted.

    Example: `econo-env resume runs/first_price total_timesteps=20000000`
    """
    from econo_env.training.provenance import provenance
    from econo_env.training.run import read_run_config, resume_run

    with Outputs({"--json": json_file}) as outputs:
        seeds = read_run_config(run).seeds
        if seed is not None and seed not in seeds:
            raise ValueError(f"--seed {seed}: {str(run)!r} has seeds {', '.join(map(str, seeds))}")
        folder = run / f"seed_{seed}" if seed is not None and len(seeds) > 1 else run
        runs = resume_run(folder, changes or ())
        outputs.write_json("--json", {"runs": runs, "provenance": provenance(seeds)})
        outputs.show(str(folder))
