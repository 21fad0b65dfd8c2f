"""The order of a tick, and the text of the loop over markets."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from econo_env.economy.action import actions_of, count_invalid, heard, sent
from econo_env.economy.award import quote
from econo_env.economy.loop_text import MANY_COLUMNS, Lines, Pieces, in_blocks, market_by_market, stage_by_stage
from econo_env.economy.part import Part
from econo_env.engine.compiled import compiled
from econo_env.engine.digest import plain, within_reach
from econo_env.engine.feature import Feature, observer
from econo_env.engine.levers import Slot
from econo_env.engine.program import Stage, Stages
from econo_env.engine.rng import TASKS, uniform
from econo_env.engine.state import columns

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
    "vet",
    "execute",
    "grade",
    "bind",
    "settle",
    "default",
    "quote",
    "post",
    "release",
    "reputation",
    "renew",
    "reckon",
    "audit",
    "adjust",
    "observe",
    "gate",
    "finish",
    "flags",
)
"""The stages of one tick. What neither the market nor a part has is not in the loop and costs nothing."""

_OF_THE_ECONOMY = ("expose", "quote")
_EACH, _WINNER, _NEWCOMER = "i", "winner", "newcomer"
"""The second argument of stages that are of each agent by itself, of each that has or pays something, of each that has
come in with the tick; the last are there only where somebody can."""
_GIVEN = ("k", _EACH, _WINNER, _NEWCOMER, "world", "state", "params", "buffers")
"""What stages take. Of what a part's stage takes beside these, see `econo_env.economy.part.Part`."""

_OF_RULES = "market.rule."
"""Levers of a rule: only `clear` looks at them."""


@compiled
def tick_openness(k: int, state: Any) -> float:
    """The luck that decides to whom a tick is open."""
    return uniform(state.key[k], state.episode[k], state.tick[k], TASKS, 0)


@compiled
def sale_openness(k: int, state: Any) -> float:
    """The luck that decides to whom a sale is open that goes through all ticks of an episode."""
    return uniform(state.key[k], state.episode[k], 0, TASKS, 0)


@compiled
def any_agent(k: int, state: Any) -> tuple[int, int]:
    """Whoever wins is one of all agents."""
    return 0, state.award.units.shape[1]


@compiled
def decided_at_once(k: int, state: Any) -> bool:
    """Every tick offers something of its own."""
    return True


@compiled
def foresee_nothing(k: int, state: Any) -> int:
    """What a bid can cost depends on it."""
    return 0


def _kernels(stages: Stages, one_sale: bool, parts: Sequence[Part[Any]]) -> dict[str, Callable[..., Any]]:
    """The market's kernels by name, with those that it leaves to the house or that a part replaces."""
    own = {name: kernel for name, kernel in vars(stages).items() if kernel is not None}
    if any(part.pays_later for part in parts):
        own["winners"] = any_agent
    usual: dict[str, Callable[..., Any]] = {
        "quote": quote,
        "openness": sale_openness if one_sale else tick_openness,
        "foresee": foresee_nothing,
        "decided": decided_at_once,
        "indicated": indicate_nothing,
        "hold": hold_nothing,
        "revoke": revoke_nothing,
        "asked": ask_nothing,
        "winners": any_agent,
        "confine": confine_nothing,
        "call": call_nothing,
        "expel": expel_nobody,
        "admit": admit_nobody,
    }
    return usual | own


@dataclass(frozen=True)
class _Call:
    """A line of the loop.

    Attributes:
        name: The stage.
        takes: What it takes after the market and the agent.
        of: Of whom it is: `_EACH`, `_WINNER`, or nothing for a whole market.
        before: Lines before it.
    """

    name: str
    takes: Sequence[str]
    of: str = ""
    before: Sequence[str] = ()


def _taken(function: Callable[..., Any]) -> list[str]:
    """Names of what a stage takes."""
    return list(inspect.signature(plain(function)).parameters)


def _of(function: Callable[..., Any]) -> str:
    """Of whom a stage is."""
    return next((name for name in _taken(function) if name in (_EACH, _WINNER, _NEWCOMER)), "")


def _written(calls: Sequence[_Call | str]) -> list[str]:
    """The lines of the calls, and others as they are; those of each agent or winner in a row share a loop over them."""
    lines: list[str] = []
    for of, together in groupby(calls, key=lambda call: "" if isinstance(call, str) else call.of):
        indent = ""
        if of == _EACH:
            lines.append(f"for {_EACH} in range(buffers.rewards.shape[1]):")
            indent = "    "
        elif of == _WINNER:
            lines += [
                "begin, past = winners(k, world.market)",
                f"for {_WINNER} in range(begin, past):",
                f"    if world.market.award.units[k, {_WINNER}] != 0 or world.market.award.pays[k, {_WINNER}] != 0:",
            ]
            indent = "        "
        elif of == _NEWCOMER:
            lines += [
                "if world.newcomers.born[k].any():",
                f"    for {_NEWCOMER} in range(buffers.rewards.shape[1]):",
                f"        if world.newcomers.born[k, {_NEWCOMER}]:",
            ]
            indent = "            "
        for call in together:
            if isinstance(call, str):
                lines.append(call)
                continue
            lines += [f"{indent}{line}" for line in call.before]
            lines.append(f"{indent}{call.name}({', '.join(['k', *([of] if of else []), *call.takes])})")
    return lines


