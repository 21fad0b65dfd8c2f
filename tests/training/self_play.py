"""How good learned bids are: in a first-price auction on exact grids, and in clocks beside sealed bids."""

from typing import NamedTuple

import numpy as np

from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.policies import make_policy

VALUES = (np.arange(2000) + 1.0) / 2000
RIVALS = (np.arange(100_000) + 0.5) / 100_000
BIDS = np.linspace(0.0, 1.0, 8001)
MICRO = 1_000_000


class Judgement(NamedTuple):
    """Relative utility loss, and the largest distance from equilibrium where winning is likelier than 5 %."""

    loss: float
    error: float


def judge(bid_function, n: int) -> Judgement:
    """Self-play on U[0, 1]: 1 - u(b) / u(best response), rivals' bids as a fine stratified sample of values."""
    bids, rivals = bid_function(VALUES), np.sort(bid_function(RIVALS))

    def wins(amounts):  # ties have no weight but at plateaus, where each of two sides wins half of them
        left, right = (np.searchsorted(rivals, amounts, side=side) for side in ("left", "right"))
        return ((left + right) / 2 / len(rivals)) ** (n - 1)

    utility = ((VALUES - bids) * wins(bids)).mean()
    grid = wins(BIDS)
    best = np.mean([np.max((value - BIDS) * grid) for value in VALUES])
    likely = VALUES ** (n - 1) > 0.05
    return Judgement(float(1 - utility / best), float(np.abs(bids - (n - 1) / n * VALUES)[likely].max()))


def bids_of(run, scenario):
    """The bid function of a run, values in [0, 1] to bids."""
    policy = make_policy(run, scenario)

    def bid(values):
        observations = np.stack([values, np.ones_like(values)], axis=1).astype(np.float32)[:, None]
        return (1.0 + policy.act(observations, np.ones((len(values), 1), bool))[:, 0, 0]) * values

    return bid


def stops_of(run, scenario):
    """The price at which a run's agent takes a falling clock, or first refuses a rising one, by its value."""

    def stop(values):
        engine = Engine(scenario, len(values))
        engine.reset(0)
        market, policy = market_of(scenario), make_policy(run, scenario)
        for agent in range(scenario.num_agents):
            market.types.put(scenario, engine, agent, np.asarray(values)[:, None])
        engine.show()
        market.judging.bids.reveal(engine, lambda: policy.act(engine.buffers.observations, engine.buffers.action_mask))
        last_yes = engine.state.bids[:, 0] / MICRO
        return last_yes if scenario.row().falling else last_yes + scenario.mechanism.increment

    return stop


def prices_of(run, scenario, markets, seed):
    """What is paid in each of many sales among a run's agents, in credits; the same seed gives the same values."""
    engine, policy = Engine(scenario, markets), make_policy(run, scenario)
    engine.reset(seed)
    prices, live = np.zeros(markets), np.ones(markets, dtype=bool)
    while live.any():
        engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
        prices = np.where(live & engine.buffers.ended, engine.state.award.pays.sum(axis=1) / MICRO, prices)
        live &= ~engine.buffers.ended
    return prices


class ClockGap(NamedTuple):
    """How far a learned clock is from a learned sealed bid, in ticks of the clock.

    Attributes:
        worst: Largest distance between the price at which the agent stops and the bid, values of win probability > 5 %.
        mean: The same, averaged over values by win probability.
        prices: Share of sales, on the same draws, whose prices are within one tick of each other.
    """

    worst: float
    mean: float
    prices: float


def clock_gap(clock_run, clock, sealed_run, sealed) -> ClockGap:
    """Compares two runs for two bidders on U[0, 1]."""
    tick = clock.mechanism.increment
    gaps = np.abs(stops_of(clock_run, clock)(VALUES) - bids_of(sealed_run, sealed)(VALUES)) / tick
    paid = [prices_of(run, scenario, 20_000, 7) for run, scenario in ((clock_run, clock), (sealed_run, sealed))]
    close = np.abs(paid[0] - paid[1]) <= tick
    return ClockGap(float(gaps[VALUES > 0.05].max()), float(np.average(gaps, weights=VALUES)), float(close.mean()))
