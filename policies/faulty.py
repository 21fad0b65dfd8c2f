"""Faults on purpose: a level that gives actions that are none, comes too late, or earns badly, from a tick on."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from econo_env.player import Players
from econo_env.policy import Actions, Mask, Memory, Named, Observations, Rewards
from econo_env.population import Fault

_TICK = "faulty/tick"


class Faulty(Players):
    """Plays a policy, and its faults when their time has come; ticks are counted from the start of play.

    Attributes:
        name: The policy's.
        faults: What goes wrong, and when.
    """

    def __init__(self, policy: Named, faults: Sequence[Fault], sleep: Callable[[float], None] = time.sleep) -> None:
        """Takes a policy; `sleep` waits so many seconds."""
        super().__init__(policy)
        self.name, self.faults, self._policy, self._sleep = policy.name, tuple(faults), policy, sleep
        self._ticks = np.zeros(0, dtype=np.int64)

    def reset(self, seed: int) -> None:
        """Starts over: faults come again."""
        self._policy.reset(seed)
        self._ticks = np.zeros(0, dtype=np.int64)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The policy's actions, or what goes wrong."""
        actions = np.array(self._policy.act(observations, mask), dtype=np.float32)
        if not len(self._ticks):
            self._ticks = np.zeros(len(mask), dtype=np.int64)
        for fault in self.faults:
            now = (self._ticks >= fault.tick) & (self._ticks < fault.tick + fault.ticks)
            if not now.any():
                continue
            if fault.kind == "late":
                self._sleep(fault.seconds)
            else:
                actions[now[:, None] & np.asarray(mask, dtype=np.bool_)] = (
                    np.nan if fault.kind == "nan" else fault.action
                )
        return actions

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Counts ticks."""
        super().observe(rewards, ended)
        self._ticks = self._ticks + 1

    def snapshot(self) -> Memory:
        """What the policy remembers, and the tick."""
        return {**super().snapshot(), _TICK: self._ticks.copy()} if len(self._ticks) else {}

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        super().restore({name: array for name, array in memory.items() if name != _TICK})
        self._ticks = memory[_TICK].copy() if _TICK in memory else np.zeros(0, dtype=np.int64)
