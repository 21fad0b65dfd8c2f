"""Traders of the literature: each follows its formulas shout by shout, nobody trades at a loss, markets clear well."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econo_env
from econo_env.engine.compiled import compiled
from econo_env.engine.digest import plain
from econo_env.engine.engine import Engine
from econo_env.engine.rng import market_keys
from econo_env.market import market_of
from econo_env.money import MICRO
from econo_env.policies import make_policy
from econo_env.policies.traders.adaptive_aggressive import (
    AGGRESSIVENESS,
    aggressiveness_of,
    joined_theta,
    slope,
    target,
)
from econo_env.policies.traders.gjerstad_dickhaut import ROWS, believe, count
from econo_env.policies.traders.tape import ASK, ASK_TAKEN, BID, BID_TAKEN, NOTHING, Ear, coarseness
from econo_env.policies.traders.trader import Strategy, Trader, hears_nothing, starts_as_all, studies_nothing
from econo_env.policies.traders.zero_intelligence_plus import zip_aim
from tests.policies.plain_traders import Aggressive, Competitive, Zip, beliefs, best, plan

NAMES = ("zip", "gd", "gdx", "aa")
ID = "continuous_double_auction_v1"
BOOK = econo_env.load(ID, num_agents=6, units=2, max_cycles=25, feedback="all_orders")
SEALED = econo_env.load("double_auction_v1", num_agents=6, max_cycles=25, feedback="all_bids")


def ticks(scenario, markets, policy, seed, episodes=1, hears=None):
    """Plays a policy; yields what it sees and does, and whether the day is over."""
    engine = Engine(scenario, markets, autoreset=True)
    engine.reset(seed)
    for _ in range(episodes * scenario.max_cycles):
        seen, mask = engine.buffers.observations.copy(), engine.buffers.action_mask.copy()
        actions = policy.act(seen, mask)
        yield engine, seen, mask, actions
        engine.step(actions)
        for one in (policy,) if hears is None else hears:
            one.observe(engine.buffers.rewards, engine.buffers.ended)


def tapes(scenario, seen):
    """The tape and what is seen, market by market: lists of (kind, limit, price), and a `Seen`."""
    ear = Ear(scenario, "a test")
    tape = ear.hear(seen, np.zeros(len(seen)))
    shouts = [list(zip(*(array[k].tolist() for array in tape), strict=True)) for k in range(len(seen))]
    return shouts, ear.see(seen, np.ones(seen.shape[:2], dtype=np.bool_))


def placed(scenario, seen, mask, offers):
    bids = market_of(scenario).baselines.bids
    return np.where(mask[..., None], bids.place(scenario, seen, offers), 0.0)


def offers_of(view, mask, quote):
    """What each trader that may act offers, never at a loss."""
    offers = np.zeros(view.value.shape)
    for k, i in zip(*np.nonzero(mask), strict=True):
        offer, value = quote(k, i), view.value[k, i]
        offers[k, i] = max(offer, value) if view.sells[k, i] else min(offer, value)
    return offers


def test_the_tape_of_a_book_is_what_happened_in_it():
    policy, markets = make_policy("zero_intelligence", BOOK, 1), 40
    kinds = set()
    for number, (engine, seen, _, _) in enumerate(ticks(BOOK, markets, policy, 5, hears=())):
        shouts, _ = tapes(BOOK, seen)
        orders, units, pays = engine.state.orders, engine.state.award.units, np.abs(engine.state.award.pays)
        for k in range(markets):
            takers = 0
            for j, (kind, limit, price) in enumerate(shouts[k]):
                kinds.add(kind)
                if number == 0 or orders[k, j] <= 0:
                    assert kind == NOTHING
                    continue
                assert limit == pytest.approx(orders[k, j] / MICRO, abs=1e-7)
                if units[k, j] == 0:
                    assert kind == (BID if j < 3 else ASK)
                    assert price == limit
                elif pays[k, j] == orders[k, j]:
                    assert kind == (BID_TAKEN if j < 3 else ASK_TAKEN)
                    assert price == pytest.approx(pays[k, j] / MICRO, abs=1e-7)
                else:
                    takers += 1
                    assert kind == NOTHING, "whoever accepts makes no shout"
            assert takers <= np.abs(units[k]).sum() / 2, "of each pair at least one shouted"
    assert kinds == {NOTHING, BID, ASK, BID_TAKEN, ASK_TAKEN}


def test_the_tape_of_sealed_offers_is_their_crossing():
    policy = make_policy("zero_intelligence", SEALED, 1)
    for number, (engine, seen, _, _) in enumerate(ticks(SEALED, 50, policy, 5, hears=())):
        shouts, _ = tapes(SEALED, seen)
        for k in range(50):
            kinds = np.array([kind for kind, _, _ in shouts[k]])
            if number == 0:
                assert (kinds == NOTHING).all()
                continue
            np.testing.assert_array_equal(kinds >= BID_TAKEN, engine.state.award.units[k] != 0)
            np.testing.assert_allclose([limit for _, limit, _ in shouts[k]], engine.state.bids[k] / MICRO, atol=3e-7)
            paid = np.abs(engine.state.award.pays[k])[kinds >= BID_TAKEN] / MICRO
            np.testing.assert_allclose([p for kind, _, p in shouts[k] if kind >= BID_TAKEN], paid, atol=1e-6)


@pytest.mark.parametrize("scenario", [BOOK, SEALED], ids=["book", "sealed"])
def test_zip_moves_its_margin_by_widrow_and_hoff(scenario):
    """Two days: margins begin anew with the second."""
    policy, keys, told = make_policy("zip", scenario, 7), market_keys(7, 3), {}
    for call, (_, seen, mask, actions) in enumerate(ticks(scenario, 3, policy, 2, episodes=2)):
        shouts, view = tapes(scenario, seen)
        if call % scenario.max_cycles == 0:
            coarse = coarseness(scenario)
            told = {(k, i): Zip(keys[k], call, i, i >= 3, coarse, scenario is BOOK) for k in range(3) for i in range(6)}
        for (k, i), one in told.items():
            one.hear(shouts[k], view.value[k, i], mask[k, i], keys[k], call)
        offers = offers_of(view, mask, lambda k, i, told=told: told[k, i].quote())
        np.testing.assert_allclose(actions, placed(scenario, seen, mask, offers), atol=2e-7)


def test_zip_by_hand():
    """A buyer of limit 0.8 at a margin of -25 % shouts 0.6; beta 1/2, gamma 1/4; it aims at 0.7, twice.

    First the change is 3/4 of 1/2 of 0.1, 0.0375; then 1/4 of that and 3/4 of 1/2 of 0.0625, 0.0328125.
    """
    own, aim = np.array([-0.25, 0.0, 0.5, 0.25]), plain(zip_aim)
    assert aim(own, 0.8, 0.7, False) == pytest.approx(0.6375)
    assert aim(own, 0.8, 0.7, False) == pytest.approx(0.6703125)
    assert aim(own, 0.8, 9.0, False) == pytest.approx(0.8), "a buyer's margin is never above 0"


def test_beliefs_of_a_written_history():
    """Bids at 0.3 in vain, 0.5 taken, 0.5 in vain; asks at 0.9 in vain, 0.6 taken: by hand from the formulas."""
    kinds = np.array([BID, BID_TAKEN, BID, ASK, ASK_TAKEN])
    limits = np.array([0.3, 0.5, 0.5, 0.9, 0.6])
    room = np.zeros((ROWS, 11))
    count(kinds, limits, 5, False, 0.1, room)
    believe(room[0], False, room)
    count(kinds, limits, 5, True, 0.1, room)
    believe(room[1], True, room)
    q, p = room[0], room[1]
    # q(.3) = 0 / (0 + 2); q(.5) = 1 / (1 + 1); q(.6) = (1 + 1) / 2; p(.9) = 0 / 1; p(.6) = 1 / 1; p(.5) = (1 + 2) / 3
    np.testing.assert_allclose(q[[0, 3, 5, 6, 9, 10]], [0, 0, 0.5, 1, 1, 1])
    np.testing.assert_allclose(p[[0, 3, 5, 6, 9, 10]], [1, 1, 1, 1, 0, 0])
    assert q[4] == pytest.approx(0.25), "half way between two prices the cubic is half way up"
    np.testing.assert_allclose(p[[7, 8]], [1 - 7 / 27, 7 / 27])


shout = st.tuples(st.sampled_from((BID, ASK, BID_TAKEN, ASK_TAKEN)), st.integers(0, 20))


@given(st.lists(shout, max_size=40))
@settings(max_examples=150, deadline=None)
def test_beliefs_follow_the_formulas_and_are_monotone(history):
    told = [(kind, place / 20) for kind, place in history]
    kinds, limits = (np.array([one[at] for one in told], dtype=dtype) for at, dtype in ((0, np.int64), (1, np.float64)))
    room = np.zeros((ROWS, 21))
    for side in (0, 1):
        count(kinds, limits, len(told), side == 1, 0.05, room)
        believe(room[side], side == 1, room)
    q, p = beliefs(told, 21)
    np.testing.assert_allclose(room[0], q, atol=1e-12)
    np.testing.assert_allclose(room[1], p, atol=1e-12)
    assert (np.diff(room[0]) >= -1e-12).all()
    assert (np.diff(room[1]) <= 1e-12).all()


@pytest.mark.parametrize("scenario", [BOOK, SEALED], ids=["book", "sealed"])
@pytest.mark.parametrize("name", ["gd", "gdx"])
def test_gd_and_gdx_offer_what_gains_most(name, scenario):
    options = {"memory": 30, "points": 21} | ({"horizon": 4, "discount": 0.8} if name == "gdx" else {})
    policy, told = make_policy(name, scenario, 0, **options), [[], []]
    alike, offers = 0, 0
    for _, seen, mask, actions in ticks(scenario, 2, policy, 4):
        shouts, view = tapes(scenario, seen)
        for k in range(2):
            told[k] = (told[k] + [(kind, limit) for kind, limit, _ in shouts[k] if kind != NOTHING])[-30:]

        for k, i in zip(*np.nonzero(mask), strict=True):
            sells, belief = i >= 3, beliefs(told[k], 21)[int(i >= 3)]
            given = (view.value[k, i], sells, view.bid[k], view.ask[k])
            ahead = min(4, int(view.ticks[k]))
            _, offer = (
                best(*given, 0.0, belief) if name == "gd" else plan(*given, int(view.units[k, i]), ahead, 0.8, belief)
            )
            mine = np.zeros(view.value.shape)
            mine[k, i] = max(offer, view.value[k, i]) if sells else min(offer, view.value[k, i])
            wanted = placed(scenario, seen, mask, mine)[k, i]
            if abs(wanted[0] - actions[k, i, 0]) > 1e-5:  # another offer that gains as much, to rounding
                options_ = np.linspace(0, 1, 21)
                reach = [
                    abs(placed(scenario, seen, mask, np.full_like(mine, o))[k, i, 0] - actions[k, i, 0])
                    for o in options_
                ]
                assert min(reach) < 1e-5
                alike += 1
            offers += 1
    assert alike < 0.02 * offers


def test_gdx_without_patience_is_gd():
    one, other = make_policy("gdx", BOOK, 0, discount=0.0), make_policy("gd", BOOK, 0)
    for _, seen, mask, actions in ticks(BOOK, 20, one, 8, hears=(one, other)):
        np.testing.assert_array_equal(actions, other.act(seen, mask))


@pytest.mark.parametrize("scenario", [BOOK, SEALED], ids=["book", "sealed"])
def test_aa_moves_its_aggressiveness_by_the_paper(scenario):
    policy, coarse = make_policy("aa", scenario, 0), coarseness(scenario)
    alone = {(k, i): Aggressive(coarse) for k in range(3) for i in range(6)}
    common, moved = [Competitive() for _ in range(3)], 0
    for _, seen, mask, _ in ticks(scenario, 3, policy, 11):
        shouts, view = tapes(scenario, seen)
        for k in range(3):
            common[k].hear(shouts[k])
            if not common[k].prices:
                continue
            assert policy.memory.common[k, 0] == pytest.approx(common[k].p)
            assert policy.memory.common[k, 4] == pytest.approx(common[k].theta)
            for i in np.flatnonzero(mask[k]):
                one = alone[k, i]
                one.r = min(1.0, max(-1.0, one.r))
                one.hear(shouts[k], view.value[k, i], common[k].theta, common[k].p, i >= 3)
                assert policy.memory.own[k, i, AGGRESSIVENESS] == pytest.approx(one.r, abs=1e-6)
                moved += one.r != 0.0
            for i in np.flatnonzero(~mask[k]):
                alone[k, i].r = policy.memory.own[k, i, AGGRESSIVENESS]
    assert moved > 50


numbers = st.floats(0.02, 0.98)


@given(numbers, numbers, st.floats(-8, 2), st.floats(-1, 1), st.floats(-1, 1))
@settings(max_examples=300, deadline=None)
def test_targets_rise_with_aggressiveness_and_come_back(limit, competitive, theta, one, two):
    aims = [target(r, theta, limit, competitive, 0.0) for r in (-1.0, min(one, two), max(one, two), 1.0)]
    assert aims == sorted(aims)
    assert aims[0] == pytest.approx(0.0, abs=1e-9)
    assert aims[3] == pytest.approx(limit)
    if limit > competitive:
        assert target(0.0, theta, limit, competitive, 0.0) == pytest.approx(competitive)
        passive = joined_theta(theta, limit - competitive, competitive)
        assert competitive * slope(passive) == pytest.approx((limit - competitive) * slope(theta), rel=1e-6)
    price = target(one, theta, limit, competitive, 0.0)
    again = aggressiveness_of(price, theta, limit, competitive, 0.0)
    assert target(again, theta, limit, competitive, 0.0) == pytest.approx(price, abs=1e-7)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("changes", [{}, {"feedback": "book"}, {"bids": "amount", "mechanism.tick_size": 0.037}])
def test_nobody_trades_at_a_loss(name, changes):
    scenario = BOOK.replace(**changes)
    policy = make_policy(name, scenario, 3)
    for engine, _, _, actions in ticks(scenario, 30, policy, 1, episodes=2):
        assert np.isfinite(actions).all()
        assert (np.abs(actions) <= 1).all()
        assert (engine.buffers.rewards >= -1e-6).all()


@compiled
def gives_all_away(k, i, memory, params, seen, room):
    """Buyers offer the highest price, sellers ask for nothing."""
    return 0.0 if seen.sells[k, i] else 1.0


def test_a_strategy_that_would_lose_is_held_to_its_limit():
    strategy = Strategy(starts_as_all, studies_nothing, hears_nothing, gives_all_away)
    policy, truthful = Trader("generous", BOOK, strategy, (0.0,), seed=0), make_policy("truthful", BOOK)
    for _, seen, mask, actions in ticks(BOOK, 5, policy, 1):
        np.testing.assert_allclose(actions, truthful.act(seen, mask), atol=1e-6)


def days(name, scenario, markets, number):
    """Efficiency and Smith's alpha, the rms of p / p* - 1 over all trades, on days with the same values and costs."""
    market, engine, policy = market_of(scenario), Engine(scenario, markets), make_policy(name, scenario, 6)
    engine.reset(6)
    types, found = market.types.now(scenario, engine.state), []
    demand = -np.sort(-types[:, : scenario.num_buyers].reshape(markets, -1), axis=1)
    supply = np.sort(types[:, scenario.num_buyers :].reshape(markets, -1), axis=1)
    rows, pairs = np.arange(markets), (demand >= supply).sum(axis=1)
    below = np.maximum(supply[rows, pairs - 1], demand[rows, pairs])
    above = np.minimum(demand[rows, pairs - 1], supply[rows, pairs])
    competitive, possible = ((below + above) / 2)[:, None], np.maximum(demand - supply, 0).sum()
    for _ in range(number):
        gains, gaps = 0.0, []
        for _ in range(scenario.max_cycles):
            engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
            award, gains = engine.state.award, gains + engine.buffers.rewards.sum()
            gaps.append((np.maximum(award.pays, 0) / MICRO / competitive - 1)[award.units > 0])
        found.append((gains / possible, float(np.sqrt((np.concatenate(gaps) ** 2).mean()))))
        engine.reset_markets(np.ones(markets, dtype=np.bool_))
        for agent in range(scenario.num_agents):
            market.types.put(scenario, engine, agent, types[:, agent])
        engine.show()
    return np.array(found)


