"""`econo-env scenarios`: what there is to play."""

from pathlib import Path
from typing import Annotated

import typer

from econo_env.catalogue import scenario_table
from econo_env.training.outputs import Outputs


def scenarios(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every scenario in full here.")] = None,
) -> None:
    """Lists the built-in scenario ids, one line each.

    Example: `econo-env scenarios --json scenarios.json`
    """
    with Outputs({"--json": json_file}) as outputs:
        table = scenario_table().values()
        outputs.write_json("--json", [scenario.model_dump(mode="json") for scenario in table])
        lines = []
        for scenario in table:
            rule = scenario.mechanism.name
            lines.append(f"{scenario.id:<32} {scenario.market:<14} {scenario.num_agents:>3} agents  {rule}")
        outputs.show("\n".join(lines))
