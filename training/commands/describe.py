"""`econo-env describe`: the page of a scenario, or the schema of its keys."""

import json
from pathlib import Path
from typing import Annotated

import typer

from econo_env.training.outputs import Outputs


def describe(
    scenario: Annotated[str, typer.Argument(help="A scenario id or YAML file.")],
    schema: Annotated[bool, typer.Option("--schema", help="The JSON schema of its keys instead of the page.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the scenario, its page and its schema here.")
    ] = None,
) -> None:
    """Describes a scenario: what is played and seen, actions, rewards, equilibrium; or what every key may be.

    The schema comes from the models themselves: every key of every section, mechanisms' parameters too, with meaning,
    range and default. Editors complete and check YAML files with it.

    Example: `econo-env describe first_price_v0 --schema`
    """
    from econo_env.catalogue import load
    from econo_env.interfaces.page import page
    from econo_env.schema import scenario_schema

    with Outputs({"--json": json_file}, reads=[scenario]) as outputs:
        found = load(scenario)
        keys, text = scenario_schema(found), page(found)
        outputs.write_json("--json", {"scenario": found.model_dump(mode="json"), "page": text, "schema": keys})
        outputs.show(json.dumps(keys, indent=2) if schema else text.rstrip("\n"))