@pytest.mark.parametrize(("name", "least"), [("zip", 0.99), ("gd", 0.99), ("gdx", 0.99), ("aa", 0.985)])
def test_markets_of_traders_converge_to_the_competitive_price(name, least):
    """Ten buyers and ten sellers of three units, five days alike: nearly all gains, prices nearer to p* than ZI-C's."""
    scenario = econo_env.load(ID, num_agents=20, units=3, max_cycles=40, feedback="all_orders")
    found, random = (days(one, scenario, 12, 5) for one in (name, "zero_intelligence"))
    assert (found[1:, 0] > least).all()
    assert (found[1:, 1] < 0.6 * random[:, 1].mean()).all()
    if name == "zip":
        assert found[-1, 1] < 0.3 * found[0, 1], "margins drawn by lot come to the competitive price"


@pytest.mark.parametrize("name", NAMES)
def test_a_market_in_a_batch_is_the_market_alone_and_replays(name):
    whole = [a.copy() for _, _, _, a in ticks(BOOK, 5, make_policy(name, BOOK, 3), 9)]
    alone = [a.copy() for _, _, _, a in ticks(BOOK, 1, make_policy(name, BOOK, 3), 9)]
    np.testing.assert_array_equal(np.array(whole)[:, :1], np.array(alone))
    policy = make_policy(name, BOOK, 3)
    run = ticks(BOOK, 5, policy, 9)
    for _ in range(12):
        _, seen, mask, _ = next(run)
    kept = policy.snapshot()
    once = policy.act(seen, mask)
    policy.restore(kept)
    again = policy.act(seen, mask)
    if name != "zip":  # whose luck goes on
        np.testing.assert_array_equal(once, again)
    with pytest.raises(ValueError, match="began with 5 markets of 6 agents, now sees 2 of 6"):
        policy.act(seen[:2], mask[:2])


