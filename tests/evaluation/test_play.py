"""What a played market was worth: welfare on true values, money, losses, and the same draws for every policy."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.training.evaluation.metrics import market_metrics
from econo_env.training.evaluation.play import play


@pytest.mark.parametrize("name", ["first_price_v0", "second_price_v0"])
@pytest.mark.parametrize("units", [1, 2])
def test_truth_is_efficient_and_money_is_conserved(linear_bid, name, units):
    record = play(econo_env.load(name, num_agents=4, **{"mechanism.units": units}), linear_bid(1.0), 3, 2000)
    assert record.realised == pytest.approx(record.optimal)
    assert record.imbalance < 1e-9
    assert record.deficits == record.losses == 0
    assert record.rounds == 2000
    assert record.moves == 8000


def test_optimal_welfare_is_the_sum_of_the_highest_values(linear_bid):
    record = play(econo_env.load("second_price_v0", num_agents=5, **{"mechanism.units": 2}), linear_bid(1.0), 0, 20_000)
    assert record.optimal["value"] / record.rounds == pytest.approx(5 / 6 + 4 / 6, rel=0.01)


def test_a_repeated_market_is_judged_on_the_values_that_were_bid_on(linear_bid):
    """The engine draws the next values at the end of a tick: welfare must not be counted on them."""
    scenario = econo_env.load("second_price_v0", num_agents=3, max_cycles=7)
    record = play(scenario, linear_bid(1.0), 1, 300)
    assert record.rounds == 2100
    assert record.realised["value"] == pytest.approx(record.optimal["value"])
    assert record.imbalance < 1e-9


def test_every_policy_meets_the_same_draws(linear_bid):
    scenario = econo_env.load("first_price_v0", num_agents=3, max_cycles=4)
    records = [play(scenario, linear_bid(factor), 5, 200) for factor in (1.0, 0.3)]
    assert records[0].optimal == records[1].optimal


def test_a_reserve_that_prevents_a_sale_costs_welfare(linear_bid):
    scenario = econo_env.load("second_price_v0", **{"mechanism.reserve": 0.5})
    record = play(scenario, linear_bid(1.0), 0, 50_000)
    lost = record.optimal["value"] - record.realised["value"]
    assert lost / record.rounds == pytest.approx(0.25 * 1 / 3, rel=0.03)  # both below 1/2, the higher is 1/3


def test_overbidding_shows_as_ex_post_loss(linear_bid):
    record = play(econo_env.load("first_price_v0"), linear_bid(1.5), 0, 1000)
    assert record.losses == 1000
    assert 0.45 < record.worst_loss <= 0.5


def test_actions_outside_the_space_are_counted():
    class Broken:
        def reset(self, seed):
            """Nothing to restart."""

        def act(self, observations, mask):
            return np.full((*mask.shape, 1), np.nan, dtype=np.float32)

    record = play(econo_env.load("first_price_v0"), Broken(), 0, 10)
    assert record.invalid_actions == 20
    assert record.realised["value"] == 0.0


def test_welfare_does_not_touch_the_state(linear_bid):
    scenario = econo_env.load("first_price_v0", num_agents=3)
    market, engine = market_of(scenario), Engine(scenario, 16)
    engine.reset(0)
    types = market.types.now(scenario, engine.state)
    engine.step(np.zeros((16, 3, 1), dtype=np.float32))
    kept, kept_types = engine.snapshot(), types.copy()
    market.welfare(scenario, engine.state, types)
    np.testing.assert_array_equal(types, kept_types)
    for then, now in zip(kept.state, engine.state, strict=True):
        np.testing.assert_array_equal(then, now)


def test_normalised_efficiency_is_0_at_the_base_and_1_at_the_optimum(linear_bid):
    scenario = econo_env.load("first_price_v0", num_agents=4)
    truth = [play(scenario, linear_bid(1.0), seed, 500) for seed in range(3)]
    base = [play(scenario, _Coin(), seed, 500) for seed in range(3)]
    assert market_metrics(truth, base)["normalised_efficiency"].mean == pytest.approx(1.0)
    at_base = market_metrics(base, base)
    assert at_base["normalised_efficiency"].mean == 0.0
    assert at_base["efficiency"].mean == pytest.approx(5 / 8, abs=0.02)  # a winner by lot: 1/2 of 4/5


def test_no_event_is_reported_as_an_upper_bound(linear_bid):
    records = [play(econo_env.load("second_price_v0"), linear_bid(1.0), seed, 500) for seed in range(2)]
    share = market_metrics(records, records)["deficit_share"]
    assert share.mean == 0.0
    assert share.ci95[1] == pytest.approx(3 / 1000, rel=0.01)


class _Coin:
    """Bids at random, whatever the value."""

    def reset(self, seed):
        self.rng = np.random.default_rng(seed + 100)

    def act(self, observations, mask):
        amount = self.rng.uniform(0.1, 0.9, mask.shape) * 1e-3
        return (amount / np.maximum(observations[..., 0], 1e-3) - 1.0).astype(np.float32)[..., None]
