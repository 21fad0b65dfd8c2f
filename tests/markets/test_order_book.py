"""The limit order book: price-time priority against a plain reference, conservation, turns, and the market's rules."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

import econo_env
from econo_env.engine.engine import Engine
from econo_env.engine.state import filled
from econo_env.market import market_of
from econo_env.markets.double_auction.strategies import best_gains
from econo_env.mechanisms.continuous_double_auction import ASK, BID, NOBODY, clear, empty_book
from econo_env.policies import make_policy

MICRO = 1_000_000
TRADERS, LEVELS = 6, 8
ID = "continuous_double_auction_v1"

orders = st.lists(st.tuples(st.integers(0, TRADERS - 1), st.integers(0, LEVELS)), max_size=60)
streams = settings(max_examples=300, deadline=None)


def side_of(trader):
    return BID if trader < TRADERS // 2 else ASK


class PlainBook:
    """Resting orders as a list of (trader, level), oldest first."""

    def __init__(self):
        self.orders = []

    def place(self, trader, level):
        if (trader, level) in self.orders:
            return NOBODY, 0
        self.orders = [order for order in self.orders if order[0] != trader]
        if level == 0:
            return NOBODY, 0
        side = side_of(trader)
        others = [order for order in self.orders if side_of(order[0]) != side]
        if others:
            ahead = min(others, key=lambda order: order[1] if side == BID else -order[1])  # the first of equals
            if level >= ahead[1] if side == BID else level <= ahead[1]:
                self.orders.remove(ahead)
                return ahead
        self.orders.append((trader, level))
        return NOBODY, 0


def queues(book):
    """Every level's queue from front to end, checked against the links back."""
    found = {}
    for level in range(1, LEVELS + 1):
        queue, at, before = [], int(book.first[level]), 0
        while at:
            assert int(book.ahead[at - 1]) == before
            queue.append(at - 1)
            before, at = at, int(book.behind[at - 1])
        assert int(book.last[level]) == before
        if queue:
            found[level] = queue
    return found


@streams
@given(stream=orders)
def test_price_time_priority(stream):
    """Every order of a stream meets whom a plain list says, at the resting price, and leaves the same book."""
    book, plain = empty_book(TRADERS, LEVELS), PlainBook()
    for trader, level in stream:
        assert clear(book, trader, side_of(trader), level) == plain.place(trader, level)
        expected = {}
        for resting, at in plain.orders:
            expected.setdefault(at, []).append(resting)
        assert queues(book) == expected
        bids = [at for resting, at in plain.orders if side_of(resting) == BID]
        asks = [at for resting, at in plain.orders if side_of(resting) == ASK]
        assert book.best.tolist() == [max(bids, default=0), min(asks, default=0)]
        assert book.depth.tolist() == [len(bids), len(asks)]
        assert not (bids and asks) or max(bids) < min(asks), "the book is crossed"
        levels = dict(plain.orders)
        assert book.level.tolist() == [levels.get(i, 0) for i in range(TRADERS)]


def test_the_earlier_of_equal_orders_is_served_and_a_repeated_one_keeps_its_place():
    book = empty_book(TRADERS, LEVELS)
    for trader in (4, 3, 5):
        clear(book, trader, ASK, 5)
    clear(book, 4, ASK, 5)
    clear(book, 3, ASK, 6)
    clear(book, 3, ASK, 5)
    assert [clear(book, buyer, BID, 7) for buyer in range(3)] == [(4, 5), (5, 5), (3, 5)]


def play(ticks=16, markets=64, policy="zero_intelligence", seed=0, check=None, **overrides):
    scenario = econo_env.load(ID, max_cycles=ticks, **overrides)
    engine, acting = Engine(scenario, markets), make_policy(policy, scenario)
    engine.reset(seed)
    total = np.zeros((markets, scenario.num_agents))
    for _ in range(ticks):
        before = engine.snapshot()
        engine.step(acting.act(engine.buffers.observations, engine.buffers.action_mask))
        total += engine.buffers.rewards
        if check:
            check(scenario, filled(type(engine.state), before.state), engine)
    return scenario, engine, total


