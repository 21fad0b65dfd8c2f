"""A reserve that follows what is sold: the rule of EIP-1559 to the unit, within its bounds, settling where it must."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econo_env
from econo_env.economy.parts.pricing import LEVER, next_price
from econo_env.engine.engine import Engine
from econo_env.interfaces.page import page
from econo_env.policies import make_policy
from econo_env.training.probe import look

FILE = Path(__file__).parents[2] / "configs" / "scenarios" / "second_price_dynamic_reserve.yaml"
GAS = 15_000_000


def priced(identity="second_price_v0", reserve=0.3, economy=None, **changes):
    mechanism = {"name": identity.rsplit("_v", 1)[0], "reserve": reserve, **changes.pop("mechanism", {})}
    pricing = changes.pop("pricing", {})
    return econo_env.load(
        identity, mechanism=mechanism, economy={"pricing": pricing, **(economy or {})}, **{"max_cycles": 64} | changes
    )


def by_hand(price, used, target, denominator):
    """EIP-1559 with Python's whole numbers, `used` and `target` in the same measure."""
    if used == target:
        return price
    change = price * abs(used - target) // target // denominator
    return price + max(change, 1) if used > target else price - change


@pytest.mark.parametrize(
    ("price", "used", "expected"),
    [
        (10**9, 30_000_000, 1_125_000_000),
        (10**9, 0, 875_000_000),
        (10**9, GAS, 10**9),
        (7, 30_000_000, 8),
        (7, GAS + 1, 8),
        (7, 0, 7),
        (100, 20_000_000, 104),
    ],
)
def test_the_rule_is_that_of_the_specification(price, used, expected):
    assert next_price(price, used, GAS, 8) == expected == by_hand(price, used, GAS, 8)


def test_full_and_empty_blocks_in_a_row():
    price = 10**9
    for _ in range(6):
        price = next_price(price, 2 * GAS, GAS, 8)
    assert price == 2_027_286_528
    price = 100
    for _ in range(40):
        price = next_price(price, 0, GAS, 8)
    assert price == 7


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 3000),
    st.integers(1, 60),
    st.integers(1, 900_000),
    st.integers(0, 500_000),
    st.floats(0.0, 1.0),
    st.integers(0, 2**32 - 1),
)
def test_the_reserve_follows_the_rule_and_never_leaves_its_bounds(target, denominator, floor, room, share, seed):
    """Against a recomputation in whole numbers; what was sold is what bids at or above the shown reserve bought."""
    pricing = {
        "target": target / 1000,
        "denominator": denominator,
        "floor": floor / 1e6,
        "ceiling": (floor + room) / 1e6,
    }
    start = floor + round(share * room)
    scenario = priced("uniform_price_v0", start / 1e6, pricing=pricing, mechanism={"units": 3}, num_agents=4)
    engine, generator = Engine(scenario, 8), np.random.default_rng(seed)
    engine.reset(seed)
    levels = np.full(8, start)
    for _ in range(30):
        np.testing.assert_array_equal(np.rint(engine.levers[LEVER][:] * 1e6), levels)
        engine.step(generator.uniform(-1.0, 0.5, engine.buffers.actions.shape).astype(np.float32))
        sold = np.minimum((engine.state.bids >= levels[:, None, None]).sum(axis=(1, 2)), 3)
        np.testing.assert_array_equal(engine.world.pricing.sold, sold)
        for k in range(8):
            moved = by_hand(int(levels[k]), min(int(sold[k]) * 1000, target * 1000), target, denominator)
            levels[k] = min(max(moved, floor), floor + room)
        assert ((levels >= floor) & (levels <= floor + room)).all()
    shown = (levels - floor) * (1.0 / room if room else 0.0)
    np.testing.assert_allclose(engine.buffers.observations[..., -1], np.repeat(shown[:, None], 4, axis=1), atol=1e-6)


def settled(scenario, ticks, markets=1024):
    """Units sold in a tick and the reserve, on average, of truthful bidders, after the first half."""
    engine, policy = Engine(scenario, markets), make_policy("truthful", scenario)
    engine.reset(11)
    sold, levels = [], []
    for tick in range(ticks):
        engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
        if tick >= ticks // 2:
            sold.append(engine.world.pricing.sold.mean())
            levels.append(engine.levers[LEVER][:].mean())
    return np.mean(sold), np.mean(levels)


