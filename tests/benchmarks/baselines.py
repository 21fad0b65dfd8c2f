"""What the engine is compared with: the same first-price market in vectorised NumPy and in plain Python."""

import numpy as np


class NumpyFirstPrice:
    """Vectorised NumPy, values from a NumPy generator: draw, bid, clear, pay, observe for all markets at once."""

    def __init__(self, num_markets, num_agents):
        self.rng = np.random.default_rng(0)
        self.shape = (num_markets, num_agents)
        self.rows = np.arange(num_markets)
        self.observations = np.ones((*self.shape, 2), dtype=np.float32)
        self._draw()

    def _draw(self):
        self.values = self.rng.random(self.shape)
        self.observations[..., 0] = self.values

    def step(self, actions):
        bids = (1.0 + actions[..., 0]) * self.values
        winners = bids.argmax(axis=1)
        rewards = np.zeros(self.shape)
        rewards[self.rows, winners] = self.values[self.rows, winners] - bids[self.rows, winners]
        self._draw()
        return self.observations, rewards


class PythonFirstPrice:
    """The same for one market as dicts, the way a hand-written `ParallelEnv` does it."""

    def __init__(self, num_agents):
        self.rng = np.random.default_rng(0)
        self.agents = [f"bidder_{i}" for i in range(num_agents)]

    def reset(self):
        self.values = {agent: self.rng.random() for agent in self.agents}
        return {agent: np.array([value, 1.0], dtype=np.float32) for agent, value in self.values.items()}, {}

    def step(self, actions):
        bids = {agent: (1.0 + float(actions[agent][0])) * self.values[agent] for agent in self.agents}
        winner = max(bids, key=bids.get)
        rewards = {agent: self.values[agent] - bids[agent] if agent == winner else 0.0 for agent in self.agents}
        observations = {agent: np.array([self.values[agent], 0.0], dtype=np.float32) for agent in self.agents}
        over = dict.fromkeys(self.agents, True)
        return observations, rewards, over, dict.fromkeys(self.agents, False), {agent: {} for agent in self.agents}
