"""`econo-env scenarios`: what there is to play."""

import json
from pathlib import Path
from typing import Annotated

import typer

from econo_env.scenario import scenario_table


def scenarios(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every scenario in full here.")] = None,
) -> None:
    """Lists the built-in scenario ids, one line each.

    Example: `econo-env scenarios --json scenarios.json`
    """
    table = scenario_table().values()
    for scenario in table:
        rule = getattr(getattr(scenario, "mechanism", None), "name", "")
        typer.echo(f"{scenario.id:<24} {scenario.market:<14} {scenario.num_agents:>3} agents  {rule}")
    if json_file is not None:
        json_file.write_text(json.dumps([scenario.model_dump(mode="json") for scenario in table], indent=2) + "\n")
