"""The reference price of a tick, against a recomputation from what was handed over and paid, in every market."""

from fractions import Fraction
from math import floor
from typing import Annotated, Any, NamedTuple

import numpy as np
import pytest

import econo_env
from econo_env.economy.part import PARTS, Part, Section
from econo_env.engine.compiled import compiled
from econo_env.engine.engine import Engine
from econo_env.engine.state import Column, Int64s
from econo_env.policies import make_policy
from econo_env.training.probe import look
from tests.economy.played import ECONOMY, ROOT, SCENARIOS, ticks

FEE = {"participation": {"entry_fee": 0.02}, "economy": ECONOMY, "max_cycles": 12}
WISHES = {"bundle_values": {"name": "single_minded"}, "economy": ECONOMY, "num_agents": 5, "max_cycles": 1}
CASES = SCENARIOS | {
    "first_price with a fee": lambda: econo_env.load("first_price_v0", **FEE),
    "combinatorial with random wishes": lambda: econo_env.load("combinatorial_v1", **WISHES),
}


def price_of(scenario, state, k):
    """The price of a tick, exactly, from the definition in docs/economy.md."""
    units, pays = state.award.units[k].tolist(), state.award.pays[k].tolist()
    fee = round(scenario.participation.entry_fee * 1e6) if scenario.market == "sealed_bid" else 0
    paid = sum(pay - fee for unit, pay in zip(units, pays, strict=True) if unit > 0)
    paid += sum(fee - pay for unit, pay in zip(units, pays, strict=True) if unit < 0)
    sold = Fraction(sum(map(abs, units)))
    if not sold:
        return 0
    if scenario.market == "position":
        sold = sum(Fraction(scenario.click_rates[state.slots[k, i] - 1]) for i, unit in enumerate(units) if unit)
    elif scenario.market == "combinatorial":
        bundles = scenario_bundles(scenario, state, k)
        sold = Fraction(sum(bundles[state.won[k, i]].bit_count() for i, unit in enumerate(units) if unit))
    return floor(Fraction(paid) / sold + Fraction(1, 2))


def scenario_bundles(scenario, state, k):
    """Which items each bid is for, as bits; wishes are drawn anew for the next round, if there is one."""
    if scenario.bundle_values.random_bundles:
        return state.bundle[k].tolist()
    return scenario.program().params.market.game.bundle.tolist()


QUICK = [pytest.param(name, marks=[pytest.mark.slow] if name.endswith("random wishes") else []) for name in CASES]


@pytest.mark.parametrize("name", QUICK)
def test_it_is_what_a_unit_cost(name):
    scenario, sold = CASES[name](), 0
    for engine, _, _, _ in ticks(scenario, 8, markets=24):
        state = engine.state
        happened = state.award.units.any(axis=1)
        if scenario.market == "order_book":
            assert not state.award.price[~happened].any()
            np.testing.assert_array_equal(state.award.price[happened], state.last_price[happened])
            met = np.abs(state.award.pays) == state.award.price[:, None]
            assert (met & (state.award.units != 0)).any(axis=1)[happened].all()
        else:
            assert state.award.price.tolist() == [price_of(scenario, state, k) for k in range(24)]
        sold += int((state.award.price > 0).sum())
    assert sold > 20


def test_of_a_task_it_is_what_the_winner_is_paid_and_nothing_where_nobody_takes_it():
    scenario, paid = econo_env.load(ROOT / "configs/scenarios/task_market_staking.yaml"), 0
    for engine, _, _, actions in ticks(scenario, 8, markets=24, number=6):
        award = engine.state.award
        given = np.where(award.units < 0, -award.pays, 0).sum(axis=1)
        np.testing.assert_array_equal(award.price, np.maximum(given, 0))
        engine.reset_markets(engine.buffers.ended.copy())
        paid += int((award.price > 0).sum())
        engine.step(np.full_like(actions, np.nan))
        assert not award.units.any()
        assert not award.price.any()
    assert paid > 20


def test_in_an_order_book_it_is_that_of_the_last_trade():
    """Two trades in a tick, one after the other: of the two prices the one of whoever came last in turn."""
    scenario = econo_env.load("continuous_double_auction_v1", economy={"ledger": {}}, bids="amount", num_agents=4)
    engine = Engine(scenario, 400)
    engine.reset(0)
    asks = np.full(engine.buffers.actions.shape, np.nan, np.float32)
    asks[:, 2:, 0] = 2 * np.array([0.2, 0.4]) - 1 + 1e-6
    engine.step(asks)
    assert not engine.state.award.price.any()
    bids = np.full(engine.buffers.actions.shape, np.nan, np.float32)
    bids[:, :2, 0] = 2 * np.array([0.3, 0.5]) - 1 + 1e-6  # the first buyer meets only the better ask
    engine.step(bids)
    turns = engine.state.turn.argsort(axis=1)
    expected = np.where(turns[:, 0] < turns[:, 1], 400_000, 200_000)
    np.testing.assert_array_equal(engine.state.award.price, expected)


def test_without_an_economy_nobody_writes_it():
    engine = Engine(econo_env.load("first_price_v0"), 8)
    engine.reset(0)
    engine.step(np.zeros(engine.buffers.actions.shape, np.float32))
    assert engine.state.award.units.any()
    assert not engine.state.award.price.any()


class NotedSection(Section):
    """Nothing to choose."""


class Noted(NamedTuple):
    """What a part has read."""

    before: Annotated[Int64s, Column(np.int64, (), "price of the last tick")]
    after: Annotated[Int64s, Column(np.int64, (), "price of this tick")]


class NotedParams(NamedTuple):
    """No constants."""

    nothing: int


@compiled
def note_before(k: int, world: Any, params: Any, buffers: Any) -> None:
    """Before the bids."""
    world.noted.before[k] = world.market.award.price[k]


@compiled
def note_after(k: int, world: Any, params: Any, buffers: Any) -> None:
    """After the settlement."""
    world.noted.after[k] = world.market.award.price[k]


NOTED = Part(
    name="noted",
    summary="Notes prices.",
    config=NotedSection,
    state=Noted,
    params=lambda scenario, section: NotedParams(0),
    stages={"breakers": note_before, "audit": note_after},
)


def test_a_part_reads_it():
    with PARTS.registered(NOTED):
        scenario = econo_env.load("first_price_v0", economy={"noted": {}}, max_cycles=20)
        last, seen = np.zeros(24, dtype=np.int64), 0
        engine, generator = Engine(scenario, 24), np.random.default_rng(0)
        engine.reset(0)
        for _ in range(20):
            engine.step(generator.uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32))
            np.testing.assert_array_equal(engine.world.noted.before, last)
            last = engine.state.award.price.copy()
            np.testing.assert_array_equal(last, engine.state.award.pays.max(axis=1))
            np.testing.assert_array_equal(engine.world.noted.after, last)
            seen += int((last > 0).sum())
        assert seen


def test_training_logs_it():
    scenario = SCENARIOS["first_price_economy"]()
    told = look(scenario, make_policy("truthful", scenario), 0, 64).scalars
    assert 0.2 <= told["reference_price"] <= 1.0
