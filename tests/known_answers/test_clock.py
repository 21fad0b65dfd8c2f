"""Clocks against their known answers: the sealed-bid auctions that they amount to, on the same draws."""

import numpy as np
import pytest
from scipy.stats import chisquare

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.markets.clock.scenario import sealed_form
from econo_env.markets.sealed_bid.strategies import bids_in_equilibrium
from econo_env.policies import make_policy
from econo_env.training.config import read_config
from econo_env.training.run import start_run
from econo_env.valuations.priors import Power, Uniform

MICRO = 1_000_000
ENGLISH = ("english", "english_open")
CLOCKS = (*ENGLISH, "dutch")
SEALED = {"english": "second_price", "english_open": "second_price", "dutch": "first_price"}


class Played:
    """Sales among bidders who follow `strategy(scenario, observations)`; money in whole micro-credits."""

    def __init__(self, name, strategy, markets=4000, seed=0, **overrides):
        scenario = econo_env.load(name, **overrides)
        engine = Engine(scenario, markets)
        engine.reset(seed)
        self.values = engine.state.values.copy()
        self.utility = np.zeros(self.values.shape)
        for _ in range(scenario.max_cycles):
            running = ~engine.buffers.ended
            engine.step(strategy(scenario, engine.buffers.observations), running)
            self.utility += np.where(running[:, None], engine.buffers.rewards, 0.0)
            if engine.buffers.ended.all():
                break
        assert engine.buffers.ended.all()
        self.state = engine.state
        self.prices = engine.state.award.pays.sum(axis=1)
        self.sold = engine.state.award.units.any(axis=1)
        self.buyers = np.where(self.sold, engine.state.award.units.argmax(axis=1), -1)
        self.step = round(dict(scenario.mechanism).get("increment", 0.0) * MICRO)


def equilibrium(scenario, observations):
    """The equilibrium of the sealed form, kept to as a limit whatever the steps of the clock."""
    market = market_of(scenario)
    if scenario.market != "clock":
        return market.baselines.equilibrium(scenario, observations)
    form = sealed_form(scenario)
    names = market.observations(scenario)
    limits = bids_in_equilibrium(form, observations, names=names)
    return market.baselines.bids.place(scenario, observations, limits)


def network(scenario, observations):
    """A bidder with a bent bid function of the value, as networks have; at most 1.6 times the value."""
    value = np.asarray(observations)[..., 0]
    hidden = np.tanh(value[..., None] * np.array([3.0, -5.0, 9.0]) + np.array([-1.0, 2.0, -4.0]))
    return np.clip(hidden @ np.array([0.4, 0.35, -0.3]) - 0.2, -1.0, 0.6).astype(np.float32)[..., None]


def pair(name, strategy, **overrides):
    """The clock and its sealed-bid form, same strategy, same seed."""
    of_the_clock = ("increment", "increment_share", "start", "max_cycles")
    shared = {key: value for key, value in overrides.items() if not key.endswith(of_the_clock)}
    return Played(name, strategy, **overrides), Played(SEALED[name], strategy, **shared)


@pytest.mark.parametrize("strategy", [equilibrium, network])
@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize("values", [Uniform(), Power(exponent=2.0)], ids=lambda prior: prior.name)
def test_dutch_is_first_price_auction_by_auction(strategy, n, values):
    """Same values, same policy: the price is within one step below the winning bid, and the same bidder buys."""
    overrides = {"num_agents": n, "values": values, "max_cycles": 301, "mechanism.start": 2.0}
    clock, sealed = pair("dutch", strategy, **overrides)
    np.testing.assert_array_equal(clock.values, sealed.values)
    assert clock.sold.all()
    gap = sealed.prices - clock.prices
    assert gap.min() >= 0
    assert gap.max() < clock.step
    bids = np.sort(sealed.state.bids, axis=1)
    apart = bids[:, -1] // clock.step != bids[:, -2] // clock.step
    assert apart.mean() > 0.9
    np.testing.assert_array_equal(clock.buyers[apart], sealed.buyers[apart])


@pytest.mark.parametrize("strategy", [equilibrium, network])
@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize("reserve", [0.0, 0.3])
def test_the_button_is_second_price_auction_by_auction(strategy, n, reserve):
    """The price is the best losing bid within one step; above it only where one bidder was left."""
    clock, sealed = pair("english", strategy, num_agents=n, max_cycles=250, **{"mechanism.reserve": reserve})
    np.testing.assert_array_equal(clock.sold, sealed.sold)
    assert (0.0 < 1.0 - clock.sold.mean() < 0.5) == (reserve > 0)
    gap = (clock.prices - sealed.prices)[clock.sold]
    assert np.abs(gap).max() <= clock.step
    same = clock.buyers == sealed.buyers
    assert same.mean() > 0.9
    bids = np.sort(sealed.state.bids, axis=1)
    together = ~same & clock.sold
    assert np.all(bids[together, -1] - bids[together, -2] < clock.step)


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.1])
def test_open_outcry_ends_within_an_increment_of_the_second_highest_value(n, share):
    clock, sealed = pair("english_open", equilibrium, num_agents=n, **{"mechanism.increment_share": share})
    increment = np.maximum(clock.step, share * clock.prices)
    assert np.all(np.abs(clock.prices - sealed.prices) <= increment + 1)
    assert np.all(np.take_along_axis(clock.values, clock.buyers[:, None], 1)[:, 0] >= clock.prices)


