"""What a policy is: one protocol of all who act, and the table of those that go by a name.

It stands below interfaces, policies and training, so that all of them mean the same. A policy with memory implements
`Remembering`; those who run markets hand policies to an `econo_env.player.Player`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from econo_env.scenario import Scenario
from econo_env.table import Table

Observations = NDArray[np.float32]
Actions = NDArray[np.float32]
Rewards = NDArray[np.float64]
Mask = NDArray[np.bool_]
Memory = Mapping[str, NDArray[Any]]
"""What a policy remembers, array by array; the first axis of each is the market."""


@runtime_checkable
class Policy(Protocol):
    """A strategy, a rule or something learned, for many agents at once."""

    def reset(self, seed: int) -> None:
        """Starts over: nothing is remembered, and the same seed leads to the same luck.

        How many markets and agents there are, the first `act` that follows tells by its shapes.
        """
        ...

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Chooses actions.

        Args:
            observations: float32 (..., features), usually (markets, agents, features).
            mask: bool (...), False where an agent may only do nothing; the action is 0 there.

        Returns:
            float32 (..., components) in [-1, 1].
        """
        ...


@runtime_checkable
class Remembering(Policy, Protocol):
    """A policy whose actions depend on what came before in the same market.

    From a `reset` on, runners alternate `act` and `observe`, always for the same markets and agents in the same order.
    What is remembered is kept for each market, and agent where agents differ, in arrays (markets, ...) or
    (markets, agents, ...), and never flows between markets: a market in a batch is then the market alone.

    Luck is no memory: a `restore` leaves it where it stands, and no `observe` draws any.
    """

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Takes in what came of the actions of the last `act`; called once after every tick.

        Args:
            rewards: float64 (markets, agents), what each agent of the last `act` earned in the tick, in credits.
            ended: bool (markets,), whose episode ended with this tick, or was broken off, with rewards 0. The next
                `act` sees another episode there: what holds for one episode is forgotten. Markets that are over and
                are not started anew stay True; nothing counts in them.
        """
        ...

    def snapshot(self) -> Memory:
        """A copy of all that is remembered, empty before the first `act`. The first axis of each array is the market.

        Searches replay a tick, or follow markets on in two ways: they take, repeat and join markets of snapshots.
        """
        ...

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot, perhaps of other markets or another number of them; it is not to be changed.

        An empty one is of nothing yet remembered.
        """
        ...


@runtime_checkable
class Named(Policy, Protocol):
    """A policy that tables and reports can call by its name."""

    name: str


@runtime_checkable
class Noted(Policy, Protocol):
    """A policy that reports add a sentence to, such as how near to an equilibrium it is; empty where there is none."""

    note: str


@runtime_checkable
class Bound(Policy, Protocol):
    """A policy that was made for one scenario."""

    scenario: Scenario


@runtime_checkable
class WholeMarket(Policy, Protocol):
    """A policy that may want to see all agents of a market, as seats are played in different ways.

    Attributes:
        wants_all_seats: Observations come for all agents, (..., agents, features), and so do actions, whichever seats
            it plays.
    """

    wants_all_seats: bool


@dataclass(frozen=True)
class Row:
    """One policy of the table.

    Attributes:
        name: What `make_policy` takes.
        summary: The strategy in one sentence.
        make: `make(scenario, seed, **options)`; a wrong option raises ValueError.
        options: Names of the options it takes.
    """

    name: str
    summary: str
    make: Callable[..., Named]
    options: tuple[str, ...] = ()


def masked(actions: Actions, mask: Mask) -> Actions:
    """The actions with 0 where an agent may only do nothing."""
    return np.where(np.asarray(mask, dtype=np.bool_)[..., None], actions, np.float32(0.0))


POLICIES: Table[Row] = Table("policy", "econo_env.policies", tuple, Row)
"""Those that go by a name; `econo_env.policies` fills it with its own."""


def register_policy(row: Row) -> Row:
    """Makes a policy known: to `make_policy`, and by its name to every command that takes a policy.

    Raises:
        TypeError: It is no `Row`.
        ValueError: Another policy has its name.
    """
    return POLICIES.register(row)
