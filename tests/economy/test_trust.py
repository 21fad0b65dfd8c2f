"""EigenTrust from stake, and what rings, identities and newcomers gain by it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy.deterrence import cheating_pays_above
from econo_env.economy.entry_dues import fee_needed, identity_bond_needed, reputational_loss
from econo_env.economy.trust import (
    REACH,
    RETURN,
    iterate_trust,
    most_trust_of_group,
    ratings_of,
    stake_shares,
    steps_needed,
    trust_of,
    trust_step,
)
from tests.benchmarks.trust import by_scipy, large_graph

PLAIN = np.inf
RING = np.array([[0, 4, 1, 0, 0], [3, 0, 2, 0, 0], [1, 1, 0, 0, 0], [0, 0, 2, 0, 6], [0, 0, 0, 5, 0]], dtype=float)
SEED = np.array([0.5, 0.5, 0, 0, 0])


def changed(row, column, value):
    table = RING.copy()
    table[row, column] = value
    return table


@pytest.mark.parametrize(
    ("table", "seed", "expected"),
    [
        (RING, SEED, [0.375818, 0.418129, 0.206053, 0, 0]),  # 6.35
        (RING, np.full(5, 0.2), [0.269041, 0.299330, 0.203253, 0.121146, 0.107231]),  # 6.36, the mistake
        (changed(3, 4, 6000), SEED, [0.375818, 0.418129, 0.206053, 0, 0]),  # 6.37
        (changed(2, 3, 1), SEED, [0.295587, 0.328865, 0.186586, 0.115396, 0.073565]),  # 6.38
    ],
)
def test_trust_of_five(table, seed, expected):
    trust, _ = trust_of(ratings_of(table), seed, reach=PLAIN)
    assert trust == pytest.approx(expected, abs=5e-7)
    assert trust == pytest.approx(exact(table, seed), abs=1e-8)


def exact(table, seed, back=RETURN):
    """Plain EigenTrust by a linear solve."""
    rows = np.maximum(table, 0) * (1 - np.eye(len(table)))
    sums = rows.sum(axis=1, keepdims=True)
    rows = np.where(sums > 0, rows / np.where(sums > 0, sums, 1), seed)
    return np.linalg.solve(np.eye(len(table)) - (1 - back) * rows.T, back * seed)


def test_power_iteration_of_five():
    """6.40: after one step, and steps until the sum of changes is below 1e-9."""
    step = SEED.copy()
    trust_step(ratings_of(RING), SEED, RETURN, PLAIN, step, np.empty(5))
    assert step == pytest.approx([0.330, 0.415, 0.255, 0, 0])
    assert trust_of(ratings_of(RING), SEED, reach=PLAIN)[1] == 36


tables = st.integers(2, 7).flatmap(
    lambda n: st.lists(st.lists(st.floats(-1, 5), min_size=n, max_size=n), min_size=n, max_size=n)
)


@settings(max_examples=200)
@given(tables, st.floats(0.05, 1.0), st.integers(0, 10**6))
def test_plain_trust_is_the_solution_of_its_equation(table, back, seed):
    table = np.array(table)
    stake = stake_shares(np.random.default_rng(seed).exponential(size=len(table)) + 1e-3)
    ratings = ratings_of(table)
    trust, steps = trust_of(ratings, stake, back=back, reach=PLAIN)
    assert trust_step(ratings, stake, back, PLAIN, trust.copy(), np.empty(len(table))) < 1e-9
    assert steps <= steps_needed(back, 1e-9)
    assert trust == pytest.approx(exact(table, stake, back), abs=1e-9 * (1 - back) / back + 1e-12)
    assert trust.sum() == pytest.approx(1.0)


@settings(max_examples=200)
@given(tables, st.floats(0.05, 1.0), st.floats(0.0, 5.0), st.integers(0, 10**6))
def test_capped_trust_has_one_fixed_point_from_wherever_it_starts(table, back, reach, seed):
    rng = np.random.default_rng(seed)
    stake = stake_shares(rng.integers(0, 4, len(table)) + np.eye(len(table))[0])
    ratings, ends = ratings_of(table), []
    for _ in range(2):
        trust = stake_shares(rng.exponential(size=len(table)))
        steps = iterate_trust(ratings, stake, back, reach, 1e-10, 1000, trust, np.empty(len(table)))
        assert steps < 1000
        ends.append(trust)
    assert ends[0] == pytest.approx(ends[1], abs=1e-8)
    assert ends[0].sum() == pytest.approx(1.0)
    assert (ends[0] >= 0).all()


def attack(rng, most_identities=12):
    """A market of honest raters with a few mistakes, and a group that rates itself as it likes."""
    honest, ring = int(rng.integers(3, 12)), int(rng.integers(1, most_identities + 1))
    agents = honest + ring
    table = np.zeros((agents, agents))
    table[:honest, :honest] = rng.random((honest, honest)) * (rng.random((honest, honest)) < 0.5)
    table[:honest, honest:] = rng.random((honest, ring)) * (rng.random((honest, ring)) < rng.random() * 0.3)
    shape = rng.integers(3)
    inside = rng.random((ring, ring)) if shape == 0 else np.roll(np.eye(ring), 1, axis=1)
    table[honest:, honest:] = inside * 10.0 ** rng.uniform(0, 6)
    if shape == 2:
        table[honest:, :honest] = rng.random((ring, honest))
    bonded = np.concatenate([rng.exponential(size=honest), rng.exponential(size=ring) * rng.choice([0.0, 0.1, 1.0])])
    return table, stake_shares(bonded), np.arange(agents) >= honest


def held_and_entering(table, stake, group, reach):
    """What a group holds, and what others pass on to it."""
    trust, _ = trust_of(ratings_of(table), stake, reach=reach, tolerance=1e-12)
    rows = np.maximum(table, 0) * (1 - np.eye(len(table)))
    share = rows[:, group].sum(axis=1) / np.maximum(rows.sum(axis=1), 1e-300)
    limit = trust if np.isinf(reach) else np.minimum(trust, reach * stake)
    return trust[group].sum(), (limit * share)[~group].sum()


def test_no_ring_holds_more_than_its_stake_and_what_enters_allow():
    """600 random rings of up to 12 identities; without stake none holds more than 0.85 of what enters it."""
    rng = np.random.default_rng(5)
    amplified = []
    for _ in range(600):
        table, stake, group = attack(rng)
        held, entering = held_and_entering(table, stake, group, REACH)
        assert held <= most_trust_of_group(entering, stake[group].sum()) + 1e-9
        if stake[group].sum() == 0.0:
            assert held <= (1 - RETURN) * entering + 1e-9
        plain, plainly_entering = held_and_entering(table, stake, group, PLAIN)
        if stake[group].sum() == 0.0 and plainly_entering > 1e-6:
            amplified.append(plain / plainly_entering)
    assert len(amplified) > 100
    assert max(amplified) > 5.0, "without the cap the same search finds rings that multiply what enters"


def test_the_honest_mistake_hands_the_ring_nothing_it_can_multiply():
    """6.38 with a cap: the ring held 3.6 times 0.85 of what entered; now it holds at most 0.85 of it."""
    table, group = changed(2, 3, 1), np.array([0, 0, 0, 1, 1], dtype=bool)
    held, entering = held_and_entering(table, SEED, group, PLAIN)
    assert held == pytest.approx(0.188961, abs=1e-5)
    assert held / entering == pytest.approx(3.038, abs=1e-3)
    staked = np.array([0.45, 0.45, 0.1, 0, 0])
    held, entering = held_and_entering(table, staked, group, REACH)
    assert 0 < held <= 0.85 * entering
    assert held < 0.06
    assert trust_of(ratings_of(table), SEED)[0][group].sum() == 0.0, "who has no stake vouches for nobody"


def test_dividing_a_stake_over_identities_changes_no_bound_and_wins_nothing():
    """The best of 300 divisions and inner ratings never holds more than the bound of one identity."""
    rng = np.random.default_rng(6)
    honest = 6
    base = rng.random((honest, honest))
    for identities in (1, 2, 4, 8, 16):
        best, bound = 0.0, 0.0
        for _ in range(60):
            agents = honest + identities
            table = np.zeros((agents, agents))
            table[:honest, :honest] = base
            table[2, honest] = 0.5
            table[honest:, honest:] = rng.random((identities, identities)) ** 4
            division = rng.dirichlet(np.full(identities, 0.5)) * 0.6
            stake = stake_shares(np.concatenate([np.ones(honest), division]))
            held, entering = held_and_entering(table, stake, np.arange(agents) >= honest, REACH)
            best, bound = max(best, held), max(bound, most_trust_of_group(entering, 0.6 / 6.6))
        assert best <= bound
        assert bound < 0.36


def test_the_cap_keeps_the_honest_apart_from_the_bad():
    """Raters that see truth with noise: good agents are trusted above bad ones, about as well as without the cap."""
    rng = np.random.default_rng(7)
    areas = {REACH: [], PLAIN: []}
    for _ in range(30):
        agents = 40
        good = rng.random(agents) < 0.5
        rated = rng.random((agents, agents)) < 0.3
        table = np.where(good[None, :], rng.random((agents, agents)) + 0.5, rng.random((agents, agents)) * 0.5) * rated
        stake = stake_shares(rng.exponential(size=agents))
        for reach, found in areas.items():
            trust = trust_of(ratings_of(table), stake, reach=reach)[0] - (1 - 0.85) * stake
            found.append((trust[good][:, None] > trust[~good][None, :]).mean())
    assert np.mean(areas[REACH]) > 0.9
    assert np.mean(areas[REACH]) > np.mean(areas[PLAIN]) - 0.05


def test_rows_leave_out_the_rater_itself_and_bad_words():
    ratings = ratings_of([[5, 1, -3], [0, 0, 0], [1, 1, 9]])
    dense = np.zeros((3, 3))
    for subject in range(3):
        entries = slice(ratings.first[subject], ratings.first[subject + 1])
        dense[ratings.rater[entries], subject] = ratings.share[entries]
    assert ratings.rates.tolist() == [1, 0, 1]
    assert dense.tolist() == [[0, 1, 0], [0, 0, 0], [0.5, 0.5, 0]]


@pytest.mark.parametrize("bonded", [[0.0, 0.0], [1.0, -1.0], []])
def test_trust_needs_a_stake_to_start_from(bonded):
    with pytest.raises(ValueError, match="bonded stake"):
        stake_shares(bonded)


@pytest.mark.parametrize(("back", "reach"), [(0.0, 1.0), (1.5, 1.0), (0.15, -1.0), (0.15, np.nan)])
def test_impossible_constants_are_refused(back, reach):
    with pytest.raises(ValueError, match="back"):
        trust_of(ratings_of(RING), SEED, back=back, reach=reach)


@pytest.mark.parametrize("reach", [REACH, PLAIN])
def test_a_large_graph_converges_in_few_steps(reach):
    """10,000 agents, 200,000 edges: steps are counted, since no test asks how fast the machine is."""
    ratings, stake = large_graph()
    trust, steps = trust_of(ratings, stake, reach=reach)
    assert trust_step(ratings, stake, RETURN, reach, trust.copy(), np.empty_like(trust)) < 1e-9
    assert steps <= 60
    assert trust.sum() == pytest.approx(1.0)
    if reach == PLAIN:
        assert trust == pytest.approx(by_scipy(ratings, stake), abs=1e-8)


@pytest.mark.parametrize(
    ("gain", "established", "newcomer", "periods", "discount", "detected", "loss", "fee", "bond"),
    [
        (50, 10, 4, 10, 0.95, 0.4, 48.151567, 1.848433, 4.621082),  # 6.42
        (30, 8, 8, 17, 0.95, 0.4, 0, 30, 75),  # 6.44
    ],
)
def test_entry_dues(gain, established, newcomer, periods, discount, detected, loss, fee, bond):
    assert reputational_loss(established, newcomer, periods, discount) == pytest.approx(loss, abs=5e-7)
    assert fee_needed(gain, established, newcomer, periods, discount) == pytest.approx(fee, abs=5e-7)
    assert identity_bond_needed(gain, established, newcomer, periods, discount, detected) == pytest.approx(
        bond, abs=5e-7
    )


def test_one_offence_beats_honesty_above_the_value_of_all_that_follows():
    """6.45."""
    assert cheating_pays_above(10, 0.95) == pytest.approx(190)


@given(
    st.floats(0, 100), st.floats(0, 20), st.floats(0, 20), st.integers(1, 40), st.floats(0.05, 1.0), st.floats(0.05, 1)
)
def test_at_the_dues_nobody_comes_back_and_below_them_somebody_does(gain, high, low, periods, discount, detected):
    """Adds up both lives period by period."""
    stays, leaves = 0.0, gain
    for period in range(periods):
        stays += high * discount**period
        leaves += low * discount**period
    fee = fee_needed(gain, high, low, periods, discount)
    assert leaves - fee <= stays + 1e-9 * (1 + abs(stays))
    bond = identity_bond_needed(gain, high, low, periods, discount, detected)
    assert detected * bond == pytest.approx(fee)
    if fee > 1e-6:
        assert leaves - 0.99 * fee > stays
