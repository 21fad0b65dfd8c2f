"""Deterrence: no violation pays at the bond that the identity asks for, whatever attackers try."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy.deterrence import (
    bond_needed,
    detection_within,
    inspection_equilibrium,
    loss_needed,
    net_gain,
    report_bond_ceiling,
    report_bond_floor,
)
from econo_env.economy.proportions import MILLION
from econo_env.economy.slashing import VIOLATIONS, SlashSchedule, most_returned, slash, slash_rate, split_slash

REPORTER, BURN = 100_000, 500_000
SCHEDULE = SlashSchedule()
gains, chances = st.floats(1, 1e12), st.floats(0.01, 1.0)


@pytest.mark.parametrize(
    ("returned", "rent", "restitution", "bond"),
    [
        (0.0, 0.0, False, 400.0),  # 6.1
        (0.1, 0.0, False, 444.444444),  # 6.2
        (0.1, 20.0, False, 422.222222),
        (0.0, 0.0, True, 300.0),  # 6.4
    ],
)
def test_bonds_that_deter(returned, rent, restitution, bond):
    assert loss_needed(100.0, 0.25, returned, rent, restitution) == pytest.approx(bond, abs=5e-7)


def test_below_the_bond_the_offence_pays():
    """6.1: a bond of 300 leaves 25."""
    assert net_gain(100.0, 0.25, 300.0, 0.0, 0.0, False) == pytest.approx(25.0)


@given(st.floats(0.0, 1.0), st.integers(1, 60))
def test_detection_within_a_window(per_tick, ticks):
    assert detection_within(per_tick, ticks) == pytest.approx(1 - (1 - per_tick) ** ticks, abs=1e-12)


@settings(max_examples=400)
@given(
    st.integers(0, len(VIOLATIONS) - 1), st.integers(0, 12), gains, chances, st.floats(0, 0.95), gains, st.booleans()
)
def test_the_identity_over_the_whole_table_of_violations(kind, earlier, gain, detected, returned, rent, restitution):
    """p (loss (1 - k) + H) >= G at the bond, for every violation, repetition, gain, detection, share and rent; not a
    millionth below it, so that no bond is larger than it must be."""
    rate = slash_rate(kind, earlier, SCHEDULE)
    if rate == 0:
        if loss_needed(gain, detected, returned, rent, restitution) > 0.0:
            with pytest.raises(ValueError, match="rate 0"):
                bond_needed(gain, detected, rate, returned=returned, rent=rent, restitution=restitution)
        return
    bond = bond_needed(gain, detected, rate, returned=returned, rent=rent, restitution=restitution)
    close = 1e-9 * (gain + rent)
    assert net_gain(gain, detected, float(slash(bond, rate)), returned, rent, restitution) <= close
    less = math.floor(bond * (1 - 1e-6)) - 2
    if less > 0 and bond * rate > 1e9 * MILLION:
        assert net_gain(gain, detected, float(slash(less, rate)), returned, rent, restitution) > -close


@pytest.mark.parametrize(("detected", "rate", "returned"), [(0.0, 100, 0.0), (0.5, 0, 0.0), (0.5, 100, 1.0)])
def test_where_no_bond_deters_this_is_said(detected, rate, returned):
    with pytest.raises(ValueError, match="no bond deters a gain of 5"):
        bond_needed(5.0, detected, rate, returned=returned)
    assert bond_needed(0.0, detected, rate, returned=returned) == 0


def self_report(rng, split):
    """A coalition of an offender, its own reporter, and perhaps a sham principal: what is slashed, and comes back.

    An offence that harms others than the principal may gain something all the same, so what comes back is counted.
    """
    slashed, loss, sham = int(rng.integers(1, 10**9)), int(rng.integers(0, 2 * 10**9)), rng.random() < 0.5
    parts = split(slashed, loss)
    return slashed, loss, sham, parts, parts[1] + parts[0] * sham


def test_no_coalition_brings_its_slash_back():
    """20,000 random coalitions: a reporter of its own brings back a tenth of what the victim leaves, at most, and with
    a sham principal the share k that the bond is reckoned with, for every cap of what a victim gets."""
    rng = np.random.default_rng(1)
    for _ in range(20_000):
        cap = int(rng.choice([0, 250_000, 500_000, MILLION]))
        slashed, loss, sham, parts, back = self_report(
            rng, lambda *event, cap=cap: split_slash(*event, cap, REPORTER, BURN)
        )
        assert back <= most_returned(cap, REPORTER) * slashed
        if slashed > parts[0]:
            assert parts[1] < parts[2]
            assert back < slashed, "something is burned of every slash of which anything is left"
        if not sham:
            assert 10 * back <= max(slashed - loss, slashed * (1 - cap / MILLION) + 1)
    assert most_returned(MILLION, REPORTER) == 1.0, "a principal of its own brings everything back without a cap"


def test_the_same_search_finds_the_trap_where_reporters_get_it_all():
    """Finders keep: the offender reports itself and loses nothing, and no bond deters."""
    rng = np.random.default_rng(1)
    events = [self_report(rng, lambda slashed, loss: (0, slashed, 0, 0)) for _ in range(200)]
    assert all(back == slashed for slashed, _, _, _, back in events)
    assert loss_needed(1.0, 0.9, 1.0, 0.0, False) == math.inf


@settings(max_examples=300)
@given(gains, chances, st.floats(0, 1), st.booleans())
def test_deterrence_holds_with_the_offenders_own_reporter(gain, detected, share, restitution):
    """The bond for k = the reporter's share deters whoever reports, to the micro-credit."""
    rate = SCHEDULE.fraud
    bond = bond_needed(gain, detected, rate, returned=REPORTER / MILLION, restitution=restitution)
    lost = slash(bond, rate)
    split = split_slash(lost, int(share * lost), MILLION, REPORTER, BURN)
    kept = (1 - detected) * gain if restitution else gain
    assert kept - detected * (lost - split.reporter) <= 1e-9 * gain


