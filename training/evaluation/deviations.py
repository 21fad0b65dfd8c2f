"""Deviations from a policy that hold at every tick of an episode, and an actor that plays them.

A deviation is a list of changes of the own action, each at once or only where the own standing asks for it: where a
feature of the own observation, or a component of the policy's own move, lies above or below a threshold.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from econo_env.player import Players
from econo_env.policy import Policy

Float32s = NDArray[np.float32]


@dataclass(frozen=True)
class Condition:
    """Where a change holds.

    Attributes:
        column: Of the own observation's features, followed by the components of the policy's own move.
        threshold: What the column is compared with.
        above: Whether it must lie above the threshold, or else not above it.
    """

    column: int
    threshold: float
    above: bool


@dataclass(frozen=True)
class Change:
    """One change of the own action.

    Attributes:
        component: Of the action.
        amount: The new value, or what is added to the policy's own one; the sum is kept within [-1, 1].
        shift: Whether it is added.
        where: At which ticks; None for all.
    """

    component: int
    amount: float
    shift: bool
    where: Condition | None = None

    def words(self, actions: tuple[str, ...], features: tuple[str, ...]) -> str:
        """The change in words, by the names of the actions' components and of the observations' features."""
        done = f"{actions[self.component]} {'shifted by' if self.shift else '='} {self.amount:+.4g}"
        if self.where is None:
            return done
        column = (*features, *(f"its own {action}" for action in actions))[self.where.column]
        return f"{done} where {column} {'>' if self.where.above else '<='} {self.where.threshold:.4g}"


Deviation = tuple[Change, ...]


def only_where(deviation: Deviation, condition: Condition) -> Deviation:
    """The deviation, all of it under the condition."""
    return tuple(replace(change, where=condition) for change in deviation)


class Deviating(Players):
    """Everybody follows a policy but one agent, which changes its own moves."""

    def __init__(self, policy: Policy, agent: int, deviation: Deviation) -> None:
        """Binds the deviation; the policy's own luck and memory go on as they would."""
        super().__init__(policy)
        self.policy, self.agent, self.deviation = policy, agent, deviation

    def reset(self, seed: int) -> None:
        """Restarts the policy."""
        self.policy.reset(seed)

    def act(self, observations: Float32s, mask: NDArray[np.bool_]) -> Float32s:
        """The policy's actions (..., agents, components), the deviating agent's changed where it may act."""
        actions = np.array(self.policy.act(observations, mask), dtype=np.float32)
        own = actions[..., self.agent, :].copy()
        standing = np.concatenate([observations[..., self.agent, :], own], axis=-1)
        for change in self.deviation:
            moved = np.clip(own[..., change.component] * change.shift + change.amount, -1.0, 1.0)
            where = np.asarray(mask, dtype=np.bool_)[..., self.agent]
            if change.where is not None:
                above = standing[..., change.where.column] > change.where.threshold
                where = where & (above == change.where.above)
            actions[..., self.agent, change.component] = np.where(
                where, moved, actions[..., self.agent, change.component]
            )
        return actions


class Replaced(Players):
    """Everybody follows a policy but one agent, which follows another."""

    def __init__(self, policy: Policy, agent: int, other: Policy) -> None:
        """Both see what they would see if everybody followed them."""
        super().__init__(policy, other)
        self.policy, self.agent, self.other = policy, agent, other

    def reset(self, seed: int) -> None:
        """Restarts both."""
        self.policy.reset(seed)
        self.other.reset(seed)

    def act(self, observations: Float32s, mask: NDArray[np.bool_]) -> Float32s:
        """The policy's actions (..., agents, components), the one agent's from the other policy."""
        actions = np.array(self.policy.act(observations, mask), dtype=np.float32)
        actions[..., self.agent, :] = np.asarray(self.other.act(observations, mask))[..., self.agent, :]
        return actions
