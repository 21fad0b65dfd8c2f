"""The built-in scenarios of a kind of market: one for each of its rules."""

from typing import Any

from econo_env.markets.procurement import REVERSE
from econo_env.mechanisms.base import rules_of
from econo_env.scenario import Scenario


def one_a_rule(config: type[Scenario], version: int, *, reverse: int | None = None, **fields: Any) -> list[Scenario]:
    """A scenario for each rule of a kind of market, by the rule's name and the version.

    Args:
        config: The kind's configuration.
        version: The number after `_v`.
        reverse: That of the procurement forms, of rules that make sense as one; None where the kind has none.
        **fields: Fields of all of them; those that a rule sets come on top.
    """
    made = []
    for row in rules_of(config.model_fields["market"].default):
        given = {"mechanism": {"name": row.name, **row.example}} | fields | dict(row.setting)
        made.append(config(id=f"{row.name}_v{version}", **given))
        if reverse is not None and row.reversible:
            mirrored = given | REVERSE | dict(row.reverse_setting)
            made.append(config(id=f"procurement_{row.name}_v{reverse}", **mirrored))
    return made
