"""Insurance, credit and multipliers: no plan farms the pool, no account ends below zero, no step is worth gaming."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econo_env.economy import naive
from econo_env.economy.credit import credit_line, may_expose, settle_debt
from econo_env.economy.insurance import CONDUCT, FAULT, claim, premium, share_pool
from econo_env.economy.multipliers import lock_factor, reward_factor, straight_line
from econo_env.economy.proportions import MILLION

money, rate = st.integers(0, 10**15), st.integers(0, MILLION)


@given(money, rate, rate, rate, money)
def test_the_premium_covers_what_nature_takes_on_average(insured, cover, probability, loading, loss):
    """Whatever is lost, the expected payout is at most the premium: exactly, in whole micro-credits."""
    paid = premium(insured, cover, probability, loading)
    expected = Fraction(claim(loss, 0, insured, cover, FAULT, 0) * probability, MILLION)
    assert expected <= paid
    fair = Fraction(insured * cover * probability, MILLION**2)
    assert fair * (1 + Fraction(loading, MILLION)) <= paid <= fair * (1 + Fraction(loading, MILLION)) + 6


@given(money, money, money, rate, money, st.sampled_from([FAULT, CONDUCT]))
def test_a_claim_is_bounded_by_loss_cover_and_backing(loss, recovered, insured, cover, backing, peril):
    owed = claim(loss, recovered, insured, cover, peril, backing)
    assert 0 <= owed <= max(0, loss - recovered)
    assert owed <= insured
    assert Fraction(owed) <= Fraction(insured * cover, MILLION)
    assert peril == FAULT or owed <= backing
    assert claim(loss, recovered, insured, cover, FAULT, 0) >= owed
    assert claim(300, 100, 150, 600_000, FAULT, 0) == 90
    assert claim(300, 100, 150, 600_000, CONDUCT, 40) == 40


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=9), money)
def test_claims_beyond_the_pool_share_it(owed, pool):
    claims = np.array(owed, dtype=np.int64)
    paid = share_pool(claims, pool)
    assert paid == claims.sum() <= pool
    assert (claims <= owed).all()
    if sum(owed) <= pool:
        assert claims.tolist() == owed
    else:
        assert paid > pool - len(owed), "but for rounding all of it is paid"
        assert claims.tolist() == [each * pool // sum(owed) for each in owed]


class Pool:
    """The shipped rule: premiums in first, payouts out of what is there."""

    def __init__(self, start):
        self.money, self.backing = start, 0

    def buy(self, value):
        cost = premium(value, 600_000, 25_000, 200_000)
        self.money += cost
        self.backing += cost
        return cost

    def pay(self, value, loss, gap):
        claims = np.array([claim(loss, 0, value, 600_000, CONDUCT, self.backing)], dtype=np.int64)
        paid = share_pool(claims, self.money)
        self.money -= paid
        self.backing -= paid
        return paid


class NaivePool(Pool):
    """The old rule: premiums go nowhere, payouts have no bound."""

    def buy(self, value):
        return int(naive.unpooled_premium(value))

    def pay(self, value, loss, gap):
        paid = int(naive.unbounded_payout(value, gap))
        self.money -= paid
        return paid


def farm(rng, pool):
    """A coalition of an insured and its own contractor: buys cover, stages losses as it likes; what it has gained."""
    gained = 0
    for _ in range(int(rng.integers(1, 30))):
        value = int(rng.integers(1, 5000)) * 10**6
        if rng.random() < 0.6:
            gained -= pool.buy(value)
        if rng.random() < 0.6:
            gained += pool.pay(value, int(value * rng.random() * 3), rng.random())
    return gained


def test_no_staged_loss_farms_the_pool():
    """3,000 random plans: none gains, whatever happens, and the pool is never negative."""
    rng = np.random.default_rng(4)
    for _ in range(3000):
        pool = Pool(int(rng.integers(0, 10**10)))
        start = pool.money
        gained = farm(rng, pool)
        assert gained <= 0
        assert pool.money >= start
        assert pool.money - start == -gained


def test_the_same_search_farms_the_naive_pool_and_empties_it():
    """A premium of 75 buys a payout of 3,000 for a shortfall of 0.05, and 60,000 for a total one."""
    assert naive.unpooled_premium(5000.0) == 75.0
    assert naive.unbounded_payout(5000.0, 0.05) == pytest.approx(3000.0)
    assert naive.unbounded_payout(5000.0, 1.0) == pytest.approx(60_000.0)
    rng, ends = np.random.default_rng(4), []
    for _ in range(200):
        pool = NaivePool(10**10)
        ends.append((farm(rng, pool), pool.money))
    assert np.mean([gained > 0 for gained, _ in ends]) > 0.9
    assert min(left for _, left in ends) < 0


def trade(rng, allows):
    """Random bids, lost and won at random, settled at the end: what defaults."""
    free, collateral = int(rng.integers(0, 10**9)), int(rng.integers(0, 10**9))
    exposure = 0
    for _ in range(20):
        bid = int(rng.integers(0, 10**9))
        if allows(free, collateral, exposure, bid):
            exposure += bid
    _, from_collateral, defaulted = settle_debt(exposure, free, collateral)
    assert 0 <= from_collateral <= collateral
    return defaulted


def test_debts_taken_within_a_collateralised_line_never_default():
    rng = np.random.default_rng(9)
    for advance in (0, 500_000, MILLION):
        for _ in range(1000):
            assert (
                trade(
                    rng,
                    lambda free, pledged, owed, bid, a=advance: may_expose(free, credit_line(pledged, a), owed, bid),
                )
                == 0
            )


def test_the_same_search_finds_defaults_under_leverage_by_reputation():
    """Three times the funds of the best reputation: the house loses what was never there, in most runs."""
    assert [naive.leverage(r) for r in (0.5, 0.6, 0.8, 0.9, 0.95)] == [0.8, 1.0, 1.5, 2.0, 3.0]
    rng = np.random.default_rng(9)
    lost = [
        trade(rng, lambda free, pledged, owed, bid: owed + bid <= naive.leverage(0.96) * (free + pledged))
        for _ in range(500)
    ]
    assert np.mean(np.array(lost) > 0) > 0.5


@given(money, money, money)
def test_a_debt_is_settled_in_full_or_said_to_default(debt, free, collateral):
    parts = settle_debt(debt, free, collateral)
    assert sum(parts) == debt
    assert parts[0] == min(debt, free)
    assert parts[1] <= collateral
    assert parts[2] == max(0, debt - free - collateral)
    assert may_expose(free, collateral, 0, debt) == (parts[2] == 0)


def steepest(multiplier, rng, step=1e-4):
    """The largest change of a multiplier per unit of reputation that a search over small changes finds."""
    starts = np.concatenate([rng.random(5000), [0.5 - step / 2, 0.9 - step / 2]])
    return max(abs(multiplier(min(1.0, start + step)) - multiplier(start)) / step for start in starts)


@pytest.mark.parametrize(("multiplier", "slope"), [(lock_factor, 0.7), (reward_factor, 1.1)])
def test_no_small_change_of_reputation_is_worth_more_than_the_line_says(multiplier, slope):
    assert steepest(multiplier, np.random.default_rng(0)) <= slope + 1e-6


def test_the_same_search_finds_the_steps_of_the_naive_reward():
    """At 0.5 and 0.9 a reputation that grows by 0.0001 is worth 0.3 and 0.2 of the reward."""
    assert steepest(naive.stepped_reward, np.random.default_rng(0)) > 2000
    assert naive.stepped_reward(0.5) - naive.stepped_reward(0.49999) == pytest.approx(0.3, abs=1e-4)
    assert naive.stepped_reward(0.90001) - naive.stepped_reward(0.9) == pytest.approx(0.2, abs=1e-4)


@given(st.floats(-1, 2), st.floats(0, 3), st.floats(0, 3))
def test_lines_end_where_they_say(reputation, at_none, at_full):
    value = straight_line(reputation, at_none, at_full)
    assert min(at_none, at_full) - 1e-12 <= value <= max(at_none, at_full) + 1e-12
    assert (straight_line(-1.0, at_none, at_full), straight_line(0.0, at_none, at_full)) == (at_none, at_none)
    assert straight_line(7.0, at_none, at_full) == pytest.approx(at_full)
    assert (lock_factor(0.0), reward_factor(0.0)) == (1.5, 0.1)
    assert (lock_factor(1.0), reward_factor(1.0)) == pytest.approx((0.8, 1.2))
