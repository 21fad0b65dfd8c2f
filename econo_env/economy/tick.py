"""The order of a tick, and the text of the loop over markets."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from econo_env.economy.award import quote
from econo_env.economy.part import Part
from econo_env.engine.compiled import compiled
from econo_env.engine.digest import plain
from econo_env.engine.feature import Feature, observer
from econo_env.engine.levers import Slot, features_of
from econo_env.engine.program import Stage, Stages

TICK_ORDER = (
    "faults",
    "maturities",
    "breakers",
    "eligibility",
    "bids",
    "expose",
    "strike",
    "lock",
    "clear",
    "execute",
    "grade",
    "bind",
    "settle",
    "default",
    "quote",
    "post",
    "release",
    "reputation",
    "reckon",
    "audit",
    "adjust",
    "observe",
    "gate",
    "finish",
)
"""The stages of one tick. What neither the market nor a part has is not in the loop and costs nothing."""

_OF_THE_ECONOMY = ("expose", "quote")
_GIVEN = 4
"""What every stage of a part takes: k, world, params, buffers."""

_SHOWN_AFTER = "gate"
"""The stage after which everybody sees the market as it stands."""


def operations(parts: Sequence[Part[Any]]) -> tuple[str, ...]:
    """What parts do, as `part.stage`, in the order in which the loop does it: at the start of an episode, then a tick.

    The number of an operation is its place here.
    """
    return tuple(f"{part.name}.{stage}" for stage in ("open", *TICK_ORDER) for part in parts if stage in part.stages)


@compiled
def confine_nothing(k: int, i: int, low: int, high: int, state: Any, params: Any) -> int:
    """Orders trade where they will: a market whose trades are voided afterwards."""
    return 0


@compiled
def call_nothing(k: int, reference: int, state: Any, params: Any) -> int:
    """There is no call: every tick of such a market is one."""
    return 0


def _kernels(stages: Stages) -> dict[str, Callable[..., Any]]:
    """The market's kernels by name, with those that it leaves to the house."""
    usual: dict[str, Callable[..., Any]] = {"quote": quote, "confine": confine_nothing, "call": call_nothing}
    return usual | {name: kernel for name, kernel in vars(stages).items() if kernel is not None}


class _Turns:
    """The lines by which parts have their turns in a stage, and the functions that these call."""

    def __init__(self, parts: Sequence[Part[Any]], kernels: Mapping[str, Stage], everything: str) -> None:
        self._numbers = {name: number for number, name in enumerate(operations(parts))}
        self._before = [part.before for part in parts if part.before is not None]
        self._kernels, self._everything = kernels, everything
        self.uses: dict[str, Stage] = {}

    def of(self, part: Part[Any], stage: str) -> list[str]:
        """A part's stage, with the market's kernels that it names after the four arguments that all take."""
        function = plain(part.stages[stage])
        taken = list(inspect.signature(function).parameters)[_GIVEN:]
        self.uses |= {f"{part.name}_{stage}": function} | {name: self._kernels[name] for name in taken}
        told = [line.format(operation=self._numbers[f"{part.name}.{stage}"]) for line in self._before]
        return [*told, f"{part.name}_{stage}({', '.join(['k', self._everything, 'buffers', *taken])})"]


def _placed(levers: Sequence[Slot]) -> list[str]:
    """The lines that put market k's levers in the place of the constants."""
    return [
        f'params = moved(params, "{path}", world.levers.{one.column}[k, {one.at}])'
        for one in levers
        for path in one.lever.paths
    ]


def loop_source(
    stages: Stages,
    rule: Stage,
    features: Sequence[Feature],
    parts: Sequence[Part[Any]] = (),
    levers: Sequence[Slot] = (),
) -> tuple[str, tuple[int, ...]]:
    """The text of the loop over markets: the stages there are, in the order of a tick, one a line.

    Within a stage the market's kernel comes before those of the parts of its economy.

    Args:
        stages: The market's kernels.
        rule: The mechanism's compiled rule.
        features: What agents see of the market itself; what they see of its parts and of its levers follows.
        parts: The parts of its economy, those that others stand on first.
        levers: Constants that are columns: they are put in their places for each market, and again where parts have
            moved them.

    Returns:
        The text, and how many features each of their blocks has.
    """
    market, everything = "state, params", "state, params"
    if parts or levers:
        market, everything = "world.market, params.market", "world, params"
    used: dict[str, Callable[..., Any]] = {"rule": rule, "reset_market": stages.reset}
    kernels = _kernels(stages)
    turns, placed = _Turns(parts, kernels, everything), _placed(levers)
    tick = placed.copy()
    for stage in TICK_ORDER:
        kernel = kernels.get(stage)
        if kernel is not None and (parts or stage not in _OF_THE_ECONOMY):
            used[stage] = kernel
            tick.append(f"{stage}(k, {market}, buffers{', rule' if stage == 'clear' else ''})")
        for part in (part for part in parts if stage in part.stages):
            tick += turns.of(part, stage) + (placed if part.moves is not None else [])
        if stage == _SHOWN_AFTER:
            tick.append(f"show(k, {everything}, buffers, widths)")
    opens = [part for part in parts if "open" in part.stages]
    opening = [line for part in opens if part.moves is not None for line in turns.of(part, "open")] + placed
    opening.append(f"reset_market(k, {market}, buffers)")
    opening += [line for part in opens if part.moves is None for line in turns.of(part, "open")]
    opening += [line for part in parts if "gate" in part.stages for line in turns.of(part, "gate")]
    present = None
    if stages.present is not None:
        used["present"] = stages.present
        present = f"present(k, i, {market.split(',', maxsplit=1)[0]})"
    shown = [(feature, market) for feature in features]
    shown += [(feature, everything) for part in parts for feature in part.features]
    shown += [(feature, everything) for feature in features_of(levers)]
    seen = observer(shown, present, len(features))
    imports = "\n".join(
        f"from {function.__module__} import {function.__name__} as {name}"
        for name, function in ((name, plain(function)) for name, function in (used | turns.uses | seen.uses).items())
    )
    if levers:
        imports += "\nfrom econo_env.engine.moved import moved"
    text = _LOOP.format(
        given=everything,
        imports=imports,
        seen="\n".join(f"    {line}" for line in seen.lines),
        tick="\n".join(f"            {line}" for line in tick),
        opening="\n".join(f"            {line}" for line in opening),
    )
    return text, seen.widths


_LOOP = '''"""Generated by econo_env.economy.tick: one tick of many markets."""

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import cached, forget_results, keep_final_observations
{imports}


@compiled
def show(k, {given}, buffers, widths):
{seen}


@cached
def run(first, last, mask, {given}, buffers, widths, task, autoreset):
    for k in range(first, last):
        begins = False
        if task == 0:
{tick}
            begins = autoreset and buffers.ended[k]
            if begins:
                keep_final_observations(k, buffers)
        elif task == 1:
            begins = mask[k]
            if begins:
                forget_results(k, buffers)
        if begins:
{opening}
        if begins or task == 2:
            show(k, {given}, buffers, widths)
'''