def _together(calls: Sequence[_Call]) -> list[list[_Call]]:
    """Calls that share a loop over agents, and those of a whole market one by one."""
    shared = [(of, list(found)) for of, found in groupby(calls, key=lambda call: call.of)]
    return [part for of, found in shared for part in ([found] if of else [[one] for one in found])]


def operations(parts: Sequence[Part[Any]]) -> tuple[str, ...]:
    """What parts do, as `part.stage`, in the order in which the loop does it: at the start of an episode, then a tick.

    The number of an operation is its place here.
    """
    return tuple(f"{part.name}.{stage}" for stage in ("open", *TICK_ORDER) for part in _turn(parts, stage))


def _turn(parts: Sequence[Part[Any]], stage: str) -> list[Part[Any]]:
    """The parts that have a turn in a stage."""
    if stage == "renew" and not any(part.admits for part in parts):
        return []
    return [part for part in parts if stage in part.stages]


@compiled
def confine_nothing(k: int, i: int, low: int, high: int, state: Any, params: Any) -> int:
    """Orders trade where they will: a market whose trades are voided afterwards."""
    return 0


@compiled
def hold_nothing(k: int, state: Any) -> None:
    """Nobody bids, and what is on offer is gone."""


@compiled
def revoke_nothing(k: int, state: Any, params: Any) -> None:
    """A market whose award tells all of what it sold."""


@compiled
def ask_nothing(k: int, state: Any) -> int:
    """A market whose prices are known when they are paid."""
    return 0


@compiled
def indicate_nothing(k: int, state: Any, params: Any) -> int:
    """A market that shows a price only where it sells."""
    return 0


@compiled
def expel_nobody(k: int, i: int, state: Any) -> None:
    """A market that nobody has to leave: no award of it is work."""


@compiled
def admit_nobody(k: int, i: int, state: Any, params: Any) -> None:
    """A market that nobody comes into before its end."""


@compiled
def call_nothing(k: int, reference: int, state: Any, params: Any) -> int:
    """There is no call: every tick of such a market is one."""
    return 0


