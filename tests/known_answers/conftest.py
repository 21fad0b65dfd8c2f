"""Auctions played through the engine under a known bid function."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.mechanisms import mechanism
from econo_env.valuations.places import places_of


class Auctions:
    """One-shot auctions: values, units won and payments in credits, each of shape (markets, agents)."""

    def __init__(self, name, markets=200_000, seed=0, bid_function=None, **overrides):
        scenario = econo_env.load(name, bids="amount", **overrides)
        engine = Engine(scenario, markets)
        engine.reset(seed)
        self.values = engine.state.values / 1e6
        highest = scenario.highest_value
        if bid_function is None:
            places = places_of(scenario.priors()[0])
            equilibrium = mechanism(name).equilibrium(places, scenario.num_agents, scenario.mechanism)
            self.bids = equilibrium(self.values)
            self.bids[self.values < scenario.mechanism.reserve] = 0.0
        else:
            self.bids = bid_function(self.values)
        # a bid function without bound is cut to what the action space allows
        self.bids = np.minimum(self.bids, scenario.largest_amount)
        engine.step((self.bids / (scenario.largest_bid / 2.0 * highest) - 1.0)[..., None])
        self.allocation, self.payments = engine.state.award.units, engine.state.award.pays / 1e6
        self.utility = engine.buffers.rewards
        assert engine.buffers.invalid_actions.sum() == 0

    @property
    def revenues(self):
        return self.payments.sum(axis=1)


@pytest.fixture(scope="session")
def auctions():
    """`auctions(name, ...)`: that mechanism played in equilibrium, or under `bid_function`."""
    return Auctions


def close(samples, exact, errors=4.0):
    """Whether the mean lies within that many standard errors of the exact figure."""
    samples = np.asarray(samples, dtype=float).ravel()
    return abs(samples.mean() - exact) <= errors * samples.std() / np.sqrt(samples.size) + 1e-6


@pytest.fixture(scope="session")
def within_errors():
    """`within_errors(samples, exact)`: the mean is within 4 standard errors of the exact figure."""
    return close
