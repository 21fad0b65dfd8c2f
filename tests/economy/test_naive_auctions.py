"""Old rules for auctions, measures and replicated stake; the search that exposes them finds nothing in the shipped."""

import numpy as np
import pytest

import econo_env
from econo_env.economy import naive
from econo_env.economy.ledger import BONDED, TREASURY, account, num_accounts, transfer
from econo_env.engine.engine import Engine
from econo_env.engine.rng import Lottery
from econo_env.games.welfare import PRIMARY
from econo_env.market import market_of
from econo_env.mechanisms import second_price
from econo_env.mechanisms.clock_rule import Clock
from econo_env.mechanisms.dutch import Dutch
from econo_env.mechanisms.dutch import tick as dutch_tick
from econo_env.mechanisms.ranking import NOBODY, WEIGHT_UNIT

DRAWS = 2000
LOT = Lottery(np.uint64(3), 0, 0)


SHARES = (0.0, 0.25, 0.5, 0.8, 0.95, 1.0, 1.05, 1.25, 1.5, 2.0)
"""Of the value, as reports."""


def best_gain(utility, values, cells=5):
    """What the best multiple of the value in each cell of values gains over truth: utility (report, draw)."""
    earned = np.array([[utility(share * value, n) for share in SHARES] for n, value in enumerate(values)])
    cell = np.minimum((np.asarray(values) * cells).astype(int), cells - 1)
    best = sum(earned[cell == one].sum(axis=0).max() for one in range(cells))
    return (best - earned[:, SHARES.index(1.0)].sum()) / len(values)


def test_an_efficiency_of_bids_is_perfect_for_any_highest_bid_and_flatters_a_random_winner():
    """Defect 1: values U[0, 1], 5 bidders. A random winner has 0.60 of the best value, and is told 0.77."""
    rng, told, true, told_of_best, true_of_best = np.random.default_rng(0), [], [], [], []
    for _ in range(DRAWS):
        values = rng.random(5)
        winner = int(rng.integers(5))
        told.append(naive.self_graded_efficiency(values, winner))
        true.append(values[winner] / values.max())
        bids = values * rng.random(5)  # whoever shades least wins
        told_of_best.append(naive.self_graded_efficiency(bids, int(bids.argmax())))
        true_of_best.append(values[bids.argmax()] / values.max())
    assert np.mean(told) == pytest.approx(0.77, abs=0.01)
    assert np.mean(true) == pytest.approx(0.60, abs=0.02)
    assert np.min(told_of_best) == 1.0
    assert np.mean(true_of_best) < 0.9
    for _ in range(100):  # whoever gets the goods
        sold, best = np.sort(rng.random(2))
        assert naive.volume_efficiency(1.0, 1.0) == 1.0 > sold / best
        assert naive.constant_efficiency() == 0.8


def test_the_shipped_efficiency_is_of_true_values():
    """Defect 1, the shipped measure: random play of a first-price market is not efficient, truthful play is."""
    scenario = econo_env.load("first_price_v0")
    engine, market, rng = Engine(scenario, 500), market_of(scenario), np.random.default_rng(0)
    engine.reset(0)
    shape, shares = engine.buffers.actions.shape, {}
    for name in ("random", "truthful"):
        engine.reset(0)
        types = market.types.now(scenario, engine.state)
        noise = rng.uniform(-1.0, 1.0, shape).astype(np.float32) if name == "random" else np.zeros(shape, np.float32)
        engine.step(noise)
        found = market.welfare(scenario, engine.state, types)
        shares[name] = found.realised[PRIMARY].sum() / found.optimal[PRIMARY].sum()
    assert shares["truthful"] == pytest.approx(1.0)
    assert shares["random"] < 0.95


def locals_and_global(rng):
    """Values of two local bidders, of an item each, and of one who wants both."""
    return rng.random(), rng.random(), 2.0 * rng.random()


def won_by(first, second, both):
    return first + second > both


def test_item_wise_second_bids_reward_lies_about_bundles_and_the_pivot_does_not():
    """Defect 2: `item_wise_payment` among two local bidders and a global one; `claims_truth` all along."""
    rng = np.random.default_rng(1)
    cases = [locals_and_global(rng) for _ in range(DRAWS)]
    values = [case[0] for case in cases]

    def item_wise(report, n):
        _, second, both = cases[n]
        bids = np.array([[report, 0.0], [0.0, second], [both / 2, both / 2]])
        assert naive.claims_truth(bids.ravel())
        return values[n] - naive.item_wise_payment(bids, 0) if won_by(report, second, both) else 0.0

    def pivot(report, n):
        _, second, both = cases[n]
        return values[n] - max(0.0, both - second) if won_by(report, second, both) else 0.0

    honest = np.mean([item_wise(value, n) for n, value in enumerate(values)])
    assert best_gain(item_wise, values) > 0.15 * honest
    assert best_gain(pivot, values) <= 1e-12
    losses = [item_wise(value, n) < -1e-9 for n, value in enumerate(values) if won_by(*cases[n])]
    assert np.mean(losses) > 0.1


