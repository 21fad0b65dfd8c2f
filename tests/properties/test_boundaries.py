"""Exactly at a limit, and one micro-credit off it: reserves, prices, stakes, bounds and zero bids of every rule."""

import math

import numpy as np
import pytest
from scipy.optimize import linprog

from econo_env.economy import contracts
from econo_env.economy.eligibility import is_eligible
from econo_env.economy.ledger import transfer
from econo_env.economy.staking import contract_lock, required_stake
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import clear
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.gsp import envy_free_bids

M = 1e-6  # one micro-credit
LOTTERY = Lottery(np.uint64(5), 0, 0)


@pytest.mark.parametrize("name", ["first_price", "second_price", "all_pay", "second_price_all_pay", "tullock"])
@pytest.mark.parametrize("reserve", [0.5, 0.0])
def test_a_bid_of_the_reserve_wins_and_pays_it_and_a_lower_one_does_not(name, reserve):
    outcome = clear(name, [reserve, np.nan], reserve=reserve)
    assert outcome.winners == [0]
    assert outcome.payments.tolist() == [reserve, 0.0]
    if reserve:
        outcome = clear(name, [reserve - M, np.nan], reserve=reserve)
        assert outcome.winners == []
        assert not outcome.payments.any()


def test_the_kth_price_is_the_reserve_where_so_few_reach_it():
    for bids, price in (([0.9, 0.5, 0.5], 0.5), ([0.9, 0.8, 0.5 - M], 0.5), ([0.9, 0.8, 0.5 + M], 0.5 + M)):
        outcome = clear("kth_price", bids, reserve=0.5, rank=3)
        assert outcome.payments.tolist() == [pytest.approx(price, abs=1e-12), 0, 0]


@pytest.mark.parametrize("name", ["discriminatory", "uniform_price", "vickrey"])
def test_every_unit_sells_down_to_the_reserve_and_none_below(name):
    outcome = clear(name, [[0.9, 0.5], [0.5 - M, 0.1]], units=3, reserve=0.5)
    assert outcome.allocation.tolist() == [2, 0]
    assert outcome.payments[0] == pytest.approx(1.4 if name == "discriminatory" else 1.0, abs=1e-12)
    free = clear(name, [[0.3, 0.0], [0.0, 0.0]], units=4)
    assert free.allocation.sum() == 4, "a bid of 0 is a bid"


@pytest.mark.parametrize("name", ["gsp", "position_vcg", "position_first_price"])
def test_a_slot_goes_to_a_click_bid_of_the_reserve(name):
    outcome = clear(name, [0.9, 0.5, 0.5 - M], click_rates=[1.0, 0.5, 0.25], reserve=0.5)
    assert outcome.allocation.tolist() == [1, 2, 0]
    assert outcome.payments[1] == pytest.approx(0.25, abs=1e-12)


def test_a_bidder_of_twice_the_weight_stays_at_half_the_bid_below():
    for name, paid in (("gsp", 0.4), ("position_vcg", (1.0 - 0.5) * 0.4)):
        outcome = clear(name, [0.6, 0.8], click_rates=[1.0, 0.5], weights=[2.0, 1.0])
        assert outcome.allocation.tolist() == [1, 2]
        assert outcome.payments.tolist() == pytest.approx([paid, 0.0], abs=2e-6)


def test_a_click_price_is_rounded_down_to_whole_money():
    """0.3 clicks at 7 micro-credits are 2.1, at 9 they are 2.7: both cost 2."""
    for rival in (7, 9):
        outcome = clear("gsp", [20 * M, rival * M], click_rates=[0.3])
        assert outcome.payments[0] == pytest.approx(2 * M, abs=1e-15)


@pytest.mark.parametrize("name", ["double_auction", "mcafee", "vcg_double_auction"])
def test_a_bid_that_equals_the_ask_is_a_trade(name):
    keys = {"highest_ask": 0.5, "lowest_bid": 0.5} if name == "mcafee" else {}
    for ask, trades in ((0.5, [1, -1]), (0.5 + M, [0, 0])):
        assert clear(name, {"buyers": [0.5], "sellers": [ask]}, **keys).allocation.tolist() == trades


def test_a_posted_price_suits_offers_that_equal_it():
    assert clear("posted_price", {"buyers": [0.5], "sellers": [0.5]}, price=0.5).allocation.tolist() == [1, -1]
    for bid, ask in ((0.5 - M, 0.5), (0.5, 0.5 + M)):
        assert not clear("posted_price", {"buyers": [bid], "sellers": [ask]}, price=0.5).allocation.any()


