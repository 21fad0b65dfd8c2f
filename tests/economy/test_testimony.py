"""What raters say: a ring moves nobody's reputation beyond its stake, by bound and by search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy.testimony import LEEWAY, heard_reputation, most_moved
from econo_env.economy.trust import ratings_of, stake_shares, trust_of

unit = st.floats(0.0, 1.0)
MALICIOUS = 0.1  # share of the stake
MOST = 0.02


def test_known_answers():
    """Half the stake says 1, a quarter, trusted for 0.1 only, says 0.55, one keeps silent; the record is 0.5."""
    says, knows = np.array([1.0, 0.55, 0.0]), np.array([True, True, False])
    trust, stake = np.array([0.6, 0.1, 0.3]), np.array([0.5, 0.25, 0.25])
    moved = 0.5 * LEEWAY + 0.1 * 0.05
    assert heard_reputation(0.5, says, knows, trust, stake, LEEWAY) == pytest.approx(0.5 + moved)
    assert heard_reputation(0.5, 1.0 - says, knows, trust, stake, LEEWAY) == pytest.approx(0.5 - moved)
    assert heard_reputation(0.5, says, ~knows, trust, stake, LEEWAY) == pytest.approx(0.5 - 0.25 * LEEWAY)


@settings(max_examples=200)
@given(unit, st.lists(st.tuples(unit, st.booleans(), unit, unit), min_size=1, max_size=12), unit)
def test_nobody_is_moved_beyond_the_stake_or_what_is_said(record, raters, leeway):
    says, knows, trust, stake = (np.array(column) for column in zip(*raters, strict=True))
    stake = stake / max(1.0, stake.sum())
    heard = heard_reputation(record, says, knows, trust, stake, leeway)
    assert abs(heard - record) <= most_moved(stake[knows].sum(), leeway) + 1e-12
    furthest = [record, *says[knows]]
    assert min(furthest) - 1e-12 <= heard <= max(furthest) + 1e-12
    for i in np.flatnonzero(knows):
        better = says.copy()
        better[i] = 1.0
        assert heard_reputation(record, better, knows, trust, stake, leeway) >= heard - 1e-12


def attack(rng):
    """Honest raters, some of whom are pleased with members of a ring, and the ring: who rates whom, and the stake."""
    honest, ring = int(rng.integers(3, 40)), int(rng.integers(1, 13))
    table = np.zeros((honest + ring, honest + ring))
    table[:honest, :honest] = rng.random((honest, honest)) * (rng.random((honest, honest)) < 0.5)
    table[:honest, honest:] = rng.random((honest, ring)) * (rng.random((honest, ring)) < rng.random() * 0.5)
    silent = table.copy()
    inside = rng.random((ring, ring)) if rng.integers(2) else np.roll(np.eye(ring), 1, axis=1)
    table[honest:, honest:] = inside * 10.0 ** rng.uniform(0, 6)
    if rng.integers(2):
        table[honest:, :honest] = rng.random((ring, honest)) * (rng.random(honest) < 0.3)
    shares = stake_shares(rng.exponential(size=honest) + 0.05) * (1 - MALICIOUS)
    stake = np.concatenate([shares, rng.dirichlet(np.full(ring, 0.5)) * MALICIOUS])
    return table, silent, stake, np.arange(honest + ring) >= honest


def test_no_ring_at_a_tenth_of_the_stake_moves_a_target_by_a_fiftieth():
    """1,000 random rings, up to 12 identities: against their silence, with all that they shift among honest raters.

    The mean by trust is moved by more than ten times that in the same search.
    """
    rng, moved, mean_moved = np.random.default_rng(0), [], []
    for _ in range(1000):
        table, silent, stake, ring = attack(rng)
        agents, reliability = len(stake), rng.random()
        record = (rng.binomial(50, reliability) + 1) / 52
        says = rng.random(agents) if rng.integers(2) else (rng.binomial(50, reliability, agents) + 1) / 52
        says[ring] = rng.integers(2)
        knows = (rng.random(agents) < rng.uniform(0.2, 1.0)) | ring
        lied, _ = trust_of(ratings_of(table), stake)
        honest, _ = trust_of(ratings_of(silent), stake)
        with_it = heard_reputation(record, says, knows, lied, stake, LEEWAY)
        without = heard_reputation(record, says, knows & ~ring, honest, stake, LEEWAY)
        moved.append(abs(with_it - without))
        if (knows & ~ring).any():
            told = [np.average(says[who], weights=trust[who]) for who, trust in
                    ((knows, lied), (knows & ~ring, honest))]  # fmt: skip
            mean_moved.append(abs(told[0] - told[1]))
    assert max(moved) <= MOST
    assert max(moved) > 0.5 * MALICIOUS * LEEWAY, "the search finds rings that do what they can"
    assert max(mean_moved) > 10 * MOST
