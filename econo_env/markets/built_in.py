"""The built-in scenarios of a kind of market: one for each of its rules."""

from typing import Any

from econo_env.mechanisms.base import rules_of
from econo_env.scenario import Scenario


def one_a_rule(config: type[Scenario], version: int, **fields: Any) -> list[Scenario]:
    """A scenario for each rule of a kind of market, by the rule's name and the version.

    Args:
        config: The kind's configuration.
        version: The number after `_v`.
        **fields: Fields of all of them; those that a rule sets come on top.
    """
    return [
        config(id=f"{row.name}_v{version}", mechanism={"name": row.name, **row.example}, **fields | dict(row.setting))
        for row in rules_of(config.model_fields["market"].default)
    ]