@pytest.mark.parametrize(
    ("buyers", "sellers", "moved"),
    [((0.5, 0.3), (0.2, 0.7), ("buyers", -M)), ((0.9, 0.3), (0.5, 0.7), ("sellers", M))],
    ids=["marginal bid", "marginal ask"],
)
def test_mcafee_trades_at_a_price_that_equals_the_marginal_offer(buyers, sellers, moved):
    """The losers' midpoint is 0.5: it suits a marginal offer of 0.5, and loses that trade a micro-credit beyond."""
    outcome = clear("mcafee", {"buyers": list(buyers), "sellers": list(sellers)})
    assert outcome.allocation.tolist() == [1, 0, -1, 0]
    assert outcome.payments[[0, 2]].tolist() == [0.5, -0.5]
    sides = {"buyers": list(buyers), "sellers": list(sellers)}
    sides[moved[0]][0] += moved[1]
    assert not clear("mcafee", sides).allocation.any()


def test_the_k_double_auction_keeps_fractions_of_a_micro_credit_from_nobody():
    """Halfway between 1 and 2 micro-credits: both sides count the same whole price, the lower one."""
    outcome = clear("double_auction", {"buyers": [2 * M], "sellers": [M]})
    assert outcome.payments.tolist() == [M, -M]


@pytest.mark.parametrize("name", ["first_score", "second_score"])
def test_a_score_of_the_reserve_wins(name):
    """V = 2 sqrt(q) = 2 at quality 1: a price of 1.5 scores 0.5."""
    for price, won in ((1.5, [0]), (1.5 + M, []), (1.5 - M, [0])):
        outcome = clear(name, [[price, 1.0]], reserve=0.5)
        assert outcome.winners == won
        if won:
            paid = price if name == "first_score" else 1.5
            assert outcome.payments[0] == pytest.approx(paid, abs=1e-12)


@pytest.mark.parametrize(("scores", "won", "owed"), [
    ([50, -1, 20], 0, 50), ([60, 70, -1], 1, 60), ([55, 60, 70], 2, 60),
    ([49, -1, 20], None, 0), ([51, 50, 49], 0, 50), ([70, 60, -1], 0, 60), ([51, 49, -1], 0, 50),
])  # fmt: skip
def test_a_task_goes_to_a_score_of_the_reserve_and_owes_the_best_losing_one(scores, won, owed):
    rule, params = (
        mechanism("contingent_second_score").rule,
        mechanism("contingent_second_score").parameters(reserve=50),
    )
    scores = np.array(scores, dtype=np.int64)
    allocation, second = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
    rule(scores, np.full(3, 1000), LOTTERY, params, allocation, second)
    assert np.flatnonzero(allocation).tolist() == ([] if won is None else [won])
    assert second.sum() == owed


def test_a_score_of_zero_is_served_without_a_reserve():
    rule, params = mechanism("contingent_second_score").rule, mechanism("contingent_second_score").parameters(reserve=0)
    allocation, second = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64)
    rule(np.array([0, -1]), np.full(2, 1000), LOTTERY, params, allocation, second)
    assert allocation.tolist() == [1, 0]


def test_eligibility_holds_at_its_limits_and_not_below():
    assert is_eligible(True, 5, 5, 0.3, 0.3)
    assert not is_eligible(True, 4, 5, 0.3, 0.3)
    assert not is_eligible(True, 5, 5, math.nextafter(0.3, 0.0), 0.3)
    assert not is_eligible(False, 6, 5, 0.4, 0.3)
    assert is_eligible(True, 0, 0, 0.0, 0.0)


def test_a_whole_balance_can_be_moved_and_nothing_can():
    for amount in (0, 10):
        balances = np.array([10, 0], dtype=np.int64)
        assert transfer(balances, 0, 1, amount)
        assert balances.tolist() == [10 - amount, amount]


def test_stake_is_that_of_the_worst_case_and_never_more_than_there_is():
    schedule = contracts.value_schedule(1.25, -0.5, -1.0, 0.9, 0.6)
    assert [required_stake(4, schedule, cap) for cap in (math.inf, 2.25, 2.0, 0.1)] == [9, 9, 8, 0]
    assert required_stake(0, schedule, math.inf) == 0
    assert [contract_lock(second, -4, 9) for second in (0, 5, 6)] == [4, 9, 9]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("slots", [2, 3])
