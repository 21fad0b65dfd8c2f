"""What a kind of market offers to those who judge false names: one agent under several of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from econo_env.scenario import Scenario

Floats = NDArray[np.float64]
S = TypeVar("S", bound=Scenario)
S_contra = TypeVar("S_contra", bound=Scenario, contravariant=True)
T = TypeVar("T", bound=tuple[Any, ...])


class PlayNames(Protocol[S_contra]):
    """What an agent earns under its names against each profile of rivals."""

    def __call__(self, scenario: S_contra, agent: int, type_: Floats, own: Any, rivals: Any, keys: Any, /) -> Floats:
        """Utility in credits, shape (strategies, profiles).

        `type_` (components,) is the agent's true type; `own` (strategies, names, components of a report) and `rivals`
        (profiles, agents - 1, components) are reports in micro-credits, negative for no bid; `keys` (profiles,) draw
        the tie lotteries, the same for every strategy.
        """
        ...


@dataclass(frozen=True)
class FalseNames(Generic[S, T]):
    """How one agent takes part in a market of one round under several names.

    Attributes:
        reports: What everybody reported in the last tick, micro-credits, (markets, agents, components), -1 for nothing.
        splits: Ways to act under exactly so many names: (scenario, agent, type, own report (components,), names), int64
            (strategies, names, components); none is an empty array.
        play: What the names earn together.
        misfit: Why the scenario does not fit, in words; None where it does, as all do by default.
        merged: The bids of several names, (names, components), as one report, as far as one can make them.
    """

    reports: Callable[[S, T], Any]
    splits: Callable[[S, int, Floats, Any, int], Any]
    play: PlayNames[S]
    misfit: Callable[[S], str | None] = lambda _: None
    merged: Callable[[S, Any], Any] | None = None
