"""A policy with memory, small enough to be right by sight."""

import numpy as np

from econo_env.policy import masked

LEVELS = np.array([-0.6, -0.3, -0.1, 0.0], dtype=np.float32)


class WinStay:
    """Win-stay, lose-shift: who earned something acts as before, others take the next of the levels in turn.

    The first episode of a market begins at the first level, each later one a level further on: who is told of the end
    of an episode twice, or not at all, plays otherwise.
    """

    name = "win_stay"

    def __init__(self, scenario=None):
        self._at = self._begun = None

    def reset(self, seed):
        self._at = self._begun = None

    def act(self, observations, mask):
        if self._at is None:
            self._at, self._begun = np.zeros(mask.shape, dtype=np.int64), np.zeros(mask.shape[:1], dtype=np.int64)
        return masked(LEVELS[self._at][..., None], mask)

    def observe(self, rewards, ended):
        assert rewards.shape == self._at.shape, "who acts is told what everybody that it acted for has earned"
        assert ended.shape == self._at.shape[:1]
        self._at = np.where(rewards > 0.0, self._at, (self._at + 1) % len(LEVELS))
        self._begun = self._begun + ended
        self._at[ended] = self._begun[ended, None] % len(LEVELS)

    def snapshot(self):
        return {} if self._at is None else {"at": self._at.copy(), "begun": self._begun.copy()}

    def restore(self, memory):
        self._at, self._begun = (memory["at"].copy(), memory["begun"].copy()) if memory else (None, None)


class Strict(WinStay):
    """Refuses to act twice without being told in between, and to be told twice of one tick."""

    name = "strict"

    def __init__(self, scenario=None):
        super().__init__(scenario)
        self.ticks, self.episodes, self._waits = 0, 0, False

    def reset(self, seed):
        super().reset(seed)
        self._waits = False

    def act(self, observations, mask):
        assert not self._waits, "it acted and was told nothing of the tick"
        self._waits = True
        return super().act(observations, mask)

    def observe(self, rewards, ended):
        assert self._waits, "it was told of a tick in which it did not act"
        self._waits = False
        self.ticks += 1
        self.episodes += int(ended.sum())
        super().observe(rewards, ended)


def by_hand(engine, policy, live, earned, discount=1.0):
    """Plays to the end of the live episodes without a runner; adds to `earned` (markets, agents), discounted."""
    buffers, weight = engine.buffers, 1.0
    while live.any():
        engine.step(policy.act(buffers.observations, buffers.action_mask))
        policy.observe(buffers.rewards, buffers.ended)
        earned += np.where(live[:, None], weight * buffers.rewards, 0.0)
        weight *= discount
        live = live & ~buffers.ended
    return earned
