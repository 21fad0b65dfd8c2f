"""`econo-env scenarios`: what there is to play."""

import typer

from econo_env.scenario import scenario_table


def scenarios() -> None:
    """Lists the built-in scenario ids, one line each.

    Example: `econo-env scenarios`
    """
    for scenario in scenario_table().values():
        section = getattr(scenario, "mechanism", None)
        rule = getattr(section, "name", "")
        typer.echo(f"{scenario.id:<24} {scenario.market:<12} {scenario.num_agents:>3} agents  {rule}")
