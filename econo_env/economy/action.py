"""What agents do beside bidding: actions that parts of the economy add after the market's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from econo_env.engine.compiled import compiled
from econo_env.engine.state import StepBuffers

if TYPE_CHECKING:
    from econo_env.economy.part import Part


@dataclass(frozen=True)
class Action:
    """One component of an action, in [-1, 1]; at 0 nothing happens.

    Attributes:
        name: One word; no other action of the scenario has it. Stages of each agent take what agent i sends by it.
        meaning: What -1, 0 and 1 do, and what lies between.
        unmasked: Whether agents are heard that may not act by `action_mask` too: those who may not bid and still have
            something to do.
        follows: The feature that baselines send in it, such as 1 where there is something to report; None for 0.
    """

    name: str
    meaning: str
    unmasked: bool = False
    follows: str | None = None


def actions_of(parts: "Iterable[Part[Any]]") -> tuple[Action, ...]:
    """The actions that parts add, in the order of the parts."""
    return tuple(action for part in parts for action in part.actions)


@compiled
def heard(k: int, i: int, from_end: int, buffers: StepBuffers) -> float:
    """What agent i sends as one of the last components of its action, the last by 1; 0 for NaN or outside [-1, 1]."""
    value = float(buffers.actions[k, i, buffers.actions.shape[2] - from_end])
    return value if abs(value) <= 1.0 else 0.0


@compiled
def sent(k: int, i: int, from_end: int, buffers: StepBuffers) -> float:
    """What agent i is `heard` to send, 0, which does nothing, where it may not act."""
    return heard(k, i, from_end, buffers) if buffers.action_mask[k, i] else 0.0


@compiled
def count_invalid(k: int, i: int, added: int, buffers: StepBuffers) -> None:
    """Counts an agent whose last `added` components are not all in [-1, 1]; the market has counted its own ones."""
    own, wrong = buffers.actions.shape[2] - added, 0
    for component in range(own, own + added):  # to the end in any case, so that it becomes vector instructions
        wrong += 0 if abs(buffers.actions[k, i, component]) <= 1.0 else 1
    if wrong == 0:
        return
    for component in range(own):
        if not abs(buffers.actions[k, i, component]) <= 1.0:
            return
    buffers.invalid_actions[k] += buffers.action_mask[k, i]
