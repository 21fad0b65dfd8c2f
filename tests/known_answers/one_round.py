"""One round of a sealed-bid scenario in equilibrium, and what deviating from it would gain."""

import numpy as np

import econo_env
from econo_env.engine.engine import Engine
from econo_env.markets.sealed_bid.equilibria import equilibrium_bids
from econo_env.markets.sealed_bid.strategies import bid_actions

MARKETS = 200_000


class Played:
    """One round in equilibrium: values, bids, payments in credits, rewards."""

    def __init__(self, name, markets=MARKETS, seed=0, **fields):
        self.scenario = econo_env.load(name, **({"bids": "amount"} | fields))
        self.engine = Engine(self.scenario, markets)
        self.engine.reset(seed)
        self.values = self.engine.state.values / 1e6
        self.bids = equilibrium_bids(self.scenario)(self.values)
        self.start = self.engine.snapshot()
        self.play(np.ones(self.scenario.num_agents))
        self.payments = self.engine.state.award.pays / 1e6
        self.rewards = self.engine.buffers.rewards.copy()

    def play(self, factors):
        self.engine.restore(self.start)
        shown = self.engine.buffers.observations
        self.engine.step(bid_actions(self.scenario, shown, self.bids * factors))

    def gain_of(self, factor):
        """What bidder 0 gains by bidding that multiple of its equilibrium bid, mean and standard error."""
        factors = np.ones(self.scenario.num_agents)
        factors[0] = factor
        self.play(factors)
        gain = self.engine.buffers.rewards[:, 0] - self.rewards[:, 0]
        return gain.mean(), gain.std() / np.sqrt(gain.size)


def nobody_gains(played, factors=(0.7, 0.85, 0.95, 1.05, 1.15, 1.3), overbidding_costs=True):
    """No multiple of the bid is better than the equilibrium, up to 3 standard errors; a far one is clearly worse."""
    gains = [played.gain_of(factor) for factor in factors]
    assert gains[0][0] < -3 * gains[0][1]
    assert not overbidding_costs or gains[-1][0] < -3 * gains[-1][1]
    return all(mean <= 3 * error for mean, error in gains)
