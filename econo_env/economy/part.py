"""The row of a part: one feature of the economy, composed by configuration with any market that carries it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from econo_env.economy.action import Action
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


@dataclass(frozen=True)
class Fact:
    """What people are told of a part, by agent: `infos` of the dict APIs and a column of pictures.

    Attributes:
        name: One word.
        kind: Whether it is `credits`, a `share` from 0 to 1, or `text`.
        value: (scenario, world): one an agent, (markets, agents).
        words: Of a text what each whole number means, from 0 on.
    """

    name: str
    kind: Literal["credits", "share", "text"]
    value: Callable[["Scenario", Any], NDArray[Any]]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What judges ask of a part that decides how awards come out.

    Attributes:
        delivered: (scenario, world): what the house has of the last tick's work beside money, credits (markets,).
        luck: (scenario, world): what of the rewards of the last tick was luck that can be averaged out, credits
            (markets, agents).
        wronged: (scenario, world): who was penalised in the last tick without cause, bool (markets, agents).
    """

    delivered: Callable[["Scenario", Any], NDArray[np.float64]]
    luck: Callable[["Scenario", Any], NDArray[np.float64]]
    wronged: Callable[["Scenario", Any], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Part(Generic[C]):
    """One feature of the economy.

    Its state stands in the world under its name, its constants in the params; a stage takes `(k, world, params,
    buffers)`, or `(k, i, world, params, buffers)` for each agent by itself, or `(k, winner, world, params, buffers)`
    for each that has or pays something in the award, and after these the market's kernels that it names, such as
    `withdraw`, which strikes an agent's bid. A stage of each agent also takes what that agent sends, by the name of one
    of its `actions`.

    Attributes:
        name: The key of its section under `economy`.
        summary: What it does, in a sentence.
        config: Its section.
        state: Its columns, a NamedTuple.
        params: Its constants for a scenario.
        stages: Compiled functions by stage of `econo_env.economy.tick.TICK_ORDER`, or `open`, at the start of an
            episode.
        needs: Parts that it stands on, or `conduct`: some part that judges.
        judges: Whether it writes `world.conduct`, how awards come out; one part of an economy does.
        admits: Whether it lets newcomers take the place of others: only then parts have a turn in `renew`.
        pays_later: Whether what an award earns is paid in later ticks: who has or pays something is then looked for
            among all agents, and judges follow a deviation to the end of the episode.
        actions: What agents can do in it, components of their actions after the market's own; stages up to `release`
            read them, later ones come after the mask of the tick.
        features: What agents see of it; their functions take `(k, i, world, params)`.
        facts: What people are told of it.
        shuts: Who may not act in the coming tick for its sake: (world), bool (markets, agents).
        series: What training logs of the last tick, by name: (scenario, world).
        verdict: What judges ask of a part that decides how awards come out.
        draws_on: Credits that it can come to take from the house in an episode; None where that is not known.
        accounts: Kinds of accounts of agents, see `econo_env.economy.ledger`, into which it brings money, `FREE` aside;
            None for any. What no part names is empty, and what agents own is added up without it.
        check: Why it does not go with a scenario; None where it does.
        axes: Lengths of named axes that its columns have and the market's have not.
        widens: Columns of other parts where it is there too, by their name: the same and more.
        before: A statement of the loop before each stage of each part that can call one of `watches`, with
            `{operation}` for its number in `econo_env.economy.tick.operations`.
        watches: Compiled functions.
        audited: Its columns, of agents or of the market, that a log of the economy holds beside the transfers
            (`econo_env.audit`), each with what it says, in words; `{value}` stands for a number in them.
        levers: Its own parameters that may be moved, named by their keys in its section.
        moves: The levers of a scenario that it moves, with the ranges in which they stay; they need not be listed among
            the scenario's. Its `open` comes before the market's own reset.
    """

    name: str
    summary: str
    config: type[C]
    state: type[tuple[Any, ...]]
    params: Callable[["Scenario", C], Any]
    stages: Mapping[str, Stage]
    needs: tuple[str, ...] = ()
    judges: bool = False
    admits: bool = False
    pays_later: bool = False
    actions: tuple[Action, ...] = ()
    features: tuple[Feature, ...] = ()
    facts: tuple[Fact, ...] = ()
    shuts: Callable[[Any], NDArray[np.bool_]] | None = None
    series: Callable[["Scenario", Any], Mapping[str, Any]] | None = None
    verdict: Verdict | None = None
    draws_on: Callable[["Scenario", C], float] | None = None
    accounts: tuple[int, ...] | None = None
    check: Callable[["Scenario", C], str | None] = field(default=lambda scenario, section: None)
    axes: Callable[["Scenario", C], Mapping[str, int]] = field(default=lambda scenario, section: {})
    widens: Mapping[str, type[tuple[Any, ...]]] = field(default_factory=dict)
    before: str | None = None
    watches: tuple[Callable[..., Any], ...] = ()
    audited: Mapping[str, str] = field(default_factory=dict)
    levers: tuple[Lever, ...] = ()
    moves: Callable[["Scenario", C], Mapping[str, tuple[float, float]]] | None = None


CONDUCT = "conduct"
"""Where the world keeps how awards come out, see `econo_env.economy.conduct`; a need that one who judges meets."""

PARTS: Table[Part[Any]] = Table("part of the economy", "econo_env.parts", list, Part)
"""Every part; `econo_env.economy.parts` fills it, those that others stand on first."""


def asked_of(parts: Iterable[Part[Any]], asked: Collection[str]) -> tuple[Feature, ...]:
    """What agents see of parts: what is always seen, and what a market asks for by its name."""
    return tuple(one for part in parts for one in part.features if not one.asked or one.name in asked)


def in_order(shown: Sequence[tuple[Feature, bool]], names: Sequence[str]) -> list[tuple[Feature, bool]]:
    """Features in the order of their names, those without a place after them."""
    place = {name: number for number, name in enumerate(names)}
    return sorted(shown, key=lambda one: place.get(one[0].name, len(place)))


def register_part(row: Part[Any]) -> Part[Any]:
    """Makes a part of the economy known: its section may stand under `economy` in scenarios.

    Raises:
        TypeError: It is no `Part`.
        ValueError: Another part has its name.
    """
    return PARTS.register(row)
