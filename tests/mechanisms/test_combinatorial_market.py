"""The local-global market: equilibria in closed form against simulation, correlation, the other game, mistakes."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.mechanisms.combinatorial.local_bids import local_bids
from econo_env.mechanisms.combinatorial.rule import Payment

ROUNDS = 200_000
# payment: utility of a local, of the global, revenue, welfare over the best
ANSWERS = {
    "vcg": (5 / 24, 7 / 24, 7 / 12, 1.0),
    "nearest_vcg": (0.133165, 0.467340, 0.532660, 0.980384),
}


def play(payment, rounds=ROUNDS, **changes):
    scenario = econo_env.load("combinatorial_v1", **{"mechanism.payment": payment} | changes)
    engine, market = Engine(scenario, rounds), market_of(scenario)
    engine.reset(7)
    types = market.types.now(scenario, engine.state)
    engine.step(market.baselines.equilibrium(scenario, engine.buffers.observations))
    return engine, types, market.welfare(scenario, engine.state, types)


@pytest.mark.parametrize("payment", ["vcg", "nearest_vcg", "nearest_zero", "nearest_bid"])
def test_what_is_made_is_what_is_shared_and_the_known_numbers_appear(payment):
    engine, types, welfare = play(payment)
    rewards, made, best = engine.buffers.rewards, welfare.realised["value"], welfare.optimal["value"]
    assert rewards.sum(axis=1) + welfare.revenue == pytest.approx(made, abs=1e-9)
    assert best == pytest.approx(np.maximum(types[:, 0, 0] + types[:, 1, 0], types[:, 2, 0]))
    if payment in ANSWERS:
        local, whole, revenue, efficiency = ANSWERS[payment]
        assert rewards[:, :2].mean() == pytest.approx(local, abs=2e-3)
        assert rewards[:, 2].mean() == pytest.approx(whole, abs=4e-3)
        assert welfare.revenue.mean() == pytest.approx(revenue, abs=4e-3)
        assert made.mean() / best.mean() == pytest.approx(efficiency, abs=1e-3)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("payment", ["vcg", "nearest_vcg", "nearest_zero", "nearest_bid"])
def test_no_other_bid_serves_a_local_better(payment, correlation):
    """Deviations of one local by a constant amount, on the same values, gain nothing beyond noise."""
    scenario = econo_env.load(
        "combinatorial_v1", bids="amount", **{"mechanism.payment": payment, "bundle_values.correlation": correlation}
    )
    engine, market = Engine(scenario, 60_000), market_of(scenario)
    engine.reset(3)
    start = engine.snapshot()
    actions = market.baselines.equilibrium(scenario, engine.buffers.observations)
    engine.step(actions)
    own = engine.buffers.rewards[:, 0].copy()
    for change in (-0.15, -0.05, 0.05, 0.15):
        engine.restore(start)
        other = actions.copy()
        other[:, 0] = np.clip(other[:, 0] + change / 2.0, -1.0, 1.0)
        engine.step(other)
        gain = engine.buffers.rewards[:, 0] - own
        assert gain.mean() < 3 * gain.std() / np.sqrt(len(gain)) + 1e-6, change


def test_closed_forms_at_points():
    assert local_bids(Payment.nearest_vcg, [0.1, 0.5, 1.0], 0.0) == pytest.approx([0.0, 0.328427, 0.828427], abs=1e-6)
    assert local_bids(Payment.nearest_zero, [0.3, 1.0], 0.0) == pytest.approx([0.0, 1.0])
    assert local_bids(Payment.nearest_bid, [1.0], 0.0) == pytest.approx([np.log(2.0)])
    near_one = [local_bids(rule, [0.4], 1.0 - 1e-9) for rule in (2, 3)]
    assert near_one == [pytest.approx(local_bids(rule, [0.4], 1.0), abs=1e-6) for rule in (2, 3)]


def test_locals_share_a_draw_as_often_as_the_correlation_says():
    engine = Engine(econo_env.load("combinatorial_v1", **{"bundle_values.correlation": 0.3}), 20_000)
    engine.reset(0)
    values = engine.state.values[:, :, 0]
    assert (values[:, 0] == values[:, 1]).mean() == pytest.approx(0.3, abs=0.015)
    assert values.mean(axis=0) == pytest.approx([0.5e6, 0.5e6, 1e6], rel=0.02)


def test_truth_in_the_ring_is_efficient_and_paid_for_within_the_bids():
    scenario = econo_env.load("combinatorial_v1", num_agents=6, **{"bundle_values.game": "LLLLGG"})
    engine, market = Engine(scenario, 500), market_of(scenario)
    engine.reset(0)
    types = market.types.now(scenario, engine.state)
    assert types.shape == (500, 6, 2)
    engine.step(market.baselines.truthful(scenario, engine.buffers.observations))
    welfare = market.welfare(scenario, engine.state, types)
    assert welfare.realised["value"] == pytest.approx(welfare.optimal["value"], abs=1e-5)
    assert np.all(engine.buffers.rewards >= -1e-6)
    assert engine.buffers.rewards[:, :4].mean() > 0.01


def test_an_action_out_of_range_is_no_bid():
    engine = Engine(econo_env.load("combinatorial_v1"), 1)
    engine.reset(0)
    engine.step(np.array([[[np.nan], [0.0], [2.0]]], dtype=np.float32))
    assert engine.buffers.invalid_actions.tolist() == [2]
    assert engine.state.bids[0, [0, 2]].tolist() == [-1, -1]
    assert engine.state.won[0].tolist() == [-1, 1, -1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_agents": 12}, "11 items: a market clears up to 10"),
        ({"bundle_values.game": "LLLLGG"}, "3 bidders: LLLLGG has 6"),
        (
            {"num_agents": 6, "bundle_values": {"name": "local_global", "game": "LLLLGG", "correlation": 0.5}},
            "LLLLGG are independent",
        ),
        ({"mechanism": {"name": "first_price"}}, "played in a sealed_bid market"),
    ],
)
def test_mistakes_are_named(changes, said):
    with pytest.raises(ValueError, match=said):
        econo_env.load("combinatorial_v1", **changes)


def test_no_equilibrium_is_invented():
    scenario = econo_env.load(
        "combinatorial_v1", **{"mechanism.payment": "first_price", "bundle_values.correlation": 0.5}
    )
    with pytest.raises(ValueError, match="no closed-form equilibrium of payment 'first_price'"):
        market_of(scenario).baselines.equilibrium(scenario, np.zeros((1, 3, 3)))


def test_scenarios_that_were_made_apart_are_equal_and_both_play():
    made = [econo_env.load("combinatorial_v1", max_cycles=7) for _ in range(2)]
    assert made[0].offers.num_bidders == made[1].offers.num_bidders
    assert made[0] == made[1] != econo_env.load("combinatorial_v1", max_cycles=8)
    for scenario in made:
        Engine(scenario, 1).reset(0)
