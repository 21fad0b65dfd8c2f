"""Parameters that are one of a few named choices: names in files, whole numbers in the compiled rules."""

from enum import IntEnum

from pydantic import BeforeValidator, PlainSerializer


def read_as(choices: type[IntEnum], what: str) -> BeforeValidator:
    """Reads a choice by its name; `what` names the parameter in the message about an unknown one."""

    def read(choice: object) -> object:
        if isinstance(choice, str):
            if choice not in choices.__members__:
                raise ValueError(f"{what} {choice!r} is unknown: choose one of {', '.join(choices.__members__)}")
            return choices[choice]
        return choice

    return BeforeValidator(read)


def written_as(choices: type[IntEnum]) -> PlainSerializer:
    """Writes a choice as its name."""
    return PlainSerializer(lambda choice: choices(choice).name)
