"""The row of a part: one feature of the economy, composed by configuration with any market that carries it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from econo_env.engine.feature import Feature
from econo_env.engine.levers import Lever
from econo_env.engine.program import Stage
from econo_env.table import Table

if TYPE_CHECKING:
    from econo_env.scenario import Scenario


class Section(BaseModel):
    """A section of a scenario's `economy`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


C = TypeVar("C", bound=BaseModel)


@dataclass(frozen=True, eq=False)
class Part(Generic[C]):
    """One feature of the economy.

    Its state stands in the world under its name, its constants in the params; a stage takes `(k, world, params,
    buffers)` and after these the market's kernels that it names, such as `withdraw`, which strikes an agent's bid.

    Attributes:
        name: The key of its section under `economy`.
        summary: What it does, in a sentence.
        config: Its section.
        state: Its columns, a NamedTuple.
        params: Its constants for a scenario.
        stages: Compiled functions by stage of `econo_env.economy.tick.TICK_ORDER`, or `open`, at the start of an
            episode.
        needs: Parts that it stands on.
        features: What agents see of it; their functions take `(k, i, world, params)`.
        series: What training logs of the last tick, by name: (scenario, world).
        check: Why it does not go with a scenario; None where it does.
        axes: Lengths of named axes that its columns have and the market's have not.
        widens: Columns of other parts where it is there too, by their name: the same and more.
        before: A statement of the loop before each stage of each part, with `{operation}` for its number in
            `econo_env.economy.tick.operations`.
        audited: Its columns, of agents or of the market, that a log of the economy holds beside the transfers
            (`econo_env.audit`), each with what it says, in words; `{value}` stands for a number in them.
        levers: Its own parameters that may be moved, named by their keys in its section.
        moves: The levers that it moves, with the ranges in which they stay; they need not be listed among the
            scenario's. Its `open` comes before the market's own reset.
    """

    name: str
    summary: str
    config: type[C]
    state: type[tuple[Any, ...]]
    params: Callable[["Scenario", C], Any]
    stages: Mapping[str, Stage]
    needs: tuple[str, ...] = ()
    features: tuple[Feature, ...] = ()
    series: Callable[["Scenario", Any], Mapping[str, Any]] | None = None
    check: Callable[["Scenario", C], str | None] = field(default=lambda scenario, section: None)
    axes: Callable[["Scenario", C], Mapping[str, int]] = field(default=lambda scenario, section: {})
    widens: Mapping[str, type[tuple[Any, ...]]] = field(default_factory=dict)
    before: str | None = None
    audited: Mapping[str, str] = field(default_factory=dict)
    levers: tuple[Lever, ...] = ()
    moves: Callable[[C], Mapping[str, tuple[float, float]]] | None = None


PARTS: Table[Part[Any]] = Table("part of the economy", "econo_env.parts", list, Part)
"""Every part; `econo_env.economy.parts` fills it, those that others stand on first."""


def register_part(row: Part[Any]) -> Part[Any]:
    """Makes a part of the economy known: its section may stand under `economy` in scenarios.

    Raises:
        TypeError: It is no `Part`.
        ValueError: Another part has its name.
    """
    return PARTS.register(row)