@pytest.mark.parametrize(("target", "denominator"), [(0.5, 8), (0.5, 64), (0.25, 16)])
def test_one_unit_is_sold_as_often_as_leaves_the_reserve_without_drift(target, denominator):
    """s ln(1 + (1 - t) / (t d)) + (1 - s) ln(1 - 1 / d) = 0: the logarithm of the reserve does not drift."""
    scenario = priced(pricing={"target": target, "denominator": denominator, "ceiling": 2.0}, max_cycles=800)
    up, down = math.log1p((1.0 / target - 1.0) / denominator), -math.log1p(-1.0 / denominator)
    sold, _ = settled(scenario, 800)
    assert sold == pytest.approx(down / (up + down), abs=0.003)
    if (target, denominator) == (0.5, 8):
        assert down / (up + down) == pytest.approx(0.5313, abs=1e-4)


def test_many_units_settle_at_the_target():
    """20 bidders with two values each, U[0, 1], 12 units, 6 aimed at: the reserve that 6 of 40 values reach is 0.85."""
    scenario = priced(
        "uniform_price_v0", 0.3, pricing={"target": 6.0}, mechanism={"units": 12}, num_agents=20, max_cycles=200
    )
    sold, level = settled(scenario, 200, 256)
    assert sold == pytest.approx(6.0, rel=0.02)
    assert level == pytest.approx(0.85, rel=0.02)


def test_an_episode_starts_at_the_mechanisms_reserve():
    engine = Engine(priced(max_cycles=5), 16, autoreset=True)
    engine.reset(0)
    for _ in range(3):
        for _ in range(5):
            np.testing.assert_array_equal(engine.levers[LEVER][:] == 0.3, engine.state.tick == 0)
            engine.step(np.full(engine.buffers.actions.shape, -1.0, np.float32))
        assert not engine.world.pricing.sold.any()


def test_bids_that_buy_nothing_never_raise_it():
    engine = Engine(priced(), 4)
    engine.reset(0)
    before = engine.levers[LEVER][:]
    for _ in range(10):
        low = np.minimum(1.0, 0.9 * before[:, None, None] / np.maximum(engine.state.values[..., None] / 1e6, 1e-3))
        engine.step((low - 1.0).astype(np.float32))
        after = engine.levers[LEVER][:]
        assert (after < before).all()
        before = after


def test_a_sale_that_its_winner_walked_away_from_is_none():
    economy = {"ledger": {}, "staking": {"requirement": 0.0}, "default": {"shock": 1.0}}
    engine = Engine(priced(economy=economy), 64)
    engine.reset(0)
    walked = 0
    for _ in range(20):
        engine.step(np.zeros(engine.buffers.actions.shape, np.float32))
        np.testing.assert_array_equal(engine.world.pricing.sold, engine.world.default.kept.sum(axis=1))
        np.testing.assert_array_equal(engine.world.ledger.balances.sum(axis=1), engine.world.ledger.minted)
        walked += int(engine.world.default.walked.sum())
    assert walked


def test_suppliers_sell_what_they_give():
    scenario = econo_env.load(
        "procurement_second_price_v1",
        mechanism={"name": "second_price", "reserve": 0.1},
        economy={"pricing": {}},
        max_cycles=8,
    )
    engine = Engine(scenario, 32)
    engine.reset(0)
    engine.step(np.full(engine.buffers.actions.shape, -0.8, np.float32))
    np.testing.assert_array_equal(engine.world.pricing.sold, -engine.state.award.units.sum(axis=1))
    assert engine.world.pricing.sold.any()


def test_the_scenario_file_is_described_played_and_logged():
    scenario = econo_env.load(FILE)
    text = page(scenario)
    assert "`mechanism_reserve`: the least that is accepted, now: 0 at 0.01, 1 at 1 credits" in text
    assert "* `mechanism.reserve`: the least that is accepted, 0.01 to 1 credits, from 0.2" in text
    scalars = look(scenario, make_policy("truthful", scenario), 0, 32).scalars
    assert scalars["sold"] == pytest.approx(0.55, abs=0.02)  # 0.53, and some more on the way up from 0.2
    assert 0.5 < scalars["mechanism_reserve"] < 0.8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"max_cycles": 1}, "no tick to follow"),
        ({"identity": "english_v0"}, "no tick to follow"),
        ({"reserve": 0.0}, "starts outside of its range"),
        ({"pricing": {"floor": 0.4, "ceiling": 0.3}}, "least and its largest level"),
        ({"pricing": {"target": 0.0015}}, "steps of 0.001"),
        ({"pricing": {"target": 1e6, "ceiling": 100.0}}, "give at most"),
        ({"pricing": {"floor": 0.0}}, "floor"),
        ({"levers": {LEVER: [0.0, 1.0]}}, "moves it in a range of its own"),
    ],
)
def test_what_does_not_go_together_is_said(arguments, said):
    with pytest.raises(ValueError, match=said):
        priced(**arguments)
    with pytest.raises(ValueError, match="none here"):
        econo_env.load("combinatorial_v1", economy={"pricing": {}}, max_cycles=4)
