"""Sections of a configuration that are chosen by their `name` among models whose number may grow."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Union

from pydantic import BaseModel, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class OneOf:
    """Marks a section, `Annotated[Base, OneOf(models)]`: one of the models that there are when it is read.

    Pydantic fixes a union when a class is made; here models that are registered later count too, in files, in messages
    and in JSON schemas.

    Attributes:
        models: The models by now, at least two, each with a `name: Literal[...]` and a default for it.
    """

    models: Callable[[], Iterable[type[BaseModel]]]

    def now(self) -> tuple[type[BaseModel], ...]:
        """The models there are."""
        return tuple(self.models())

    def _validated(self, section: Any) -> Any:
        return _adapter(self.now()).validate_python(section)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validated)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(_adapter(self.now()).core_schema)


@lru_cache(maxsize=8)
def _adapter(models: tuple[type[BaseModel], ...]) -> TypeAdapter[Any]:
    chosen: Any = Annotated[Union[models], Field(discriminator="name")]  # noqa: UP007  # made of a tuple
    return TypeAdapter(chosen)
