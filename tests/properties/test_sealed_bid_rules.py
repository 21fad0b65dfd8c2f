"""What must hold for every profile of bids, tried on generated ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.engine.rng import Lottery, market_keys
from econo_env.mechanisms import clear, mechanism, mechanisms

MICRO = 1e-6
SEALED = [name for name, row in mechanisms().items() if row.market == "sealed_bid"]
WINNERS_PAY = ["first_price", "second_price", "kth_price"]
MONOTONE = [*WINNERS_PAY, "all_pay", "second_price_all_pay", "tullock"]
BY_RANK = [name for name in SEALED if name != "tullock"]  # a contest draws its winner

amounts = st.integers(0, 2_000_000).map(lambda money: money * MICRO)
bid = st.one_of(amounts, st.sampled_from([0.0, 0.5, 1.0]), st.just(float("nan")))
thousandths = st.integers(100, 3000).map(lambda weight: weight / 1000)


@st.composite
def markets(draw):
    """Bids, weights, a reserve, units and the seed of the lottery."""
    bids = draw(st.lists(bid, min_size=1, max_size=7))
    weights = draw(st.one_of(st.none(), st.lists(thousandths, min_size=len(bids), max_size=len(bids))))
    rule = {"reserve": draw(st.one_of(st.just(0.0), amounts)), "units": draw(st.integers(1, 3))}
    return np.array(bids), weights, rule, draw(st.integers(0, 2**32))


def taken_by(name, rule):
    """The parameters that the rule has, of those drawn."""
    return {key: value for key, value in rule.items() if key in mechanism(name).parameters._fields}


profiles = settings(max_examples=150, deadline=None)


@pytest.mark.parametrize("name", SEALED)
@profiles
@given(market=markets())
def test_allocations_are_feasible_and_no_bidder_is_paid(name, market):
    bids, weights, rule, seed = market
    outcome = clear(name, bids, weights=weights, seed=seed, **taken_by(name, rule))
    assert outcome.allocation.sum() <= rule["units"]
    assert set(outcome.allocation.tolist()) <= {0, 1}
    assert np.all(outcome.payments >= 0)
    assert not outcome.allocation[np.isnan(bids)].any()


@pytest.mark.parametrize("name", WINNERS_PAY)
@profiles
@given(market=markets())
def test_winners_pay_between_the_reserve_and_their_bid(name, market):
    """With truthful bids this is ex-post individual rationality."""
    bids, weights, rule, seed = market
    outcome = clear(name, bids, weights=weights, seed=seed, **taken_by(name, rule))
    won = outcome.allocation > 0
    assert np.all(outcome.payments[won] <= bids[won] + 1e-9)
    assert np.all(outcome.payments[won] >= rule["reserve"] - 1e-9)
    assert not outcome.payments[~won].any()


@pytest.mark.parametrize("name", MONOTONE)
@profiles
@given(market=markets(), data=st.data())
def test_a_higher_bid_never_loses_what_a_lower_one_won(name, market, data):
    bids, weights, rule, seed = market
    bidder = data.draw(st.integers(0, len(bids) - 1))
    raised = bids.copy()
    raised[bidder] = np.nan_to_num(raised[bidder]) + data.draw(amounts)
    before = clear(name, bids, weights=weights, seed=seed, **taken_by(name, rule)).allocation[bidder]
    after = clear(name, raised, weights=weights, seed=seed, **taken_by(name, rule)).allocation[bidder]
    assert after >= before


@pytest.mark.parametrize("name", ["all_pay", "second_price_all_pay", "tullock"])
@profiles
@given(market=markets())
def test_losers_pay_their_accepted_bids_and_winners_at_most_theirs(name, market):
    bids, weights, rule, seed = market
    outcome = clear(name, bids, weights=weights, seed=seed, **taken_by(name, rule))
    accepted = np.where(np.nan_to_num(bids, nan=-1.0) >= rule["reserve"], np.nan_to_num(bids), 0.0)
    lost = outcome.allocation == 0
    np.testing.assert_allclose(outcome.payments[lost], accepted[lost], atol=1e-9)
    assert np.all(outcome.payments[~lost] <= accepted[~lost] + 1e-9)
    if (np.nan_to_num(bids, nan=-1.0) >= rule["reserve"]).any():
        assert outcome.allocation.any()


@profiles
@given(market=markets(), rank=st.integers(2, 8))
def test_the_kth_price_is_that_of_the_sorted_bids(market, rank):
    bids, _, rule, seed = market
    outcome = clear("kth_price", bids, seed=seed, reserve=rule["reserve"], rank=rank)
    accepted = np.sort(bids[np.nan_to_num(bids, nan=-1.0) >= rule["reserve"]])[::-1]
    assert len(outcome.winners) == min(1, len(accepted))
    if len(accepted):
        assert bids[outcome.winners[0]] == accepted[0]
        price = accepted[rank - 1] if rank <= len(accepted) else rule["reserve"]
        assert outcome.revenue == pytest.approx(price, abs=1e-9)


@profiles
@given(market=markets())
def test_the_payment_is_the_least_bid_that_wins(market):
    """Second price with the critical payment: just above it a winner still wins, just below it loses."""
    bids, weights, rule, seed = market
    outcome = clear("second_price", bids, weights=weights, seed=seed, **rule)
    for winner in outcome.winners:
        price = float(outcome.payments[winner])
        for moved, wins in ((price + MICRO, True), (price - MICRO, False)):
            if moved < 0:
                continue
            changed = bids.copy()
            changed[winner] = moved
            again = clear("second_price", changed, weights=weights, seed=seed, **rule)
            assert again.allocation[winner] == wins


@profiles
@given(market=markets())
def test_the_weighted_payment_reaches_every_losing_bid(market):
    """Payments are rounded up to a whole micro-credit: nobody wins at a price that a loser has topped."""
    bids, weights, rule, seed = market
    outcome = clear("second_price", bids, weights=weights, seed=seed, **rule)
    factors = np.round(np.array(weights or [1.0] * len(bids)) * 1000)
    in_play = ~np.isnan(bids) & (bids >= rule["reserve"])
    losing = np.round(bids * 1e6)[in_play & (outcome.allocation == 0)] * factors[in_play & (outcome.allocation == 0)]
    for winner in outcome.winners:
        assert np.round(outcome.payments[winner] * 1e6) * factors[winner] >= losing.max(initial=0.0)


@profiles
@given(market=markets(), data=st.data())
def test_a_winners_price_does_not_depend_on_its_bid(market, data):
    bids, weights, rule, seed = market
    outcome = clear("second_price", bids, weights=weights, seed=seed, **rule)
    for winner in outcome.winners:
        raised = bids.copy()
        raised[winner] += data.draw(amounts)
        again = clear("second_price", raised, weights=weights, seed=seed, **rule)
        assert again.payments[winner] == outcome.payments[winner]


@pytest.mark.parametrize("name", BY_RANK)
@profiles
@given(market=markets(), data=st.data())
def test_nobody_gains_from_its_place(name, market, data):
    """Without ties, permuting the bidders permutes the outcome."""
    bids, weights, rule, seed = market
    factors = np.ones(len(bids)) if weights is None else np.array(weights)
    scores = np.round(bids * 1e6) * np.round(factors * 1e3)
    scores = scores[~np.isnan(scores)]
    if len(np.unique(scores)) < len(scores):
        return
    order = np.array(data.draw(st.permutations(range(len(bids)))))
    straight = clear(name, bids, weights=factors, seed=seed, **taken_by(name, rule))
    permuted = clear(name, bids[order], weights=factors[order], seed=seed, **taken_by(name, rule))
    np.testing.assert_array_equal(permuted.allocation, straight.allocation[order])
    np.testing.assert_array_equal(permuted.payments, straight.payments[order])


@pytest.mark.parametrize("name", SEALED)
@profiles
@given(market=markets())
def test_whole_money_and_floats_follow_the_same_rule(name, market):
    """The rule compiled for int64 micro-credits and for float64 agrees, up to rounding to a micro-credit."""
    bids, weights, rule, seed = market
    row = mechanism(name)
    whole = np.where(np.isnan(bids), -1, np.round(np.nan_to_num(bids) * 1e6)).astype(np.int64)
    factors = np.round(np.array(weights or [1.0] * len(bids)) * 1000).astype(np.int64)
    lottery = Lottery(market_keys(seed, 1)[0], 0, 0)
    outcomes = []
    for dtype in (np.int64, np.float64):
        allocation, payments = np.zeros(len(bids), dtype=dtype), np.zeros(len(bids), dtype=dtype)
        params = row.params(row.options(**taken_by(name, rule)))
        if dtype is np.float64:
            params = params._replace(reserve=float(params.reserve))
        given_bids = whole.astype(dtype)
        row.rule(given_bids, factors.astype(dtype), lottery, params, allocation, payments)
        np.testing.assert_array_equal(given_bids, whole)  # the rule leaves its inputs alone
        outcomes.append((allocation, payments))
    np.testing.assert_array_equal(outcomes[0][0], outcomes[1][0])
    assert np.all(np.abs(outcomes[0][1] - outcomes[1][1]) <= 1.0)
