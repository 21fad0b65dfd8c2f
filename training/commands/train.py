"""`econo-env train`: learn a market."""

import json
from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[str, typer.Argument(help="A training file, one of configs/training by name, or a scenario id.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change, with dots into sections.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="One seed, in place of the file's.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here, as JSON.")] = None,
) -> None:
    """Trains policies with PPO and writes a run: networks, checkpoints, TensorBoard files, metrics, provenance.

    A scenario, by its id or file, is trained with the settings shipped for its kind of market: one_round.yaml,
    many_rounds.yaml, clock.yaml, order_book.yaml or task_market.yaml of configs/training.

    Example: `econo-env train gsp_v0 scenario.num_agents=5 total_timesteps=500000 --out runs/five`
    """
    from training.config import read_config
    from training.provenance import provenance
    from training.run import start_run

    asked = list(changes or ())
    if seed is not None:
        asked.append(f"seeds=[{seed}]")
    settings = read_config(config, asked)
    folder = out or _new_folder(Path("runs"), Path(config).stem)
    runs = start_run(settings, folder)
    if json_file is not None:
        json_file.write_text(json.dumps({"runs": runs, "provenance": provenance(settings.seeds)}, indent=2) + "\n")
    typer.echo(str(folder))


def _new_folder(parent: Path, name: str) -> Path:
    folder, number = parent / name, 1
    while folder.exists():
        number += 1
        folder = parent / f"{name}-{number}"
    return folder