def test_no_false_report_pays_between_floor_and_ceiling_of_the_reporters_bond():
    """20,000 random griefers: above the floor a false report loses and pays for its judging; below it some gain."""
    rng = np.random.default_rng(2)
    below, pays_truth = 0, 0
    for _ in range(20_000):
        cost, reward = rng.random() * 5, rng.random() * 20
        wrong = rng.random() * 0.5
        right = wrong + (1 - wrong) * rng.random()
        floor = report_bond_floor(cost, reward, wrong)
        for bond in (floor, floor * (1 + rng.random())):
            assert wrong * reward - (1 - wrong) * bond <= 1e-9
            assert bond >= cost, "the accused and the house are held harmless"
        below += wrong * reward - (1 - wrong) * 0.9 * floor > 1e-9
        ceiling = report_bond_ceiling(reward, right)
        if floor < ceiling < math.inf:
            pays_truth += 1
            assert right * reward - (1 - right) * floor >= -1e-9
            assert right * reward - (1 - right) * (1.01 * ceiling + 1e-6) < 0
    assert below > 1000
    assert pays_truth > 1000
    assert report_bond_ceiling(1.0, 1.0) == math.inf


@given(st.floats(0.1, 10), st.floats(1, 5), st.floats(0.1, 10), st.floats(1, 5))
def test_inspection_makes_both_sides_indifferent(gain, harsher, cost, worth):
    fine, saved = gain * harsher * 1.01, cost * worth * 1.01
    inspected, offends = inspection_equilibrium(gain, fine, cost, saved)
    assert gain - inspected * fine == pytest.approx(0.0, abs=1e-9)
    assert cost - offends * saved == pytest.approx(0.0, abs=1e-9)
    assert inspection_equilibrium(gain, 2 * fine, cost, saved) == pytest.approx((inspected / 2, offends))


def test_time_averages_of_fictitious_play_approach_the_inspection_equilibrium():
    """6.6: raising the fine changes the inspector and not the offender, in time averages."""
    averages = []
    for fine in (4.0, 8.0):
        inspections, offences, rounds = 1.0, 1.0, 2
        for _ in range(60_000):
            inspects = offences / rounds * 5.0 > 2.0
            commits = inspections / rounds * fine < 2.0
            inspections, offences, rounds = inspections + inspects, offences + commits, rounds + 1
        averages.append((inspections / rounds, offences / rounds))
        assert averages[-1] == pytest.approx(inspection_equilibrium(2.0, fine, 2.0, 5.0), abs=0.02)
    assert averages[0][0] - averages[1][0] == pytest.approx(0.25, abs=0.03)