def test_the_highest_single_bid_wastes_what_two_bids_together_are_worth():
    """Defect 2: it has 0.86 of the best surplus where the shipped winner determination has all of it."""
    rng, got, best = np.random.default_rng(2), 0.0, 0.0
    for _ in range(DRAWS):
        first, second, both = locals_and_global(rng)
        offers = np.array([first, second, both])
        got += offers[naive.highest_single_bid(offers)]
        best += max(first + second, both)
    assert got / best < 0.9


def test_whoever_bids_alone_shades_where_it_pays_its_own_bid_and_not_where_it_pays_the_reserve():
    """Defect 2: who bids alone gains its value by bidding next to nothing; shipped, it pays the reserve."""
    values = np.random.default_rng(3).random(DRAWS)

    def own_bid(report, n):
        return values[n] - naive.single_bid_payment(np.array([report]))

    def shipped(report, n):
        won, paid = np.zeros(1, np.int64), np.zeros(1, np.int64)
        rule = second_price.SecondPrice(0, 1, 0)
        bid = np.array([round(report * 1e6)], np.int64)
        second_price.clear(bid, np.array([WEIGHT_UNIT]), LOT, rule, won, paid)
        return (values[n] - paid[0] / 1e6) * won[0]

    assert best_gain(own_bid, values) == pytest.approx(0.5, abs=0.02)
    assert best_gain(shipped, values) <= 1e-12
    assert naive.single_bid_payment(np.array([0.3, 0.9, 0.7])) == 0.7


def test_the_latest_stored_bid_wins_by_waiting_and_a_falling_clock_is_sold_to_whoever_takes_the_price():
    """Defect 2: with `latest_bid` the lowest value wins as often as the highest; who is always last gains by it."""
    rng, won, waited, honest = np.random.default_rng(4), [], [], []
    for _ in range(DRAWS):
        values, arrivals = rng.random(4), rng.random(4)
        won.append(values[naive.latest_bid(arrivals)] / values.max())
        honest.append(values[0] / 2 if naive.latest_bid(arrivals) == 0 else 0.0)
        arrivals[0] = 2.0
        waited.append(values[0] / 2 if naive.latest_bid(arrivals) == 0 else 0.0)
    assert np.mean(won) < 0.7
    assert np.mean(waited) > 3.5 * np.mean(honest)
    for _ in range(200):
        limits = rng.permutation(np.array([300_000, 500_000, 700_000], np.int64))
        clock = Clock(0, 99, 99, 1_000_000, 0, NOBODY, False)
        while not clock.sold:
            clock = dutch_tick(limits, np.ones(3, np.int64), LOT, Dutch(0, 100_000, 0), clock)
        assert limits[clock.leader] == 700_000


def random_spending(rng):
    """A stake, and what two partitions take from it before they hear of each other: slashes and withdrawals."""
    return int(rng.integers(1, 1000)), [(bool(rng.integers(2)), int(rng.integers(1, 600))) for _ in range(6)]


def test_a_grow_only_stake_cannot_be_slashed_and_two_counters_go_below_zero():
    """Defect 10, by random schedules of two replicas that each take what they know to be there."""
    rng, undone, negative = np.random.default_rng(5), [], []
    for _ in range(DRAWS):
        stake, takings = random_spending(rng)
        known = {False: stake, True: stake}
        for there, amount in takings:
            if amount <= known[there]:
                known[there] -= amount
        undone.append(naive.grow_only_merge(known[True], known[False]) > stake - (2 * stake - sum(known.values())))
        negative.append(naive.two_counter_stake(stake, stake - known[False], stake - known[True]) < 0)
        assert naive.grow_only_merge(stake, 0) == stake, "slashed to nothing here, and all back"
    assert np.mean(undone) > 0.8
    assert np.mean(negative) > 0.4


def test_the_same_schedules_never_overdraw_the_one_door():
    """Defect 10, the shipped rule: stake stands in one ledger; what is not there is refused, and all of it is kept."""
    rng = np.random.default_rng(5)
    for _ in range(500):
        stake, takings = random_spending(rng)
        balances = np.zeros(num_accounts(1), np.int64)
        balances[account(0, BONDED, 1)] = stake
        for _, amount in takings:
            before = int(balances[account(0, BONDED, 1)])
            assert transfer(balances, account(0, BONDED, 1), TREASURY, amount) == (amount <= before)
            assert balances.min() >= 0
            assert balances.sum() == stake
