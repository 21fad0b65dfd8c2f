"""Slashing: the published vectors to the unit, and no way to pay less by splitting, repeating or reporting oneself."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy.proportions import MILLION, share_down, share_up, times_over
from econo_env.economy.slashing import (
    BELLATRIX,
    BYZANTINE_FAULT,
    COLLUSION,
    DOWNTIME,
    ELECTRA,
    EXACT,
    FRAUD,
    MINOR,
    NEVER,
    TIMEOUT,
    VIOLATIONS,
    SlashSchedule,
    add_to_window,
    check_split,
    correlated_slash,
    count_recent,
    note_violation,
    open_window,
    repeated_rate,
    slash,
    slash_rate,
    slots_needed,
    split_slash,
    sum_of_window,
    surcharge_tick,
)

MONEY = st.integers(0, 2**60)
RATE = st.integers(0, MILLION)
SCHEDULE = SlashSchedule()
GWEI = 10**9
BALANCE, TOTAL = 32 * GWEI, 32_000_000 * GWEI


@given(MONEY, RATE)
def test_shares_are_exact_and_rounded_as_they_say(amount, rate):
    exact = Fraction(amount * rate, MILLION)
    assert share_down(amount, rate) == floor(exact)
    assert share_up(amount, rate) == ceil(exact)


@given(MONEY, st.integers(1, 2**62), st.data())
def test_a_part_of_an_amount_is_exact_beyond_int64(amount, whole, data):
    part = data.draw(st.integers(0, whole))
    assert times_over(amount, part, whole) == amount * part // whole


def test_rates_by_violation_and_repetition():
    """Poor work, n-th repeat: 10 % * 1.5^(n-1), cap 50 %."""
    assert [repeated_rate(n, SCHEDULE) for n in range(1, 7)] == [100_000, 150_000, 225_000, 337_500, 500_000, 500_000]
    assert [slash_rate(MINOR, n, SCHEDULE) for n in range(6)] == [0, 0, 0, 100_000, 150_000, 225_000]
    assert [slash_rate(TIMEOUT, n, SCHEDULE) for n in range(4)] == [0, 100_000, 150_000, 225_000]
    proved = {DOWNTIME: 10_000, FRAUD: 250_000, COLLUSION: 300_000, BYZANTINE_FAULT: 1_000_000}
    for violation, rate in proved.items():
        assert [slash_rate(violation, n, SCHEDULE) for n in (0, 5)] == [rate, rate]
    assert len(VIOLATIONS) == 6


@given(st.lists(st.integers(0, 2**55), min_size=1, max_size=8), RATE)
def test_splitting_a_bond_never_saves_anything(parts, rate):
    together = slash(sum(parts), rate)
    assert sum(slash(part, rate) for part in parts) >= together
    assert 0 <= together <= sum(parts)
    assert together > 0 or rate == 0 or sum(parts) == 0


@pytest.mark.parametrize(
    ("slashed", "loss", "expected"),
    [(250, 180, (180, 7, 35, 28)), (100, 100, (100, 0, 0, 0)), (100, 500, (100, 0, 0, 0)), (1, 0, (0, 0, 1, 0))],
)
def test_where_a_slash_goes(slashed, loss, expected):
    assert tuple(split_slash(slashed, loss, MILLION, 100_000, 500_000)) == expected


@given(MONEY, MONEY, RATE, RATE, RATE)
def test_a_split_is_exact_and_reporters_get_less_than_what_is_burned(slashed, loss, most, reporter, burn):
    if not (reporter < burn and reporter + burn <= MILLION):
        with pytest.raises(ValueError, match="parts per million"):
            check_split(reporter, burn)
        return
    check_split(reporter, burn)
    split = split_slash(slashed, loss, most, reporter, burn)
    assert sum(split) == slashed
    assert min(split) >= 0
    assert split.victim == min(floor(Fraction(slashed * most, MILLION)), loss)
    rest = slashed - split.victim
    assert split.reporter == floor(Fraction(rest * reporter, MILLION))
    assert split.burned == ceil(Fraction(rest * burn, MILLION))
    assert split.reporter < split.burned or rest == 0


@pytest.mark.parametrize(
    ("validators", "phase_0", "bellatrix", "electra"),
    [(1, 0, 0, 96_000), (10_000, 0, 0, 960_000_000), (333_334, 10_000_000_000, 32_000_000_000, 32_000_000_000)],
)
def test_correlated_slashes_are_those_of_ethereum(validators, phase_0, bellatrix, electra):
    """6.7, 6.9, 6.11: k slashed validators of 32 ETH among 32,000,000 ETH, in Gwei, by ethereum/consensus-specs."""
    slashed = validators * BALANCE
    assert correlated_slash(BALANCE, slashed, TOTAL, 1, BELLATRIX, GWEI) == phase_0
    assert correlated_slash(BALANCE, slashed, TOTAL, 3, BELLATRIX, GWEI) == bellatrix
    assert correlated_slash(BALANCE, slashed, TOTAL, 3, ELECTRA, GWEI) == electra


def test_initial_slashes_are_those_of_ethereum():
    """6.7: 1/128 and 1/32 of a balance, and 1/4096, which no whole number of parts per million is."""
    assert times_over(BALANCE, 1, 128) == 250_000_000
    assert times_over(BALANCE, 1, 32) == 1_000_000_000
    assert times_over(BALANCE, 1, 4096) == 7_812_500
    assert slash(BALANCE, 31_250) == 1_000_000_000


@given(MONEY, MONEY, st.integers(1, 2**60), st.integers(1, 5))
def test_the_surcharge_is_exact_and_grows_with_what_is_slashed_together(bond, slashed, bonded, multiplier):
    surcharge = correlated_slash(bond, slashed, bonded, multiplier, EXACT, 1)
    assert surcharge == bond * min(multiplier * slashed, bonded) // bonded
    assert 0 <= surcharge <= bond
    assert correlated_slash(bond, slashed + 1, bonded, multiplier, EXACT, 1) >= surcharge
    assert correlated_slash(bond, slashed, 0, multiplier, EXACT, 1) == 0


@given(st.integers(1, 100), st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 1000))
def test_all_three_roundings_agree_up_to_an_increment(units, slashed, bonded, increment):
    """The three differ by rounding alone: none exceeds the exact one but Electra's, whose divisor is rounded down."""
    bond, bonded = units * increment, max(bonded, increment)
    exact = correlated_slash(bond, slashed, bonded, 3, EXACT, increment)
    assert exact - increment < correlated_slash(bond, slashed, bonded, 3, BELLATRIX, increment) <= exact
    low = exact * (bonded - bonded % increment) // bonded
    electra = correlated_slash(bond, slashed, bonded, 3, ELECTRA, increment)
    assert low - units <= electra
    assert electra <= bond * min(3 * slashed, bonded) // (bonded - bonded % increment)


