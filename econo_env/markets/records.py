"""What functions that several markets share ask of a scenario, its state and its constants: no more than they read."""

from typing import Protocol

from econo_env.economy.award import Award
from econo_env.economy.contracts import ValueSchedule
from econo_env.engine.state import Bools, Float64s, Int64s, UInt64s
from econo_env.valuations.drawing import DrawTables
from econo_env.valuations.priors import AnyPrior


class WithPriors(Protocol):
    """A scenario whose agents each draw from a prior."""

    def priors(self) -> tuple[AnyPrior, ...]: ...


class Rounds(Protocol):
    """A state with the clock of an episode and what the last tick decided."""

    @property
    def key(self) -> UInt64s: ...
    @property
    def episode(self) -> Int64s: ...
    @property
    def tick(self) -> Int64s: ...
    @property
    def award(self) -> Award: ...


class Values(Rounds, Protocol):
    """The same with one private value or cost an agent, micro-credits (markets, agents)."""

    @property
    def values(self) -> Int64s: ...


class Bids(Rounds, Protocol):
    """The same with the bids of the last tick, micro-credits (markets, bids), negative for none."""

    @property
    def bids(self) -> Int64s: ...


class Horizon(Protocol):
    """Constants: how many ticks an episode has, and whether the last one is a truncation."""

    @property
    def max_cycles(self) -> int: ...
    @property
    def truncates(self) -> bool: ...


class Draws(Horizon, Protocol):
    """The same with what values are drawn by, see `private_value.OfRounds`."""

    @property
    def prior_of(self) -> Int64s: ...
    @property
    def quantiles(self) -> DrawTables: ...


class Scales(Protocol):
    """Constants: what observations are scaled by, micro-credits."""

    @property
    def value_scale(self) -> float: ...
    @property
    def largest_amount(self) -> float: ...


class Tasks(Rounds, Protocol):
    """A state with a task on offer, and agents who may do it, at a private cost with a private reliability."""

    @property
    def task_value(self) -> Int64s: ...
    @property
    def openness(self) -> Float64s: ...
    @property
    def liability(self) -> Int64s: ...
    @property
    def active(self) -> Bools: ...
    @property
    def leaving(self) -> Bools: ...
    @property
    def cost(self) -> Int64s: ...
    @property
    def cost_scale(self) -> Float64s: ...
    @property
    def reliability(self) -> Float64s: ...
    @property
    def surplus(self) -> Float64s: ...
    @property
    def best_surplus(self) -> Float64s: ...
    @property
    def first_best(self) -> Float64s: ...


class TaskDraws(Protocol):
    """Constants: what tasks and agents are drawn by, and what work is worth."""

    @property
    def task_values(self) -> DrawTables: ...
    @property
    def cost_shares(self) -> DrawTables: ...
    @property
    def highest_cost_share(self) -> float: ...
    @property
    def reliabilities(self) -> DrawTables: ...
    @property
    def schedule(self) -> ValueSchedule: ...
    @property
    def stake_cap(self) -> float: ...
