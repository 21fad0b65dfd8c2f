"""`econo-env train`: learn a market."""

from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from econo_env.training.outputs import Outputs, check_folder


def train(
    config: Annotated[str, typer.Argument(help="A training file, one of configs/training by name, or a scenario id.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change, with dots into sections.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="One seed, in place of the file's.")] = None,
    seeds: Annotated[
        str | None,
        typer.Option(help="Several, e.g. 0,1,2 or 0-3: a run each.", show_default=False),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here, as JSON.")] = None,
) -> None:
    """Trains policies with PPO and writes a run: networks, checkpoints, TensorBoard files, metrics, provenance.

    A scenario, by its id or file, is trained with the settings shipped for its kind of market: one_round.yaml,
    many_rounds.yaml, clock.yaml, order_book.yaml or task_market.yaml of configs/training.

    Example: `econo-env train gsp_v0 scenario.num_agents=5 total_timesteps=500000 --out runs/five`
    """
    from econo_env.training.config import read_config
    from econo_env.training.provenance import provenance
    from econo_env.training.run import start_run

    asked = list(changes or ())
    if seed is not None and seeds is not None:
        raise ValueError(f"--seed {seed} and --seeds {seeds}: give one of them")
    if seed is not None or seeds is not None:
        asked.append(f"seeds={seeds if seed is None else seed}")
    with Outputs({"--json": json_file}, reads=[config]) as outputs:
        settings = read_config(config, asked)
        folder = out or _new_folder(Path("runs"), Path(config).stem)
        check_folder("--out", folder)
        runs = start_run(settings, folder)
        outputs.write_json("--json", {"runs": runs, "provenance": provenance(settings.seeds)})
        outputs.show(str(folder))


def _new_folder(parent: Path, name: str) -> Path:
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(folder for folder in (parent / name for name in names) if not folder.exists())