@pytest.mark.parametrize(
    ("scenario", "name", "options", "message"),
    [
        ("first_price_v0", "zip", {}, "trades among buyers and sellers"),
        ("double_auction_v1", "gd", {}, "feedback=all_bids and max_cycles of 2 or more"),
        (ID, "zip", {"rate": 0.0}, "rate=0.0: choose a number above 0 to 1"),
        (ID, "gd", {"points": 2}, "from 3 to"),
        (ID, "gd", {"memory": 0}, "memory=0"),
        (ID, "gdx", {"horizon": 0}, "horizon=0"),
        (ID, "gdx", {"discount": 1.1}, "discount=1.1"),
        (ID, "gdx", {"horizon": 30, "points": 21}, "fewer ticks than the grid has points, 21"),
        (ID, "aa", {"eta": 0.5}, "eta=0.5"),
        (ID, "aa", {"beta_1": 0.0}, "beta_1=0.0"),
        (ID, "aa", {"theta_min": 3.0}, "theta_min=3.0"),
    ],
)
def test_a_mistake_names_value_and_fix(scenario, name, options, message):
    with pytest.raises(ValueError, match=message):
        make_policy(name, econo_env.load(scenario), 0, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zero_intelligence", *NAMES])
def test_an_agent_takes_at_most_five_microseconds(name):
    """In a batch of 512 markets; the best of several ticks, as other work may stand in the way."""
    scenario = econo_env.load(ID, num_agents=20, units=2, max_cycles=40, feedback="all_orders")
    policy, spent = make_policy(name, scenario, 0), []
    engine = Engine(scenario, 512)
    engine.reset(0)
    for _ in range(20):
        began = time.perf_counter()
        actions = policy.act(engine.buffers.observations, engine.buffers.action_mask)
        spent.append(time.perf_counter() - began)
        engine.step(actions)
    assert min(spent[3:]) / 512 / 20 < 5e-6
