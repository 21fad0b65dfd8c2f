"""What agents see: a feature is a compiled function with a name, a meaning and a range; the loop's text calls it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from econo_env.engine.state import Int64s


@dataclass(frozen=True)
class Feature:
    """One entry of an observation.

    Attributes:
        name: Its name, unique in an observation.
        meaning: What it means, a part of a sentence.
        value: Compiled, `(k, i, state, params)`: what agent i of market k sees. With `shared` it takes no i; with a
            `number` that comes before `state`. None: the engine writes it.
        shared: All agents of a market see the same: computed once a market, not once an agent.
        number: Place in a block of features that one function tells apart, see `each_of`; None for one by itself.
        rare: It is 0 but for those between the market's `winners`; without `shared` or `number`.
        asked: Of a part of the economy: shown only where a market asks for it by its name.
        low: The least value.
        high: The largest value.
    """

    name: str
    meaning: str
    value: Callable[..., float] | None = None
    shared: bool = False
    number: int | None = None
    rare: bool = False
    asked: bool = False
    low: float = 0.0
    high: float = 1.0


def each_of(
    told: Iterable[tuple[str, str]], value: Callable[..., float], *, shared: bool = False
) -> tuple[Feature, ...]:
    """A block of features of one function, such as the value of each unit.

    How many there are is no part of the loop's text: markets of any number of units run the same machine code.

    Args:
        told: Name and meaning of each.
        value: Compiled, `(k, i, j, state, params)`, with `shared` `(k, j, state, params)`, j from 0 on.
        shared: All agents see the same.
    """
    return tuple(
        Feature(name, meaning, value, shared=shared, number=number) for number, (name, meaning) in enumerate(told)
    )


class Widths(NamedTuple):
    """How many features each block has, as the loop takes it."""

    of: Int64s  # (blocks,)


@dataclass(frozen=True)
class Observer:
    """The text that writes observations.

    Attributes:
        lines: The body of `show(k, state, params, shown, widths)`, which writes to `shown`, observations of all.
        uses: The functions it calls, by the names under which it calls them.
        widths: How many features each block has.
        singles: How many features are by themselves.
        unwritten: Places of those that the engine writes.
    """

    lines: tuple[str, ...]
    uses: dict[str, Callable[..., Any]]
    widths: tuple[int, ...]
    singles: int
    unwritten: tuple[str, ...]


def observer(
    shown: Sequence[tuple[Feature, str]], present: str | None = None, hidden: int = 0, winners: str = ""
) -> Observer:
    """The text that writes features one after another.

    Args:
        shown: Each feature with the state and the constants that its function takes, as they are written.
        present: A condition on `k` and `i`: agents for whom it does not hold see zeros. None for no such agent.
        hidden: How many features, the first ones, those see as zeros.
        winners: The call that tells between which agents rare features are not 0.

    Raises:
        ValueError: Two features have one name.
    """
    names = [feature.name for feature, _ in shown]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"several features are called {', '.join(twice)}: give each a name of its own")
    uses: dict[str, Callable[..., Any]] = {}
    once: list[str] = []
    own: list[str] = []
    rare: list[str] = []
    blocks: list[str] = []
    unwritten: list[str] = []
    widths: list[int] = []
    zeros, at, singles = "0", "0", 0
    for number, block in enumerate(_blocks(shown)):
        feature, given = block[0]
        call = f"see_{number}"
        if feature.value is not None:
            uses[call] = feature.value
        if feature.value is None:
            unwritten.append(at)
        elif feature.number is None:
            if feature.shared:
                once.append(f"seen_{number} = {call}(k, {given})")
            seen = f"seen_{number}" if feature.shared else f"{call}(k, i, {given})"
            own.append(f"row[{at}] = {'0.0' if feature.rare else seen}")
            rare += [f"shown[k, i, {at}] = {seen}"] * feature.rare
        else:
            each = f"for j in range(widths.of[{len(widths)}]):"
            widths.append(len(block))
            if feature.shared:
                blocks += [
                    each,
                    f"    seen = {call}(k, j, {given})",
                    "    for i in range(agents):",
                    f"        shown[k, i, {at} + j] = seen",
                ]
            else:
                own += [each, f"    row[{at} + j] = {call}(k, i, j, {given})"]
        singles = number + 1 - len(widths)
        at = " + ".join([str(singles), *(f"widths.of[{before}]" for before in range(len(widths)))])
        if singles + sum(widths) <= hidden:
            zeros = at
    if own:
        own = ["for i in range(agents):", "    row = shown[k, i]", *(f"    {line}" for line in own)]
    if rare:
        rare = [f"first, past = {winners}", "for i in range(first, past):", *(f"    {line}" for line in rare)]
    absent = [
        "for i in range(agents):",
        f"    if not {present}:",
        f"        for j in range({zeros}):",
        "            shown[k, i, j] = 0.0",
    ]
    lines = ["agents = shown.shape[1]", *once, *own, *blocks, *rare, *(absent if present else [])]
    return Observer(tuple(lines), uses, tuple(widths), singles, tuple(unwritten))


def _blocks(shown: Sequence[tuple[Feature, str]]) -> list[list[tuple[Feature, str]]]:
    """Features by themselves and blocks, in order: a block starts where the number is 0."""
    starts = 0
    keys = []
    for feature, _ in shown:
        starts += 0 if feature.number else 1
        keys.append(starts)
    return [[one for _, one in group] for _, group in groupby(zip(keys, shown, strict=True), key=lambda pair: pair[0])]