def test_the_surcharge_is_due_half_a_window_later():
    assert surcharge_tick(100, 64) == 132
    assert surcharge_tick(0, 8192) == 4096


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10**6)), min_size=1, max_size=60), st.integers(1, 12))
def test_the_window_sums_the_last_ticks_and_no_others(events, length):
    window, told = np.zeros(length, dtype=np.int64), []
    for tick, (happens, amount) in enumerate(events):
        open_window(window, tick)
        if happens:
            add_to_window(window, tick, amount)
            add_to_window(window, tick, 1)
        told.append((amount + 1) * happens)
        assert sum_of_window(window) == sum(told[max(0, tick - length + 1) :])


@settings(max_examples=150)
@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 40))
def test_repeats_are_counted_in_the_window_and_cost_what_all_of_them_would(gaps, window):
    """Few slots count as far as the cap, so what is charged is what an unbounded memory would charge."""
    slots = np.full(slots_needed(SCHEDULE), NEVER, dtype=np.int64)
    known, tick = [], 0
    for gap in gaps:
        tick += gap
        everything = sum(tick - at < window for at in known)
        counted = count_recent(slots, tick, window)
        assert counted == min(everything, len(slots))
        for violation in (MINOR, TIMEOUT):
            assert slash_rate(violation, counted, SCHEDULE) == slash_rate(violation, everything, SCHEDULE)
        note_violation(slots, tick)
        known.append(tick)


def test_a_schedule_that_never_reaches_its_cap_is_refused():
    assert slots_needed(SCHEDULE) == 7
    with pytest.raises(ValueError, match="growth 1000000 parts per million never brings 100000 to the cap 500000"):
        slots_needed(SlashSchedule(growth=MILLION))
