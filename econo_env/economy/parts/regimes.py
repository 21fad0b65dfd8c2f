"""A market that changes for good every so many ticks: its rules, what goods are worth, who is there.

Regimes follow each other and begin anew after the last. What is learned in one need not hold in the next, so that those
who go on learning can be told from those who have learned once. `econo_env.training.studies.regimes` asks whether there
is anything to learn: how far the best strategy of each regime is above the best that never changes.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from econo_env.economy.part import Part, Section
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Float64s, Int64s, StepBuffers
from econo_env.fixed import Fixed
from econo_env.levers import slots
from econo_env.money import to_money
from econo_env.scenario import Scenario


class Levels(Fixed[tuple[float, ...]]):
    """Levers with their level in each regime."""

    field = "economy.regimes.levers"


class RegimesSection(Section):
    """What changes, and how often; every list has an entry a regime.

    Attributes:
        every: Ticks of a regime.
        levers: Parameters by their names as levers, each with its level in every regime, such as `{mechanism.reserve:
            [0.0, 0.6]}`: rules, and what is for sale at which price.
        values: By what private values (or costs) are multiplied, above 0 up to 1; 1 in the first regime. An entry may
            be a list, with a factor an agent: `[1.0, [1.0, 0.5]]` halves those of the second bidder alone.
        absent: Which agents, by number, are not there: rivals, or in two-sided markets supply.
    """

    every: int = Field(500, ge=1)
    levers: Annotated[dict[str, tuple[float, ...]], AfterValidator(Levels)] = Field(default_factory=Levels)
    values: tuple[float | tuple[float, ...], ...] | None = None
    absent: tuple[tuple[int, ...], ...] | None = None

    @model_validator(mode="after")
    def _lists_agree(self) -> "RegimesSection":
        lists = {**{f"levers.{name}": len(levels) for name, levels in self.levers.items()}}
        lists |= {} if self.values is None else {"values": len(self.values)}
        lists |= {} if self.absent is None else {"absent": len(self.absent)}
        if not lists:
            raise ValueError("nothing changes: give levers, values or absent a list with an entry a regime")
        if len(set(lists.values())) > 1 or min(lists.values()) < 2:
            told = ", ".join(f"{name} {count}" for name, count in lists.items())
            raise ValueError(f"every list needs an entry a regime, the same number and at least 2: {told}")
        if self.values is not None:
            factors = [_factors(entry) for entry in self.values]
            if set(factors[0]) != {1.0} or not all(0.0 < one <= 1.0 for entry in factors for one in entry):
                raise ValueError(f"values = {list(self.values)}: factors above 0 up to 1, the first of them 1")
        return self

    @property
    def count(self) -> int:
        """How many regimes there are."""
        lists = [*self.levers.values(), *(one for one in (self.values, self.absent) if one is not None)]
        return len(lists[0])


def _factors(entry: float | tuple[float, ...]) -> tuple[float, ...]:
    """The factors of a regime: one for all agents, or one each."""
    return entry if isinstance(entry, tuple) else (entry,)


class State(NamedTuple):
    """Regimes of a batch of markets."""

    regime: Annotated[Int64s, Column(np.int64, (), "the regime of the coming tick, from 0")]
    shut: Annotated[Bools, Column(np.bool_, ("agents",), "it is not there in the coming tick for that reason")]


class Params(NamedTuple):
    """Constants of the part; what does not change is None."""

    every: int
    regimes: int
    max_cycles: int
    money: Int64s | None  # micro-credits (regimes, levers)
    money_at: Int64s | None  # their places
    numbers: Float64s | None  # (regimes, levers)
    numbers_at: Int64s | None
    values: Float64s | None  # factors (regimes, agents)
    absent: Bools | None  # (regimes, agents)


def _params(scenario: Scenario, section: RegimesSection) -> Params:
    own = [slot for slot in slots(scenario) if slot.lever.name in section.levers]
    found: dict[str, tuple[Any, Any]] = {"money": (None, None), "numbers": (None, None)}
    for column in found:
        theirs = [slot for slot in own if slot.column == column]
        if theirs:
            levels = np.array([section.levers[slot.lever.name] for slot in theirs], dtype=np.float64).T
            kept = np.asarray(to_money(levels), dtype=np.int64) if column == "money" else levels
            found[column] = (np.ascontiguousarray(kept), np.array([slot.at for slot in theirs], dtype=np.int64))
    absent = None
    if section.absent is not None:
        seats = range(scenario.num_agents)
        absent = np.array([[i in there for i in seats] for there in section.absent], dtype=np.bool_)
    values = None
    if section.values is not None:
        rows = [np.broadcast_to(_factors(entry), scenario.num_agents) for entry in section.values]
        values = np.array(rows, dtype=np.float64)
    return Params(section.every, section.count, scenario.max_cycles, *found["money"], *found["numbers"], values, absent)


@compiled
def regime_at(tick: int, every: int, count: int) -> int:
    """The regime of a tick."""
    return (tick // every) % count


@compiled
def _set_money(k: int, regime: int, world: Any, money: Int64s | None, at: Int64s | None) -> None:
    if money is not None and at is not None:
        for lever in range(at.shape[0]):
            world.levers.money[k, at[lever]] = money[regime, lever]


@compiled
def _set_numbers(k: int, regime: int, world: Any, numbers: Float64s | None, at: Int64s | None) -> None:
    if numbers is not None and at is not None:
        for lever in range(at.shape[0]):
            world.levers.numbers[k, at[lever]] = numbers[regime, lever]


@compiled
def begin(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """An episode begins in the first regime."""
    own = params.regimes
    world.regimes.regime[k] = 0
    _set_money(k, 0, world, own.money, own.money_at)
    _set_numbers(k, 0, world, own.numbers, own.numbers_at)
    for i in range(world.regimes.shut.shape[1]):
        world.regimes.shut[k, i] = False


@compiled
def turn(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Moves the levers for the coming tick; its values are drawn after that."""
    own = params.regimes
    regime = regime_at(world.market.tick[k] + 1, own.every, own.regimes)
    world.regimes.regime[k] = regime
    _set_money(k, regime, world, own.money, own.money_at)
    _set_numbers(k, regime, world, own.numbers, own.numbers_at)


