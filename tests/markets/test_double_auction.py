"""Two-sided rules and their sealed market: what must hold for every profile, and the meaning of actions."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

import econo_env
from econo_env.engine.engine import Engine
from econo_env.engine.rng import Lottery, market_keys
from econo_env.market import market_of
from econo_env.mechanisms import clear, mechanism, mechanisms
from econo_env.policies import make_policy

RULES = [name for name, row in mechanisms().items() if row.market == "double_auction"]
TRUTHFUL = ["mcafee", "posted_price", "vcg_double_auction"]
EFFICIENT = ["double_auction", "vcg_double_auction"]
MICRO = 1_000_000

offer = st.one_of(st.integers(0, 2 * MICRO), st.sampled_from([0, MICRO // 2, MICRO]), st.integers(0, 6), st.just(-1))
side = st.lists(offer, min_size=0, max_size=6)
seeds = st.integers(0, 2**32)
profiles = settings(max_examples=150, deadline=None)


def cleared(name, bids, asks, seed=0, dtype=np.int64, **parameters):
    row = mechanism(name)
    params = row.params(row.options(**parameters))
    if dtype is np.float64:
        params = type(params)(*(float(value) if isinstance(value, int) else value for value in params))
    bids, asks = np.array(bids, dtype=dtype), np.array(asks, dtype=dtype)
    kept = bids.copy(), asks.copy()
    traders = len(bids) + len(asks)
    order = np.zeros(traders, dtype=np.int64)
    allocation, payments = np.full(traders, 9, dtype=dtype), np.full(traders, 9, dtype=dtype)
    row.rule(bids, asks, Lottery(market_keys(seed, 1)[0], 0, 0), params, order, allocation, payments)
    np.testing.assert_array_equal(bids, kept[0])
    np.testing.assert_array_equal(asks, kept[1])
    return allocation, payments


def best_gains(bids, asks):
    demand = sorted((bid for bid in bids if bid >= 0), reverse=True)
    supply = sorted(ask for ask in asks if ask >= 0)
    return sum(max(bid - ask, 0) for bid, ask in zip(demand, supply, strict=False))


@pytest.mark.parametrize("name", RULES)
@profiles
@given(bids=side, asks=side, seed=seeds)
def test_units_are_conserved_and_nobody_trades_at_a_loss(name, bids, asks, seed):
    allocation, payments = cleared(name, bids, asks, seed)
    offers = np.array([*bids, *asks], dtype=np.int64)
    assert set(allocation[: len(bids)]) <= {0, 1}
    assert set(allocation[len(bids) :]) <= {0, -1}
    assert allocation.sum() == 0
    assert not payments[allocation == 0].any()
    assert not allocation[offers < 0].any()
    assert np.all(allocation * offers >= payments), "a trader pays more than its offer or gets less"


@pytest.mark.parametrize(("name", "signs"), [("double_auction", {0}), ("posted_price", {0}), ("mcafee", {0, 1})])
@profiles
@given(bids=side, asks=side, seed=seeds)
def test_no_deficit(name, signs, bids, asks, seed):
    assert np.sign(cleared(name, bids, asks, seed)[1].sum()) in signs


@profiles
@given(bids=side, asks=side, seed=seeds)
def test_vcg_never_keeps_anything(bids, asks, seed):
    assert cleared("vcg_double_auction", bids, asks, seed)[1].sum() <= 0


@pytest.mark.parametrize("name", EFFICIENT)
@profiles
@given(bids=side, asks=side, seed=seeds)
def test_all_gains_on_the_offers_are_reached(name, bids, asks, seed):
    allocation, _ = cleared(name, bids, asks, seed)
    assert (allocation * np.array([*bids, *asks], dtype=np.int64)).sum() == best_gains(bids, asks)


@profiles
@given(bids=side, asks=side, seed=seeds)
def test_mcafee_loses_at_most_the_least_valuable_trade(bids, asks, seed):
    allocation, _ = cleared("mcafee", bids, asks, seed)
    reached, best = (allocation * np.array([*bids, *asks], dtype=np.int64)).sum(), best_gains(bids, asks)
    demand, supply = sorted((b for b in bids if b >= 0), reverse=True), sorted(a for a in asks if a >= 0)
    efficient = sum(bid >= ask for bid, ask in zip(demand, supply, strict=False))
    assert reached * max(efficient, 1) >= (efficient - 1) * best


@pytest.mark.parametrize("name", TRUTHFUL)
@profiles
@given(bids=side, asks=side, seed=seeds, lie=offer, data=st.data())
def test_no_lie_pays(name, bids, asks, seed, lie, data):
    """Offers are the true values and costs; the deviation meets the same others and the same lottery."""
    offers = np.array([*bids, *asks], dtype=np.int64)
    if offers.size == 0:
        return
    trader = data.draw(st.integers(0, offers.size - 1))
    if offers[trader] < 0:
        return
    changed = offers.copy()
    changed[trader] = lie
    utilities = []
    for told in (offers, changed):
        allocation, payments = cleared(name, told[: len(bids)], told[len(bids) :], seed)
        utilities.append(allocation[trader] * offers[trader] - payments[trader])
    assert utilities[1] <= utilities[0]


@pytest.mark.parametrize(
    ("bids", "asks", "trader", "lie", "stand_ins"),
    [
        ([9, 8], [2], 1, 10, {"highest_ask": 1.0}),  # a stand-in of 1 would sell to the higher bid at 4.5 or 5
        ([9], [2, 3], 2, 1, {"lowest_bid": 8.0}),  # one of 8 would buy from the lower ask at 5.5 or 5
    ],
)
def test_stand_ins_beyond_the_offers_make_no_lie_pay_under_mcafee(bids, asks, trader, lie, stand_ins):
    told = np.array([*bids, *asks]) * MICRO
    lying = told.copy()
    lying[trader] = lie * MICRO
    outcomes = [cleared("mcafee", o[: len(bids)], o[len(bids) :], 0, **stand_ins) for o in (told, lying)]
    utilities = [allocation[trader] * told[trader] - payments[trader] for allocation, payments in outcomes]
    assert utilities[1] <= utilities[0]


@profiles
@given(bids=side, asks=side, seed=seeds, k=st.floats(0, 1))
def test_clearing_prices_leave_no_envy(bids, asks, seed, k):
    allocation, payments = cleared("double_auction", bids, asks, seed, k=k, between="clearing_prices")
    if not allocation.any():
        return
    price = payments.max()
    assert set(abs(payments[allocation != 0])) == {price}
    losing_bids = np.array(bids)[allocation[: len(bids)] == 0]
    losing_asks = np.array(asks)[(allocation[len(bids) :] == 0) & (np.array(asks) >= 0)]
    assert losing_bids.max(initial=-1) <= price
    assert losing_asks.min(initial=10 * MICRO) >= price


@pytest.mark.parametrize("name", RULES)
@profiles
@given(bids=side, asks=side, seed=seeds)
def test_whole_money_and_floats_follow_the_same_rule(name, bids, asks, seed):
    whole, amounts = cleared(name, bids, asks, seed)
    floats, exact = cleared(name, bids, asks, seed, dtype=np.float64)
    np.testing.assert_array_equal(whole, floats)
    assert np.all(np.abs(amounts - exact) < 1.0)


@pytest.mark.parametrize("name", RULES)
@profiles
@given(bids=side, asks=side, data=st.data())
def test_nobody_gains_from_its_place(name, bids, asks, data):
    if len(set(bids)) < len(bids) or len(set(asks)) < len(asks) or name == "posted_price":
        return  # ties, and the posted price's rations, are drawn by lot
    order = np.array(data.draw(st.permutations(range(len(bids)))), dtype=np.int64)
    straight, permuted = cleared(name, bids, asks), cleared(name, np.array(bids)[order], asks)
    for before, after in zip(straight, permuted, strict=True):
        np.testing.assert_array_equal(after[: len(bids)], before[: len(bids)][order])
        np.testing.assert_array_equal(after[len(bids) :], before[len(bids) :])


@pytest.mark.parametrize("name", RULES)
def test_ties_are_drawn_by_lot(name):
    bids, asks = [MICRO] * 5, [0, 0]
    wins = np.zeros(7)
    for seed in range(600):
        wins += np.abs(cleared(name, bids, asks, seed)[0])
    assert chisquare(wins[:5]).pvalue > 1e-3


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [1, 2, 13, 300])
def test_many_offers_are_ranked(count, seed):
    from econo_env.mechanisms.crossing import cross

    generator = np.random.default_rng(seed)
    bids, asks = generator.integers(0, 50, count), generator.integers(0, 50, count + 3)
    order = np.zeros(2 * count + 3, dtype=np.int64)
    trades, num_bids, num_asks = cross(bids, asks, Lottery(market_keys(seed, 1)[0], 0, 0), order)
    np.testing.assert_array_equal(bids[order[:count]], -np.sort(-bids))
    np.testing.assert_array_equal(asks[order[count:]], np.sort(asks))
    assert sorted(order[:count]) == list(range(count))
    assert trades == (-np.sort(-bids) >= np.sort(asks)[:count]).sum()
    assert (num_bids, num_asks) == (count, count + 3)


def test_actions_mean_what_the_page_says():
    scenario = econo_env.load("double_auction_v1", values={"name": "uniform", "high": 2.0})
    engine = Engine(scenario, 50)
    engine.reset(0)
    values, top = engine.state.values.copy(), 2 * MICRO
    for action, bid, ask in ((0, values, values), (-1, 0 * values, top), (1, 2 * values, 2 * values - top)):
        engine.reset(0)
        engine.step(np.full((50, 4, 1), action, dtype=np.float32))
        np.testing.assert_array_equal(engine.state.bids, np.where(np.arange(4) < 2, bid, np.maximum(ask, 0)))
    engine = Engine(scenario.replace(bids="amount"), 1)
    engine.reset(0)
    engine.step(np.array([[[-1.0], [0.5], [0.0], [1.0]]]))
    assert engine.state.bids.tolist() == [[0, 1_500_000, 1_000_000, 2_000_000]]


@pytest.mark.parametrize("bids", ["share_of_value", "amount"])
@pytest.mark.parametrize("policy", ["truthful", "zero_intelligence", "conservative"])
def test_cautious_policies_never_lose(bids, policy):
    scenario = econo_env.load("double_auction_v1", num_agents=10, bids=bids)
    engine = Engine(scenario, 500)
    engine.reset(3)
    values = engine.state.values
    acting = make_policy(policy, scenario)
    engine.step(acting.act(engine.buffers.observations, engine.buffers.action_mask))
    rounding = 1 if bids == "share_of_value" else 2
    assert np.all(engine.state.bids[:, :5] <= values[:, :5] + rounding)
    assert np.all(engine.state.bids[:, 5:] >= values[:, 5:] - rounding)
    assert engine.buffers.rewards.min() >= -2e-6
    assert engine.buffers.rewards.max() > 0.1


def test_what_is_seen_of_the_last_round():
    scenario = econo_env.load("mcafee_v1", max_cycles=3, feedback="price")
    names = market_of(scenario).observations(scenario)
    assert names == ("value", "rounds_left", "seller", "traded", "paid", "price")
    engine = Engine(scenario, 200)
    engine.reset(0)
    engine.step(make_policy("truthful", scenario).act(engine.buffers.observations, engine.buffers.action_mask))
    seen, state = engine.buffers.observations, engine.state
    np.testing.assert_array_equal(seen[..., 3] == 1, state.award.units != 0)
    np.testing.assert_allclose(seen[..., 4], abs(state.award.pays) / MICRO, atol=1e-6)
    trading = state.award.units[:, 0] == 1
    np.testing.assert_allclose(seen[trading, 3, 5], state.award.pays[trading, 0] / MICRO, atol=1e-6)
    assert not seen[~state.award.units.any(axis=1), :, 5].any()
    np.testing.assert_array_equal(seen[..., 2], np.broadcast_to([0, 0, 1, 1], (200, 4)))


def test_an_invalid_action_is_no_offer():
    engine = Engine(econo_env.load("double_auction_v1"), 1)
    engine.reset(0)
    engine.step(np.array([[[np.nan], [0.0], [2.0], [0.0]]]))
    assert engine.state.bids[0, [0, 2]].tolist() == [-1, -1]
    assert engine.buffers.invalid_actions[0] == 2


def test_own_offers_are_replayed_by_the_rule():
    """A bid curve at the offer that was made gives what that offer brought."""
    scenario = econo_env.load("vcg_double_auction_v1", num_agents=5)
    market, engine = market_of(scenario), Engine(scenario, 1)
    for seed in range(20):
        engine.reset(seed)
        engine.step(make_policy("truthful", scenario).act(engine.buffers.observations, engine.buffers.action_mask))
        for agent in range(5):
            curve = market.judging.bids.curves(scenario, engine.state, agent, engine.state.bids[0, [agent]] / MICRO)
            assert curve.allocation[0] == engine.state.award.units[0, agent]
            assert curve.payment[0] == engine.state.award.pays[0, agent] / MICRO


def test_series_tell_the_books_of_a_round():
    scenario = econo_env.load("vcg_double_auction_v1", num_agents=2)
    market, engine = market_of(scenario), Engine(scenario, 300)
    engine.reset(0)
    engine.step(make_policy("truthful", scenario).act(engine.buffers.observations, engine.buffers.action_mask))
    values, shown = engine.state.values / MICRO, market.view.series(scenario, engine.state)
    gains = np.maximum(values[:, 0] - values[:, 1], 0.0)
    trades = values[:, 0] >= values[:, 1]
    np.testing.assert_allclose(shown["revenue"], -gains, atol=1e-9)
    np.testing.assert_array_equal(shown["trades"], trades)
    np.testing.assert_allclose(shown["price"], np.where(trades, values[:, 1], np.nan))
    np.testing.assert_array_equal(shown["efficiency"][gains > 0], 1.0)
    np.testing.assert_allclose(shown["bids"], values)


def test_sides_have_their_own_priors_and_roles():
    scenario = econo_env.load(
        "double_auction_v1",
        num_agents=5,
        buyers=2,
        values=[{"name": "uniform", "low": 2.0, "high": 3.0}, {"name": "uniform"}],
        costs={"name": "uniform", "low": 0.0, "high": 0.5},
    )
    assert market_of(scenario).roles(scenario) == ((0,), (1,), (2, 3, 4))
    assert "prior" in market_of(scenario).observations(scenario)
    engine = Engine(scenario, 1000)
    engine.reset(0)
    low, high = engine.state.values.min(axis=0) / MICRO, engine.state.values.max(axis=0) / MICRO
    assert np.all(low >= [2.0, 0.0, 0.0, 0.0, 0.0])
    assert np.all(high <= [3.0, 1.0, 0.5, 0.5, 0.5])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"buyers": 9}, "at most all agents buy"),
        ({"values": [{"name": "uniform"}]}, "values lists 1 priors for 2 traders of that side"),
        ({"mechanism": {"name": "first_price"}}, "played in a sealed_bid market"),
        ({"mechanism.k": 1.5}, "k = 1.5"),
        ({"mechanism.between": "ends"}, "choose one of marginal_pair, clearing_prices"),
        ({"mechanism.reserve": 1}, "unknown key 'mechanism.reserve'"),
    ],
)
def test_a_mistake_names_value_and_fix(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        econo_env.load("double_auction_v1", **changes)


def test_no_equilibrium_is_claimed_where_none_is_known():
    values = [{"name": "uniform", "high": high} for high in (1.0, 2.0)]
    with pytest.raises(ValueError, match="buyers with one prior and sellers with one"):
        make_policy("equilibrium", econo_env.load("double_auction_v1", values=values))


@pytest.mark.parametrize(("k", "price"), [(1.0, 4.0), (0.75, 4.75), (0.0, 7.0)])
def test_k_one_is_the_lower_end(k, price):
    assert clear("double_auction", {"buyers": [7.0], "sellers": [4.0]}, k=k).payments.tolist() == [price, -price]
