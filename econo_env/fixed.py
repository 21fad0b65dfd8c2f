"""Dictionaries that never change, so that a scenario that holds them can stand for itself in caches."""

from typing import Any, ClassVar, TypeVar

V = TypeVar("V")


class Fixed(dict[str, V]):
    """A dictionary of a scenario; entries are hashable.

    Attributes:
        field: The scenario's field that holds it, for the message to those who try to change it.
    """

    field: ClassVar[str]

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none
        return hash(tuple(self.items()))

    def __setitem__(self, name: str, entry: V) -> None:
        raise TypeError(f"{self.field}.{name}: a scenario does not change; `scenario.replace(...)` makes another")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)  # a dict is copied entry by entry otherwise
