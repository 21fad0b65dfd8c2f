"""How those who run markets drive a policy, so that its memory, if it has one, is always that of the market it sees."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.state import Bools, Float32s, Float64s
from econo_env.policy import Memory, Policy, Remembering


@runtime_checkable
class _Observing(Policy, Protocol):
    """A policy that wants to be told, whether or not its memory can be replayed."""

    def observe(self, rewards: Float64s, ended: Bools) -> None:
        """As in `Remembering`."""
        ...


class Player:
    """A policy in the hands of one who runs markets; itself a policy with memory, empty where the policy has none.

    Attributes:
        policy: The policy.
    """

    def __init__(self, policy: Policy) -> None:
        """Takes a policy.

        Raises:
            ValueError: It has `observe`, but lacks `snapshot` or `restore`, without which no search can replay it.
        """
        self.policy = policy
        self._remembering = policy if isinstance(policy, Remembering) else None
        if self._remembering is None and isinstance(policy, _Observing):
            raise ValueError(
                f"{type(policy).__name__} has observe(rewards, ended) but not snapshot() and restore(memory): a policy "
                "with memory has all three, or searches for deviations could not replay it"
            )

    def reset(self, seed: int) -> None:
        """Starts the policy over."""
        self.policy.reset(seed)

    def act(self, observations: Float32s, mask: Bools) -> Float32s:
        """The policy's actions."""
        return self.policy.act(observations, mask)

    def observe(self, rewards: Float64s, ended: Bools) -> None:
        """Tells the policy of a tick, if it remembers; it gets copies."""
        if self._remembering is not None:
            self._remembering.observe(rewards.copy(), ended.copy())

    def break_off(self, where: Bools, agents: int) -> None:
        """Tells of episodes, bool (markets,), that go no further, though no tick has ended them; of others nothing.

        Args:
            where: The markets.
            agents: How many agents of each the policy is asked for.
        """
        before = self.snapshot()
        if before and where.any():
            self.observe(np.zeros((len(where), agents)), where)
            self.keep(before, ~where)

    def keep(self, before: Memory, where: Bools) -> None:
        """Puts the memory of some markets, bool (markets,), back to what a snapshot holds of them."""
        if self._remembering is None or not where.any():
            return
        kept = {name: array.copy() for name, array in self._remembering.snapshot().items()}
        for name, array in before.items():
            kept[name][where] = array[where]
        self._remembering.restore(kept)

    def snapshot(self) -> Memory:
        """A copy of what the policy remembers, empty where it has no memory."""
        return {} if self._remembering is None else self._remembering.snapshot()

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        if self._remembering is not None:
            self._remembering.restore(memory)


class Players:
    """What is common to policies that are made of others: they pass on what they are told, and remember together."""

    def __init__(self, *policies: Policy) -> None:
        self._players = tuple(Player(policy) for policy in policies)

    def observe(self, rewards: Float64s, ended: Bools) -> None:
        """Tells everybody of a tick; see `Remembering`."""
        for player in self._players:
            player.observe(rewards, ended)

    def snapshot(self) -> Memory:
        """What everybody remembers; see `Remembering`."""
        parts = enumerate(player.snapshot() for player in self._players)
        return {f"{number}/{name}": array for number, part in parts for name, array in part.items()}

    def restore(self, memory: Memory) -> None:
        """Hands everybody what it remembered; see `Remembering`."""
        for number, player in enumerate(self._players):
            start = f"{number}/"
            player.restore({key.removeprefix(start): a for key, a in memory.items() if key.startswith(start)})


def markets_of(memory: Memory, which: NDArray[Any]) -> Memory:
    """The memory of some markets, by number or by a mask."""
    return {name: array[which] for name, array in memory.items()}


def joined(memories: list[Memory]) -> Memory:
    """The memory of the markets of several snapshots, one after the other."""
    return {name: np.concatenate([memory[name] for memory in memories]) for name in memories[0]}
