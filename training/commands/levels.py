"""`econo-env levels`: at which level each agent plays, what moves it, and what happens where one breaks."""

from pathlib import Path
from typing import Annotated

import typer

from econo_env.training.outputs import Outputs


def levels(
    what: Annotated[str, typer.Argument(help="A scenario file that lists a population, or the folder of a run.")],
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Break a group's level on purpose: GROUP=nan@TICK, late@TICK or poor@TICK+TICKS."),
    ] = None,
    markets: Annotated[int, typer.Option(min=1, help="Markets played side by side.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the episode.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Also draw it: an HTML page.", show_default=False)] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Also write it for TensorBoard into this folder.", show_default=False)
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write levels and events here.")] = None,
) -> None:
    """Plays one episode of a population: promotions, demotions, fallbacks and rollbacks, tick by tick.

    Example: `econo-env levels configs/scenarios/mixed_levels.yaml --fault adaptive=nan@1000 --out levels.html`
    """
    from econo_env.catalogue import load
    from econo_env.policies import make_policy
    from econo_env.training.config import scenario_of_run
    from econo_env.training.evaluation.levels import document_of, moves, play_levels, told, with_fault, write_board

    with Outputs({"--out": out, "--json": json_file}, reads=[what]) as outputs:
        run = Path(what).is_dir()
        scenario = scenario_of_run(Path(what)) if run else load(what)
        for text in fault or ():
            scenario = with_fault(scenario, text)
        if not moves(scenario):
            raise ValueError(
                f"{scenario.id}: no agent here can change its level: list a population with an `intelligence` above "
                "reactive, such as configs/scenarios/mixed_levels.yaml"
            )
        course = play_levels(scenario, make_policy(what if run else "population", scenario), seed, markets)
        document = {"scenario": scenario.model_dump(mode="json"), "seed": seed, "markets": markets}
        document |= document_of(course)
        if out is not None:
            from econo_env.training.report.levels import levels_section
            from econo_env.training.report.page import page

            subtitle = f"econo-env levels, {markets} markets, seed {seed}"
            outputs.write("--out", page(f"{scenario.id}: levels at work", subtitle, [levels_section(course)], document))
        if tensorboard is not None:
            write_board(course, tensorboard)
        outputs.write_json("--json", document)
        outputs.show("\n".join(told(course)))