def test_envy_free_bids_span_the_revenues_of_all_such_equilibria(seed, slots):
    """Lowest and highest revenue over all prices that nobody envies, by linear programming (Varian 2007)."""
    rng = np.random.default_rng(seed)
    values = np.sort(rng.random(4))[::-1]
    rates = np.sort(rng.random(slots))[::-1]
    x = np.append(rates, np.zeros(4 - slots))
    rows, limits = [], []
    for own in range(4):
        for other in range(4):  # x_own (v - p_own) >= x_other (v - p_other)
            row = np.zeros(4)
            row[own] += x[own]
            row[other] -= x[other]
            rows.append(row)
            limits.append((x[own] - x[other]) * values[own])
    free = [(0.0, None) if s < slots else (0.0, 0.0) for s in range(4)]
    for sign, bound in ((1, "lowest"), (-1, "highest")):
        best = linprog(sign * x, A_ub=rows, b_ub=limits, bounds=free)
        bids = envy_free_bids(values, rates, bound)
        paid = np.append(bids[1:], 0.0)[:slots]
        assert paid @ rates == pytest.approx(sign * best.fun, abs=1e-9)


def test_excellent_and_satisfactory_begin_at_their_marks():
    schedule = contracts.value_schedule(1.25, -0.5, -1.0, 0.9, 0.6)
    marks = [0.9, math.nextafter(0.9, 0.0), 0.6, math.nextafter(0.6, 0.0)]
    assert [contracts.grade_of(q, False, schedule) for q in marks] == [1, 2, 2, 3]


@pytest.mark.parametrize("name", ["english", "dutch", "english_open"])
def test_a_clock_sells_to_a_limit_that_equals_its_price(name):
    outcome = clear(name, [0.5, np.nan], reserve=0.5, increment=0.1)
    assert outcome.winners == [0]
    assert outcome.payments[0] == pytest.approx(0.5, abs=1e-12)
    assert clear(name, [0.5 - M, np.nan], reserve=0.5, increment=0.1).winners == []


def test_who_accepts_a_price_exactly_is_still_in():
    """Both leave together above 0.6, the last price that they accepted, and draw lots at it."""
    outcome = clear("english", [0.6, 0.6, 0.5], reserve=0.5, increment=0.1)
    assert outcome.winners in ([0], [1])
    assert outcome.payments.sum() == pytest.approx(0.6, abs=1e-12)


@pytest.mark.parametrize(
    ("k", "buyers", "sellers", "price"), [(0, [0.9], [0.3, 0.5], 0.5), (1, [0.9, 0.4], [0.3], 0.4)]
)
def test_clearing_prices_end_at_the_losing_offers(k, buyers, sellers, price):
    outcome = clear("double_auction", {"buyers": buyers, "sellers": sellers}, k=k, between="clearing_prices")
    assert outcome.payments[0] == pytest.approx(price, abs=1e-12)


def test_the_last_step_of_a_dutch_clock_ends_at_the_reserve():
    outcome = clear("dutch", [0.55, np.nan], start=0.8, reserve=0.5, increment=0.2)
    assert outcome.payments.tolist() == pytest.approx([0.5, 0.0], abs=1e-12)


def test_the_longer_side_of_a_posted_price_is_drawn_whatever_it_offers():
    offers = {"buyers": [0.9, 0.5], "sellers": [0.1]}
    won = sum(clear("posted_price", offers, price=0.5, seed=seed).allocation[0] for seed in range(60))
    assert 10 < won < 50


def test_equal_scores_are_drawn():
    """Three alike: each wins some of 60 lots, and the one who does owes what all of them score."""
    rule, params = mechanism("contingent_second_score").rule, mechanism("contingent_second_score").parameters(reserve=0)
    won = np.zeros(3, dtype=int)
    for tick in range(60):
        allocation, second = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
        rule(np.full(3, 7), np.full(3, 1000), LOTTERY._replace(tick=tick), params, allocation, second)
        assert second.tolist() == (7 * allocation).tolist()
        won += allocation
    assert won.sum() == 60
    assert won.min() > 5


def test_lots_of_the_two_sides_are_apart():
    """One trade among two buyers and two sellers alike: who sells does not follow from who buys."""
    pairs = set()
    for seed in range(40):
        outcome = clear("posted_price", {"buyers": [0.5, 0.5, 0.1], "sellers": [0.5, 0.5, 0.9]}, price=0.5, seed=seed)
        assert outcome.allocation[[0, 1, 3, 4]].tolist() == [1, 1, -1, -1]
        one = clear("double_auction", {"buyers": [0.5, 0.5], "sellers": [0.4, 0.6]}, seed=seed)
        other = clear("double_auction", {"buyers": [0.5, 0.1], "sellers": [0.4, 0.4]}, seed=seed)
        pairs.add((int(np.argmax(one.allocation[:2])), int(np.argmin(other.allocation[2:]))))
    assert len(pairs) == 4
