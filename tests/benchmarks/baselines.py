"""What the engine is compared with: the same first-price market in vectorised NumPy and in plain Python."""

import numpy as np

from econo_env.engine import rng
from econo_env.money import CREDIT, MICRO


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


class FullNumpyFirstPrice:
    """first_price_v0 with U[0, 1], in vectorised NumPy, to the bit: what the engine does, and nothing less.

    Whole micro-credits, ties by lot, actions checked and counted, flags, last observations, a reset every step, and
    draws that are a function of each market's own key, so that market k of the batch is the market alone.
    """

    def __init__(self, num_markets, num_agents, seed=0):
        self.shape, self.rows = (num_markets, num_agents), np.arange(num_markets)
        self.keys = rng.market_keys(seed, num_markets)
        self.agents = np.arange(num_agents, dtype=np.uint64)
        self.episode = np.zeros(num_markets, dtype=np.uint64)
        self.invalid_actions = np.zeros(num_markets, dtype=np.int64)
        self.observations, self.final = np.zeros((2, *self.shape, 2), dtype=np.float32)
        self.action_mask = np.ones(self.shape, dtype=bool)
        self._draw()

    def _bits(self, rows, stream):
        """Philox4x32-10 of (key, tick 0, stream, agent, episode), the first word of each block, (rows, agents)."""
        low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
        multiplier_0, multiplier_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
        keys, shape = self.keys[rows, None], (len(rows), self.shape[1])
        key_0, key_1 = keys & low, keys >> half
        zero, one = np.zeros(shape, dtype=np.uint64), np.full(shape, stream, dtype=np.uint64)
        two, three = np.broadcast_to(self.agents, shape), np.broadcast_to(self.episode[rows, None], shape)
        for _ in range(10):
            product_0, product_1 = multiplier_0 * zero, multiplier_1 * two
            zero, one = (product_1 >> half) ^ one ^ key_0, product_1 & low
            two, three = (product_0 >> half) ^ three ^ key_1, product_0 & low
            key_0, key_1 = key_0 + np.uint64(0x9E3779B9) & low, key_1 + np.uint64(0xBB67AE85) & low
        return zero | one << half

    def _draw(self):
        shares = (self._bits(self.rows, rng.VALUES) >> np.uint64(11)) * rng.TWO_TO_MINUS_53
        self.values = np.floor(shares * MICRO + 0.5).astype(np.int64)
        self.observations[..., 0] = self.values * (1.0 / MICRO)
        self.observations[..., 1] = 1.0

    def step(self, actions):
        action = actions[..., 0].astype(np.float64)
        valid = (action >= -1.0) & (action <= 1.0)
        self.invalid_actions += (~valid).sum(axis=1)
        bids = np.where(valid, np.floor((1.0 + np.where(valid, action, 0.0)) * self.values + 0.5), -1).astype(np.int64)
        best = bids.max(axis=1)
        leads = bids == best[:, None]
        winners = leads.argmax(axis=1)
        tied = np.flatnonzero(leads.sum(axis=1) > 1)
        if tied.size:
            tickets = np.where(leads[tied], self._bits(tied, rng.LOTTERY), np.uint64(0))
            winners[tied] = tickets.argmax(axis=1)
        allocation, payments = np.zeros((2, *self.shape), dtype=np.int64)
        sold = best >= 0
        allocation[self.rows[sold], winners[sold]] = 1
        payments[self.rows[sold], winners[sold]] = best[sold]
        rewards = (allocation * self.values - payments) * CREDIT
        ended = np.ones(self.shape[0], dtype=bool)
        terminated = np.repeat(ended[:, None], self.shape[1], axis=1)
        truncated = np.zeros(self.shape, dtype=bool)
        self.final[...] = self.observations
        self.final[..., 1] = 0.0
        self.episode += np.uint64(1)
        self._draw()
        infos = {"ended": ended, "final_obs": self.final, "invalid_actions": self.invalid_actions}
        return self.observations, rewards, terminated, truncated, infos | {"action_mask": self.action_mask}


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