@pytest.mark.parametrize("policy", ["zero_intelligence", "truthful", "random"])
@pytest.mark.parametrize(
    "overrides", [{}, {"num_agents": 7, "units": 4}, {"num_agents": 1}, {"bids": "amount"}], ids=str
)
def test_units_and_money_are_conserved_and_the_book_is_never_crossed(policy, overrides):
    def check(scenario, before, engine):
        state, units = engine.state, engine.state.award.units
        m = scenario.num_buyers
        assert not units.sum(axis=1).any()
        assert not state.award.pays.sum(axis=1).any()
        assert np.all(units[:, :m] >= 0)
        assert np.all(units[:, m:] <= 0)
        np.testing.assert_array_equal(state.traded - before.traded, abs(units))
        assert state.traded.max() <= scenario.units
        both = (state.best > 0).all(axis=1)
        assert np.all(state.best[both, 0] < state.best[both, 1])
        rests = state.level > 0
        assert not (rests & (units != 0)).any(), "an order that was filled still rests"
        np.testing.assert_array_equal(rests[:, :m].sum(axis=1), state.depth[:, 0])
        np.testing.assert_array_equal(rests[:, m:].sum(axis=1), state.depth[:, 1])
        np.testing.assert_array_equal(engine.buffers.action_mask, state.traded < scenario.units)
        assert not (rests & (state.traded == scenario.units)).any()
        np.testing.assert_array_equal(state.award.pays % 10_000, 0)  # prices are whole ticks of 0.01

    scenario, engine, total = play(policy=policy, check=check, **overrides)
    np.testing.assert_allclose(total.sum(axis=1), engine.state.gains / MICRO, atol=1e-9)
    best = best_gains(scenario, engine.state.values)
    assert np.all(engine.state.gains <= best)


@pytest.mark.parametrize("policy", ["zero_intelligence", "truthful", "conservative"])
def test_who_keeps_to_its_budget_never_loses(policy):
    def check(scenario, before, engine):
        assert engine.buffers.rewards.min() >= 0.0

    _, _, total = play(policy=policy, check=check, units=3)
    assert total.max() > 0.1


def test_trades_take_place_at_the_resting_limit():
    """One buyer, one seller: the limit of whoever acted first is the price."""
    scenario = econo_env.load(ID, num_agents=2, units=1, max_cycles=1, bids="amount")
    engine = Engine(scenario, 400)
    engine.reset(0)
    engine.step(np.tile(np.array([[0.6], [-0.6]], dtype=np.float32), (400, 1, 1)))
    buyer_first = engine.state.turn[:, 0] == 0
    np.testing.assert_array_equal(engine.state.award.pays[:, 0], np.where(buyer_first, 800_000, 200_000))
    assert 150 < buyer_first.sum() < 250


