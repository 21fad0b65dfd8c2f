"""What a study is: an experiment with a known answer, its settings, its findings, and what else there is to see."""

import importlib
import math
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from econo_env.documents import parse_yaml, read_yaml
from econo_env.settings import suggestion, validated
from econo_env.training.evaluation.statistics import share_interval, t_interval

Curves = dict[str, dict[str, tuple[NDArray[Any], NDArray[Any]]]]
"""Lines to draw: title of a picture -> name of a line -> (x, y)."""
Told = Callable[[float, str], None]
"""Hears how far a study is, 0 to 1, and what it is doing."""


class Settings(BaseModel):
    """What a study is run with.

    Attributes:
        study: Its name.
        seed: The first seed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    study: str
    seed: int = Field(0, ge=0, lt=2**63)


@dataclass(frozen=True)
class Finding:
    """A figure of a study.

    Attributes:
        what: What was measured, in words.
        value: The figure.
        low: Lower end of its 95 % interval; NaN where it is exact.
        high: Upper end.
        known: The range in which the known answer has it; None where there is none for these settings.
        source: Where the known answer comes from.
    """

    what: str
    value: float
    low: float = math.nan
    high: float = math.nan
    known: tuple[float, float] | None = None
    source: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether it lies where the known answer has it; None where there is none."""
        return None if self.known is None else bool(self.known[0] <= self.value <= self.known[1])


@dataclass(frozen=True)
class Findings:
    """What came out of a study.

    Attributes:
        said: The sentence that matters first.
        figures: The figures.
        curves: Lines to draw: title of a picture -> name of a line -> (x, y).
        axes: Titles of the pictures' axes, (x, y).
        places: Names of the places 0, 1, ... from left to right, where curves are points by condition and no lines.
        halves: Half the widths of 95 % intervals around the points, in the order of `curves`.
    """

    said: str
    figures: tuple[Finding, ...]
    curves: Mapping[str, Mapping[str, tuple[NDArray[Any], NDArray[Any]]]] = field(default_factory=dict)
    axes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    places: tuple[str, ...] = ()
    halves: Mapping[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Study(Generic[S]):
    """An experiment.

    Attributes:
        name: Its name on the command line and in files.
        summary: The question, in a sentence.
        settings: Its settings.
        run: Runs it.
    """

    name: str
    summary: str
    settings: type[S]
    run: Callable[[S, Told], Findings]


def _found() -> Iterator[Study[Any]]:
    package = importlib.import_module("econo_env.training.studies")
    for one in pkgutil.iter_modules(package.__path__):
        for row in vars(importlib.import_module(f"{package.__name__}.{one.name}")).values():
            if isinstance(row, Study):
                yield row


def studies() -> dict[str, Study[Any]]:
    """Every study by its name: those of the modules of this package."""
    return {study.name: study for study in _found()}


def read_study(source: str, changes: Iterable[str] = ()) -> tuple[Study[Any], Settings]:
    """A study and its settings.

    Args:
        source: Its name, or a YAML file with a line `study: NAME`.
        changes: Lines such as `sessions=50`.

    Raises:
        ValueError: No such study, or wrong settings; the message names the key, the value and what is allowed.
    """
    known, document = studies(), {"study": source}
    if Path(source).suffix in (".yaml", ".yml"):
        document = read_yaml(source, "study")
    name = document.get("study")
    if name not in known:
        raise ValueError(f"unknown study {name!r}: {suggestion(str(name), list(known))}")
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise ValueError(f"{change!r}: give a key and its value, such as seed=1")
        document[key.strip()] = parse_yaml(value)
    study = known[str(name)]
    return study, validated(study.settings, document)


def mean_between(what: str, sample: ArrayLike, known: tuple[float, float] | None = None, source: str = "") -> Finding:
    """The mean of independent runs with its interval by Student's t."""
    found = t_interval(sample)
    return Finding(what, found.mean, found.low, found.high, known, source)


def share_between(what: str, hits: ArrayLike, known: tuple[float, float] | None = None, source: str = "") -> Finding:
    """The share of independent runs in which something held, with its exact interval."""
    held = np.asarray(hits, dtype=np.bool_)
    found = share_interval(int(held.sum()), len(held))
    return Finding(what, found.mean, found.low, found.high, known, source)
