"""`econo-env demo`: the main job on real bids."""

from pathlib import Path
from typing import Annotated

import typer

from econo_env.training.outputs import Outputs, check_folder


def demo(
    out: Annotated[
        Path, typer.Option(help="Folder for everything it writes; an earlier demo there is replaced.")
    ] = Path("runs/demo"),
    seconds_of_training: Annotated[
        float | None,
        typer.Option(
            min=1.0, help="About how long to train; by default the steps of the training file.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Fixes every draw.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here, as JSON.")] = None,
) -> None:
    """Calibrates a market on real timber bids, trains bidders in it, judges them and the rules, writes a report.

    The bids come with the extra: pip install econo-env[timber,report].

    Example: `econo-env demo --out runs/demo --seed 1`
    """
    from econo_env.training.demo import DemoSettings, run_demo

    check_folder("--out", out)
    with Outputs({"--json": json_file}) as outputs:
        result = run_demo(out, DemoSettings(seed=seed, training_seconds=seconds_of_training), say=outputs.show)
        outputs.write_json("--json", result.as_dict())
        report = f"{result.seconds:.0f} s in all. The report stands in {result.report.absolute()}"
        outputs.show(f"\n{result.words}\n\n{report}")
