"""What a policy is, and the table of those that go by a name, which `econo_env.policies` fills with its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from econo_env.table import Table

Observations = NDArray[np.float32]
Actions = NDArray[np.float32]
Mask = NDArray[np.bool_]


@runtime_checkable
class Policy(Protocol):
    """A bidding strategy, a rule or something learned, for many agents at once.

    Attributes:
        name: What tables and reports call it.
    """

    name: str

    def reset(self, seed: int) -> None:
        """Starts over: the same seed leads to the same actions. Policies without luck or memory do nothing."""
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
    make: Callable[..., Policy]
    options: tuple[str, ...] = ()


POLICIES: Table[Row] = Table("policy", "econo_env.policies", tuple, Row)


def register_policy(row: Row) -> Row:
    """Makes a policy known: to `make_policy`, and by its name to every command that takes a policy.

    Raises:
        TypeError: It is no `Row`.
        ValueError: Another policy has its name.
    """
    return POLICIES.register(row)
