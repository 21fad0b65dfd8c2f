"""What the market itself saw of an episode, beside what a client's adapter handed to its learner."""

from collections import defaultdict
from typing import Any

import numpy as np
from pettingzoo.utils.wrappers import BaseParallelWrapper

SCENARIOS = ("first_price_v0", "task_market_v0", "english_v0", "combinatorial_v1")
"""One sale of one round, one with bans and a long episode, a clock, and bids on bundles."""


APPOINTED: list["Referee"] = []
"""Every referee of the process: trainers that copy the maker of an environment still meet this list."""


class Referee(BaseParallelWrapper):
    """Passes everything through and keeps rewards, bans and ends of episodes, as the environment gave them.

    Attributes:
        episodes: For each finished episode, the sum of rewards of each agent, credits.
        bans: Agents that were terminated while others went on.
        steps: Steps over all episodes.
    """

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.episodes: list[dict[str, float]] = []
        self.rewards: list[dict[str, float]] = []
        self.bans = 0
        self.steps = 0
        self._sums: dict[str, float] = defaultdict(float)
        self._active = 0
        APPOINTED.append(self)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        self._sums = defaultdict(float)
        answer = super().reset(seed=seed, options=options)
        self._active = len(self.env.agents)
        return answer

    def step(self, actions: dict[str, Any]) -> Any:
        observations, rewards, terminations, truncations, infos = super().step(actions)
        self.steps += 1
        self.rewards.append(dict(rewards))
        for agent, reward in rewards.items():
            self._sums[agent] += reward
            assert np.isfinite(reward)
        active = getattr(self.unwrapped.engine.state, "active", None)
        if active is not None:  # only the task market bans
            self.bans += int(self._active) - int(active.sum()) if self.env.agents else 0
            self._active = active.sum()
        done = [terminations[a] or truncations[a] for a in rewards]
        if not self.env.agents or all(done):
            self.episodes.append(dict(self._sums))
        return observations, rewards, terminations, truncations, infos


def report(client: str, scenario: str, **figures: object) -> None:
    """One line a check, for the log of the test."""
    print(client, scenario, " ".join(f"{name}={value}" for name, value in figures.items()), flush=True)