@pytest.mark.parametrize("name", ["english", "dutch"])
def test_the_clock_converges_to_the_sealed_auction_as_steps_shrink(name):
    gaps = []
    for step, cycles in ((0.04, 26), (0.02, 51), (0.01, 101)):
        clock, sealed = pair(name, equilibrium, num_agents=3, max_cycles=cycles, **{"mechanism.increment": step})
        gaps.append(np.abs(clock.prices - sealed.prices).mean() / MICRO)
    assert gaps[0] / gaps[1] == pytest.approx(2.0, abs=0.15)
    assert gaps[1] / gaps[2] == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("n", [2, 5])
def test_revenue_equivalence_of_the_four_formats(n):
    """(n - 1) / (n + 1) on U[0, 1], within a step of the clock and 4 standard errors."""
    exact = (n - 1) / (n + 1)
    for name in (*CLOCKS, "first_price", "second_price"):
        played = Played(name, equilibrium, markets=20_000, num_agents=n)
        revenue = played.prices / MICRO
        tolerance = 4 * revenue.std() / np.sqrt(len(revenue)) + (played.step / MICRO if name in CLOCKS else 0.0)
        assert abs(revenue.mean() - exact) <= tolerance, name


@pytest.mark.parametrize("name", CLOCKS)
def test_truth_never_loses_and_equilibrium_is_nearly_efficient(name):
    played = Played(name, equilibrium, num_agents=4)
    assert played.utility.min() >= 0.0
    bought = np.take_along_axis(played.values, played.buyers[:, None], 1)[:, 0]
    lost = played.values.max(axis=1) - bought
    # in the Dutch auction bids are 3/4 of the values
    assert lost.max() <= played.step * (4 / 3 if name == "dutch" else 1)


@pytest.mark.parametrize("name", CLOCKS)
def test_the_tie_lottery_is_uniform(name):
    """Bidders 0, 2 and 3 tie above 1 and 4: they buy equally often, the others never."""
    limits = np.array([0.5, 0.2, 0.5, 0.5, 0.3])

    def tie(scenario, observations):
        return np.broadcast_to((limits - 1.0).astype(np.float32)[:, None], (*observations.shape[:-1], 1))

    played = Played(name, tie, markets=12_000, num_agents=5, bids="amount", **{"mechanism.increment": 0.1})
    wins = np.bincount(played.buyers, minlength=5)
    assert wins[1] == wins[4] == 0
    assert wins.sum() == 12_000
    assert chisquare(wins[[0, 2, 3]]).pvalue > 1e-3
    assert np.all(played.prices == 500_000)


def snipe(scenario, observations):
    """Bidder 0 keeps silent until the last tick before the close, the others outbid one another at once."""
    actions = market_of(scenario).baselines.truthful(scenario, observations)
    left = observations[..., 0, market_of(scenario).observations(scenario).index("clock_left")]
    actions[..., 0, 0] = np.where(left * scenario.max_cycles < 1.5, actions[..., 0, 0], -1.0)
    return actions


def test_sniping_pays_against_a_hard_close_and_gains_nothing_with_a_soft_one():
    """Two bidders: unanswered, a late bid buys at one increment; answered, it is as good as bidding at once."""
    gains = {}
    for extension in (0, 3):
        rule = {"mechanism.extension": extension, "mechanism.closing": 110, "max_cycles": 600}
        early, late = (Played("english_open", strategy, **rule) for strategy in (equilibrium, snipe))
        gains[extension] = float((late.utility - early.utility)[:, 0].mean())
    assert gains[0] > 0.2
    assert abs(gains[3]) <= 0.002


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dutch", "english"])
def test_a_learned_policy_plays_the_sealed_auction(name, tmp_path):
    """PPO that sees the clock comes to the sealed-bid equilibrium, v / 2 or v, at the shipped settings."""
    config = read_config(name)
    start_run(config, tmp_path / "run")
    scenario = config.scenario
    engine = Engine(scenario, 2000)
    engine.reset(1)
    policy = make_policy(str(tmp_path / "run"), scenario)
    market_of(scenario).judging.bids.reveal(
        engine, lambda: policy.act(engine.buffers.observations, engine.buffers.action_mask)
    )
    values, bids = engine.state.values / MICRO, engine.state.bids / MICRO
    target = values * (0.5 if name == "dutch" else 1.0) - scenario.mechanism.increment / 2  # limits are whole steps
    for low in np.arange(0.1, 1.0, 0.1):
        cell = (values >= low) & (values < low + 0.1)
        assert abs((bids - target)[cell].mean()) <= scenario.mechanism.increment