@compiled
def _scale(k: int, regime: int, world: Any, factors: Float64s | None) -> None:
    if factors is not None:
        values = world.market.values[k]
        for i in range(values.shape[0]):
            values[i] = np.int64(np.floor(float(values[i]) * factors[regime, i] + 0.5))


@compiled
def _shut_out(k: int, regime: int, world: Any, absent: Bools | None, buffers: StepBuffers) -> None:
    if absent is not None:
        for i in range(absent.shape[1]):
            world.regimes.shut[k, i] = absent[regime, i] & buffers.action_mask[k, i]
            buffers.action_mask[k, i] = buffers.action_mask[k, i] & (not absent[regime, i])


@compiled
def gate(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Makes the drawn values those of the regime, and shuts out who is not there."""
    if world.market.tick[k] < params.regimes.max_cycles:
        _scale(k, world.regimes.regime[k], world, params.regimes.values)
        _shut_out(k, world.regimes.regime[k], world, params.regimes.absent, buffers)


@compiled
def strike(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Strikes the bids of those who are not there."""
    if world.regimes.shut[k, i]:
        withdraw(k, i, world.market)


@compiled
def lift(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes back what the last tick shut: a market need not write the whole mask at every tick."""
    if world.regimes.shut[k, i]:
        buffers.action_mask[k, i] = True
        world.regimes.shut[k, i] = False


def _moves(scenario: Scenario, section: RegimesSection) -> Mapping[str, tuple[float, float]]:
    return {name: (min(levels), max(levels)) for name, levels in section.levers.items()}


def _check(scenario: Scenario, section: RegimesSection) -> str | None:
    if scenario.kind.one_sale:
        return "an episode is one sale here, with no later tick to change in: choose a market of several (max_cycles)"
    if scenario.max_cycles <= section.every:
        return f"every = {section.every}: an episode of {scenario.max_cycles} ticks never comes to the second regime"
    wrong = [i for there in section.absent or () for i in there if not 0 <= i < scenario.num_agents]
    if wrong:
        return f"absent names agent {wrong[0]}: agents are 0 to {scenario.num_agents - 1}"
    odd = [
        len(_factors(entry)) for entry in section.values or () if len(_factors(entry)) not in (1, scenario.num_agents)
    ]
    if odd:
        return (
            f"values: a regime has {odd[0]} factors, there are {scenario.num_agents} agents: give one, or one an agent"
        )
    if section.values is not None and not scenario.kind.fresh_values(scenario):
        return f"values: no agent of {scenario.id} draws one private value every tick: leave it out"
    return None


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"regime": world.regimes.regime.astype(np.float64)}


PART = Part(
    name="regimes",
    summary="Every so many ticks rules, values or who is there change, in turn.",
    config=RegimesSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": begin, "adjust": turn, "gate": gate, "strike": strike, "release": lift},
    shuts=lambda world: world.regimes.shut,
    series=_series,
    check=_check,
    moves=_moves,
)
