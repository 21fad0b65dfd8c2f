"""Downtime: the window, the jail and the tombstone, against a plain count."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy.downtime import (
    FOREVER,
    Duties,
    DutySchedule,
    entomb,
    is_jailed,
    is_tombstoned,
    note_duty,
)


def new(schedule, agents=1):
    counts = [np.zeros((1, agents), np.int64) for _ in range(3)]
    return Duties(np.zeros((1, agents, schedule.window), bool), *counts)


def test_the_default_is_half_of_a_hundred_and_ten_ticks_of_jail():
    schedule = DutySchedule()
    duties = new(schedule)
    for tick in range(99):
        assert not note_duty(0, 0, False, tick, schedule, duties), "the window is not full"
    assert note_duty(0, 0, False, 99, schedule, duties)
    assert [is_jailed(0, 0, tick, duties) for tick in (99, 100, 109, 110)] == [True, True, True, False]
    for tick in range(110, 209):
        assert not note_duty(0, 0, False, tick, schedule, duties), "counters begin anew after jail"
    assert note_duty(0, 0, False, 209, schedule, duties)


def test_at_half_served_nobody_is_down_and_just_below_it_everybody():
    schedule = DutySchedule()
    for served, down in ((50, False), (49, True)):
        duties = new(schedule)
        told = [note_duty(0, 0, number >= 100 - served, number, schedule, duties) for number in range(100)]
        assert any(told) == down


@settings(max_examples=300)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=120), st.integers(1, 9), st.data())
def test_downs_are_those_of_a_plain_count(duties_told, window, data):
    least, jail = data.draw(st.integers(0, window)), data.draw(st.integers(0, 12))
    schedule = DutySchedule(window, least, jail)
    duties, known, free, tick = new(schedule, 2), [], 0, 0
    for served, gap in duties_told:
        tick += gap
        down = False
        if tick >= free:
            known.append(served)
            if len(known) >= window and sum(known[-window:]) < least:
                down, known, free = True, [], tick + 1 + jail
        assert note_duty(0, 1, served, tick, schedule, duties) == down
        assert is_jailed(0, 1, tick + 1, duties) == (tick + 1 < free)
        assert duties.misses[0, 1] == len(known[-window:]) - sum(known[-window:])
    assert not is_jailed(0, 0, 0, duties)


def test_a_tombstone_is_forever():
    schedule = DutySchedule(2, 1, 3)
    duties = new(schedule)
    entomb(0, 0, duties)
    assert is_tombstoned(0, 0, duties)
    assert not any(note_duty(0, 0, False, tick, schedule, duties) for tick in range(20))
    assert duties.free_again[0, 0] == FOREVER
    assert is_jailed(0, 0, 2**61, duties)
