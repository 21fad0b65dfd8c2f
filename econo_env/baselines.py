"""Strategies that a kind of market offers to compare with, which act in every economy around it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.economy.action import actions_of
from econo_env.engine.state import Float32s
from econo_env.scenario import Scenario
from econo_env.valuations.bid_function import MIDDLE

Floats = NDArray[np.float64]
S = TypeVar("S", bound=Scenario)
S_contra = TypeVar("S_contra", bound=Scenario, contravariant=True)


class Equilibrium(Protocol[S_contra]):
    """The equilibrium action of every agent."""

    def __call__(self, scenario: S_contra, observations: Any, luck: ArrayLike = MIDDLE, /) -> Float32s:
        """`luck` in [0, 1], one a bidder, chooses where bidders mix.

        Raises:
            ValueError: None is known; the message gives the reason.
        """
        ...


@dataclass(frozen=True)
class BidActions(Generic[S]):
    """Bids in credits as actions.

    Attributes:
        values: The own values that observations show, credits, one a bid.
        place: The actions that place given bids: (scenario, observations, bids).
    """

    values: Callable[[S, ArrayLike], Floats]
    place: Callable[[S, ArrayLike, ArrayLike], Float32s]


@dataclass(frozen=True)
class CompiledActions:
    """A few actions to choose among, for compiled loops that play for every agent.

    Attributes:
        action_of: Compiled, `(constants, seen, number)`: the action for what one agent sees, (features,).
        constants: A NamedTuple, in it `fixed`, float32 (actions,), the actions that are the same whatever is seen, and
            `varies`, int64, the numbers of the others; both empty where all hang on what is seen.
    """

    action_of: Callable[..., float]
    constants: Any


@dataclass(frozen=True)
class Baselines(Generic[S]):
    """Strategies to compare with.

    Attributes:
        truthful: The true report of every agent: (scenario, observations).
        scaled: A multiple of the truth: (scenario, observations, factor).
        equilibrium: The equilibrium, which may be refused with the reason.
        bids: Bids as actions, where an action is a bid.
        multiples: The same actions as `scaled` for factors (n,), `(scenario, factors)`, where actions have one
            component and compiled loops may work them out; may return None.
        sale_begins: Where a sale goes through several ticks: who is at its start, (scenario, observations).
        holds_with: Parts of the economy with which the equilibrium is still one, where it is.
        keeps_limits: A bidder states a limit for a whole sale: rules that draw a limit by lot draw one an episode.
    """

    truthful: Callable[[S, Any], Float32s]
    scaled: Callable[[S, Any, ArrayLike], Float32s] | None = None
    equilibrium: Equilibrium[S] | None = None
    bids: BidActions[S] | None = None
    multiples: Callable[[S, Floats], CompiledActions | None] | None = None
    sale_begins: Callable[[S, ArrayLike], NDArray[np.bool_]] | None = None
    keeps_limits: bool = False
    holds_with: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Whole:
    """A strategy with 0 for what parts of an economy add; policies that hold it are pickled with environments.

    Attributes:
        make: The market's own actions.
    """

    make: Callable[..., Float32s]

    def __call__(self, scenario: Scenario, observations: Any, *arguments: Any) -> Float32s:
        """As the market makes them, and after them what the actions of the economy follow, 0 where that is nothing."""
        actions = self.make(scenario, observations, *arguments)
        added, first = actions_of(scenario.parts()), len(scenario.kind.actions(scenario))
        if actions.shape[-1] == first + len(added):
            return actions
        filled = np.pad(actions, [(0, 0)] * (actions.ndim - 1) + [(0, len(added))])
        for at, action in enumerate(added, start=first):
            if action.follows is not None:
                seen = scenario.kind.observations(scenario).index(action.follows)
                filled[..., at] = np.asarray(observations)[..., seen]
        return filled


def in_every_economy(baselines: Baselines[S]) -> Baselines[S]:
    """The baselines with what they send in the actions that parts of an economy add: what these follow, or nothing.

    Args:
        baselines: As the market has them; those that are whole already stay so.
    """
    bids, scaled, equilibrium = baselines.bids, baselines.scaled, baselines.equilibrium
    return replace(
        baselines,
        truthful=_Whole(baselines.truthful),
        scaled=None if scaled is None else _Whole(scaled),
        equilibrium=None if equilibrium is None else _Whole(equilibrium),
        bids=None if bids is None else replace(bids, place=_Whole(bids.place)),
    )