class _Turns:
    """The calls by which parts have their turns in a stage, and the functions that these call."""

    def __init__(self, parts: Sequence[Part[Any]], kernels: Mapping[str, Callable[..., Any]], everything: str) -> None:
        self._numbers = {name: number for number, name in enumerate(operations(parts))}
        self._before = [
            (part.before, {plain(one) for one in part.watches}) for part in parts if part.before is not None
        ]
        self._kernels, self._everything = kernels, everything
        added = actions_of(parts)
        self._sent = {
            one.name: f"{'heard' if one.unmasked else 'sent'}(k, {_EACH}, {len(added) - at}, buffers)"
            for at, one in enumerate(added)
        }
        self.uses: dict[str, Callable[..., Any]] = {}

    def counted(self) -> list[_Call | str]:
        """The call that counts what is no action, where parts add any."""
        if not self._sent:
            return []
        self.uses["count_invalid"] = count_invalid
        return [_Call("count_invalid", [str(len(self._sent)), "buffers"], _EACH)]

    def of(self, part: Part[Any], stage: str) -> _Call:
        """A part's stage: after the arguments that all take its actions and the market's kernels that it names."""
        function, own = plain(part.stages[stage]), {action.name for action in part.actions}
        taken = [name for name in _taken(function) if name not in _GIVEN]
        self.uses |= {f"{part.name}_{stage}": function}
        self.uses |= {name: self._kernels[name] for name in taken if name not in own}
        if own.intersection(taken):
            self.uses |= {"sent": sent, "heard": heard}
        given = [self._sent[name] if name in own else name for name in taken]
        return _Call(
            f"{part.name}_{stage}", [self._everything, "buffers", *given], _of(function), self._told(part, stage)
        )

    def _told(self, part: Part[Any], stage: str) -> list[str]:
        """The lines before a part's stage: those of parts that watch something that it can call."""
        reached = within_reach(part.stages[stage]) if self._before else set()
        number = self._numbers[f"{part.name}.{stage}"]
        return [line.format(operation=number) for line, watched in self._before if watched & reached]


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
    shown: Sequence[tuple[Feature, bool]],
    parts: Sequence[Part[Any]] = (),
    levers: Sequence[Slot] = (),
    one_sale: bool = False,
    elementwise: Collection[str] = (),
) -> tuple[str, str, tuple[int, ...]]:
    """The text of the loop over markets: the stages there are, in the order of a tick, one a line.

    Within a stage the market's kernel comes before those of the parts of its economy. Stages of each agent by itself
    that follow one another go through the agents together, so they touch nothing of other agents.

    Args:
        stages: The market's kernels.
        rule: The mechanism's compiled rule.
        shown: What agents see, in order, and whether it is of the market itself.
        parts: The parts of its economy, those that others stand on first.
        levers: Constants that are columns: they are put in their places for each market, and again where parts have
            moved them.
        one_sale: Whether an episode is one sale that goes through its ticks.
        elementwise: Stages that may take a block of markets at once, see `econo_env.market.Market`.

    Returns:
        The text; that of the loop over blocks of markets, empty where nothing takes them; how many features each of
        their own blocks has.
    """
    market, everything = "state, params", "state, params"
    if parts or levers:
        market, everything = "world.market, params.market", "world, params"
    used: dict[str, Callable[..., Any]] = {"rule": rule, "reset_market": stages.reset}
    kernels = _kernels(stages, one_sale, parts)
    turns, placed, state = _Turns(parts, kernels, everything), _placed(levers), market.split(",", maxsplit=1)[0]
    calls: list[_Call | str] = [*placed]
    for stage in TICK_ORDER:
        kernel = kernels.get(stage)
        if kernel is not None and (parts or stage not in _OF_THE_ECONOMY):
            used[stage] = kernel
            takes = market.replace(state, "buffers.ended[k]") if stage == "flags" else market
            calls.append(_Call(stage, [takes, "buffers", *["rule"] * (stage == "clear")], _of(kernel)))
        if stage == "bids":
            calls += turns.counted()
        for part in _turn(parts, stage):
            calls += [turns.of(part, stage), *(placed if part.moves is not None else [])]
    opens = [part for part in parts if "open" in part.stages]
    opening: list[_Call | str] = [*(turns.of(part, "open") for part in opens if part.moves is not None), *placed]
    if stages.forget is not None:
        used["forget"] = stages.forget
        opening.append(_Call("forget", [market, "buffers"]))
    opening.append(_Call("reset_market", [market, "buffers"]))
    opening += [turns.of(part, "open") for part in opens if part.moves is None]
    opening += [turns.of(part, "gate") for part in parts if "gate" in part.stages]
    present = None
    if stages.present is not None:
        used["present"] = stages.present
        present = f"present(k, i, {state})"
    if any(feature.rare for feature, _ in shown) or any("winners(" in line for line in _written(calls)):
        used["winners"] = kernels["winners"]
    hidden = sum(own or stages.expel is not None for _, own in shown)  # whoever is expelled sees nothing at all
    given = [(feature, market if own else everything) for feature, own in shown]
    seen = observer(given, present, hidden, f"winners(k, {state})")
    imports = "\n".join(
        f"from {function.__module__} import {function.__name__} as {name}"
        for name, function in ((name, plain(function)) for name, function in (used | turns.uses | seen.uses).items())
    )
    if levers:
        imports += "\nfrom econo_env.engine.moved import moved"
    head = _HEAD.format(given=everything, imports=imports, seen="\n".join(f"    {line}" for line in seen.lines))
    pieces = Pieces(everything, market, None if seen.widths else seen.singles, seen.unwritten, present is not None)
    if sum(len(columns(part.state)) for part in parts) < MANY_COLUMNS:
        text = market_by_market(pieces, _written(calls), _written(opening))
    else:
        own = [call for call in calls if not isinstance(call, str)]
        text = stage_by_stage(pieces, [Lines(_written(one)) for one in _together(own)], _written(opening), placed)
    one_by_one, over_blocks = head + text, ""
    if elementwise and not parts and all(path.startswith(_OF_RULES) for one in levers for path in one.lever.paths):
        tick = [Lines(_written([call]), _stage_of(call, {*elementwise, "flags"})) for call in calls[len(placed) :]]
        first = [call for call in opening if isinstance(call, str) or call.name != "forget"]
        over_blocks = head + in_blocks(pieces, tick, _written(first), placed, stages.forget is not None)
    return one_by_one, over_blocks, seen.widths


def _stage_of(call: _Call | str, elementwise: Collection[str]) -> str:
    """The stage that a line calls, if it may take a block of markets."""
    return call.name if isinstance(call, _Call) and call.name in elementwise else ""


_HEAD = '''"""Generated by econo_env.economy.tick: one tick of many markets."""

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import cached, cached_in_blocks, forget_results, keep_final
{imports}


@compiled
def show(k, {given}, shown, widths):
{seen}

'''