def test_limits_are_rounded_for_the_good_of_the_agent():
    scenario = econo_env.load(ID, num_agents=2, units=1, **{"mechanism.tick_size": 0.1})
    engine = Engine(scenario, 300)
    engine.reset(0)
    engine.state.values[:, :, 0] = np.arange(300)[:, None] * 3000 + 50
    values = engine.state.values[:, :, 0].copy()
    actions = np.zeros((300, 2, 1), dtype=np.float32)
    actions[:, 1] = np.nan
    engine.step(actions)
    bids = values[:, 0] // 100_000 * 100_000
    np.testing.assert_array_equal(engine.state.orders[:, 0], np.where(bids > 0, bids, -1))
    actions[:, 0], actions[:, 1] = np.nan, 0.0
    engine.reset(0)
    engine.state.values[:, :, 0] = values
    engine.step(actions)
    np.testing.assert_array_equal(engine.state.orders[:, 1], -(-values[:, 1] // 100_000) * 100_000)


def test_an_invalid_action_leaves_the_resting_order():
    engine = Engine(econo_env.load(ID, num_agents=1, units=1, bids="amount"), 1)
    engine.reset(0)
    engine.step(np.array([[[0.0]]]))
    engine.step(np.array([[[np.nan]]]))
    assert engine.state.orders.tolist() == [[500_000]]
    assert engine.state.level.tolist() == [[50]]
    assert engine.buffers.invalid_actions[0] == 1
    engine.step(np.array([[[-1.0]]]))
    assert engine.state.depth.tolist() == [[0, 0]], "a bid below one tick takes the order back"


def test_turns_are_drawn_by_lot():
    engine = Engine(econo_env.load(ID, num_agents=4), 6000)
    engine.reset(1)
    engine.step(np.zeros((6000, 4, 1), dtype=np.float32))
    np.testing.assert_array_equal(np.sort(engine.state.turn, axis=1), np.broadcast_to(np.arange(4), (6000, 4)))
    _, counts = np.unique(engine.state.turn @ [64, 16, 4, 1], return_counts=True)
    assert len(counts) == 24
    assert chisquare(counts).pvalue > 1e-3


def test_a_new_day_starts_with_an_empty_book():
    _, engine, _ = play(ticks=3, num_agents=9)
    assert engine.state.depth.any()
    engine.reset_markets(np.ones(64, dtype=np.bool_))
    for name in ("first", "last", "level", "best", "depth", "traded", "gains", "last_price"):
        assert not getattr(engine.state, name).any(), name
    values = engine.state.values
    assert np.all(np.diff(values[:, :5], axis=2) <= 0)
    assert np.all(np.diff(values[:, 5:], axis=2) >= 0)


def test_what_is_seen_of_the_book():
    def check(scenario, before, engine):
        seen, state = engine.buffers.observations, engine.state
        prices = state.best * scenario.tick_size
        np.testing.assert_allclose(seen[:, 0, 4], prices[:, 0], atol=1e-6)
        np.testing.assert_allclose(seen[:, 0, 5], np.where(state.best[:, 1] > 0, prices[:, 1], 1.0), atol=1e-6)
        np.testing.assert_allclose(seen[..., 7], state.level * scenario.tick_size, atol=1e-6)
        np.testing.assert_array_equal(seen[..., 8] == 1, state.award.units != 0)
        np.testing.assert_allclose(seen[..., 9], abs(state.award.pays) / MICRO, atol=1e-6)
        left = state.traded < 2
        following = np.take_along_axis(state.values, np.minimum(state.traded, 1)[..., None], axis=2)[..., 0]
        np.testing.assert_allclose(seen[..., 0], np.where(left, following / MICRO, 0.0), atol=1e-6)

    play(check=check)


def test_an_empty_side_of_the_book_shows_the_price_at_which_nobody_trades():
    engine = Engine(econo_env.load(ID), 8)
    engine.reset(0)
    assert (engine.buffers.observations[..., 4] == 0.0).all(), "no bid: a bid of nothing"
    assert (engine.buffers.observations[..., 5] == 1.0).all(), "no ask: an ask of the highest price"


def test_the_judges_hooks_agree_with_the_books():
    scenario = econo_env.load(ID, num_agents=6, units=3, max_cycles=12)
    market, engine = market_of(scenario), Engine(scenario, 200)
    engine.reset(0)
    generator = np.random.default_rng(0)
    for agent in range(6):
        drawn = generator.random((200, 3))
        market.types.put(scenario, engine, agent, drawn)
        engine.show()
        np.testing.assert_allclose(
            np.sort(market.types.now(scenario, engine.state)[:, agent]), np.sort(drawn), atol=1e-6
        )
        shown = engine.buffers.observations[:, agent, 0]
        np.testing.assert_allclose(shown, drawn.max(axis=1) if agent < 3 else drawn.min(axis=1), atol=1e-6)
    acting, realised, optimal = make_policy("zero_intelligence", scenario), 0.0, 0.0
    for _ in range(12):
        types = market.types.now(scenario, engine.state)
        engine.step(acting.act(engine.buffers.observations, engine.buffers.action_mask))
        judged = market.welfare(scenario, engine.state, types)
        np.testing.assert_allclose(judged.created, engine.buffers.rewards.sum(axis=1) + judged.revenue, atol=1e-9)
        realised, optimal = realised + judged.realised["value"], optimal + judged.optimal["value"]
    np.testing.assert_allclose(realised, engine.state.gains / MICRO, atol=1e-9)
    np.testing.assert_allclose(
        market.view.series(scenario, engine.state)["efficiency"], np.where(optimal > 0, realised / optimal, np.nan)
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mechanism.tick_size": 1e-8}, "less than half of 0.000001"),
        ({"mechanism.tick_size": 0.0}, "tick_size = 0.0"),
        ({"mechanism.tick_size": 0.0000001}, "less than half of 0.000001"),
        ({"values": {"name": "uniform", "high": 1e5}}, "choose a larger tick_size"),
        ({"units": 0}, "units = 0"),
        ({"mechanism": {"name": "mcafee"}}, "played in a double_auction market"),
    ],
)
def test_a_mistake_names_value_and_fix(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        econo_env.load(ID, **changes)
