"""Limited liability, false names and reputation over two periods: known answers, found again by search."""

from functools import cache

import numpy as np
import pytest

from econo_env.economy.contracts import POOR, SATISFACTORY, payout, value_schedule
from econo_env.mechanisms.combinatorial.auction import Payment, clear_auction
from econo_env.valuations.xor_bids import xor_bids

MICRO = 1_000_000
FINE = 0.5
"""What failed work costs the house, as a share of the value of work that succeeds."""


def midpoints(number, low=0.0, high=1.0):
    return low + (high - low) * (np.arange(number) + 0.5) / number


def second_scores(number, grid=300):
    """Equally likely values of the better score of two truthful rivals, at least 0, ascending."""
    reliability, cost = np.meshgrid(midpoints(grid, 0.5, 1.0), midpoints(grid, 0.0, 0.5))
    scores = np.sort((reliability - (1 - reliability) * FINE - cost).ravel())
    ranks = np.sqrt(midpoints(number)) * len(scores)
    return np.maximum(scores[ranks.astype(int)], 0.0)


def limited(lock, types=60, number=3_000):
    """Utility of truth, and of the best report of each type, of one of three; and how far that is from the formula.

    Payments are those of the rule in use; the best report is found by trying to win against every second score.
    """
    schedule, best = value_schedule(1.0, -FINE, -FINE, 0.9, 0.6), second_scores(number)
    owed = [round(score * MICRO) for score in best]
    gets = [
        np.concatenate([[0], np.cumsum([payout(grade, MICRO, owes, round(lock * MICRO), schedule) for owes in owed])])
        for grade in (SATISFACTORY, POOR)
    ]
    truth, deviation, gap = 0.0, 0.0, 0.0
    for reliability in midpoints(types, 0.5, 1.0):
        for cost in midpoints(types, 0.0, 0.5):
            wins = np.arange(number + 1)
            earns = (reliability * gets[0] + (1 - reliability) * gets[1]) / MICRO - wins * cost
            score = reliability - (1 - reliability) * FINE - cost
            truth += earns[np.searchsorted(best, score)]
            deviation += earns.max()
            formula = np.clip(max(score, (reliability - (1 - reliability) * lock - cost) / reliability), 0.0, 1.0)
            gap = max(gap, earns.max() - earns[np.searchsorted(best, formula)])
    return truth / types**2 / number, deviation / types**2 / number, gap / number


@pytest.mark.parametrize(
    ("lock", "truthful", "best", "gain"),
    [
        (1.5, 0.074210, 0.074210, 0.0),
        (1.0, 0.074886, 0.074964, 0.00104),
        (0.5, 0.089586, 0.095673, 0.06795),
        (0.25, 0.101679, 0.119915, 0.17935),
        (0.0, 0.113773, 0.153260, 0.34707),
    ],
)
def test_what_less_than_full_liability_leaves_to_gain(lock, truthful, best, gain):
    """6.46: three agents, p of U[1/2, 1], c of U[0, 1/2], f = 1/2: the best report is the one of the formula."""
    truth, deviation, gap = limited(lock)
    assert truth == pytest.approx(truthful, abs=1e-4)
    assert deviation == pytest.approx(best, abs=1e-4)
    assert deviation / truth - 1 == pytest.approx(gain, abs=1e-3)
    assert gap < 1e-6


@pytest.mark.parametrize(("names", "paid"), [((100, 100), (0, 0)), ((60, 60), (40, 40)), ((50, 60), (40, 50))])
def test_two_names_against_one_rival_for_both(names, paid):
    """6.49: the rival bids 100 for both items, each name for one."""
    bids = xor_bids([(0, [0], names[0]), (1, [1], names[1]), (2, [0, 1], 100)], 2, 3)
    assert clear_auction(bids, Payment.vcg).payments.tolist() == [*paid, 0]


def test_each_name_pays_what_the_others_leave_of_the_rivals_bid():
    """max(0, G - sum of the others), at any number of names that together win."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        names = int(rng.integers(2, 6))
        own = rng.integers(1, 100, names)
        rival = int(rng.integers(1, own.sum()))
        rows = [(i, [i], int(bid)) for i, bid in enumerate(own)]
        bids = xor_bids([*rows, (names, list(range(names)), rival)], names, names + 1)
        expected = [max(0, rival - int(own.sum() - bid)) for bid in own]
        assert clear_auction(bids, Payment.vcg).payments.tolist() == [*expected, 0]


def second_score(own, other):
    """What a supplier earns on average whose score exceeds the other's by so much where it does: (costs, ...)."""
    return np.maximum(own - other, 0.0)


@cache
def second_period(standing, grid=400):
    """Utility of who won the first period and of who lost it: costs of U[0, 1], the winner's score higher by D."""
    own, other = np.meshgrid(-midpoints(grid), -midpoints(grid))
    return second_score(own + standing, other).mean(), second_score(own, other + standing).mean()


def over_two_periods(shade, standing, discount, rival=0.0):
    """What reporting so much less than the own cost earns in two periods, against one that reports `rival` less.

    Who wins is paid the other's report; over that it is integrated exactly.
    """
    (won, lost), cost = second_period(standing), midpoints(4_000)
    beaten = np.clip(cost - shade + rival, 0.0, 1.0)  # the other's costs above it
    paid = (1.0 - beaten**2) / 2 - rival * (1.0 - beaten)
    return (paid - cost * (1.0 - beaten) + discount * (won * (1.0 - beaten) + lost * beaten)).mean()


@pytest.mark.parametrize(
    ("standing", "discount", "won", "lost", "gain", "share"),
    [(0.5, 0.9, 0.520833, 0.020833, 0.086063, 0.20970), (1.0, 0.95, 1.0, 0.0, 0.308354, 0.48055)],
)
def test_reputation_is_bid_for_over_two_periods(standing, discount, won, lost, gain, share):
    """6.52, 6.54: the dominant report is c - d D; the gain is k^2 / 2 - k^3 / 6 at k = d D."""
    assert second_period(standing) == pytest.approx((won, lost), abs=1e-5)
    k = discount * standing
    for rival in (0.0, 0.3, k):
        earned = [over_two_periods(shade, standing, discount, rival) for shade in np.linspace(0.0, 1.0, 201)]
        assert np.argmax(earned) / 200 == pytest.approx(k, abs=1e-9), "whatever the other reports"
    truth, best = (over_two_periods(shade, standing, discount) for shade in (0.0, k))
    assert best - truth == pytest.approx(gain, abs=2e-5)
    assert (best - truth) / truth == pytest.approx(share, abs=5e-5)


def test_what_winning_is_worth_later_is_exactly_the_standing_and_all_of_it_is_bid_away():
    """Random D and d: the difference of the second period is D; equilibrium utility is 1/6 - k/2 + d times its mean."""
    rng = np.random.default_rng(1)
    for _ in range(6):
        standing, discount = rng.random(), rng.random()
        won, lost = second_period(standing)
        k = discount * standing
        assert won - lost == pytest.approx(standing, abs=1e-9)
        assert won == pytest.approx(1 / 6 + standing / 2 + standing**2 / 2 - standing**3 / 6, abs=1e-5)
        truth, best = (over_two_periods(shade, standing, discount) for shade in (0.0, k))
        assert best - truth == pytest.approx(k**2 / 2 - k**3 / 6, abs=1e-5)
        known = 1 / 6 - k / 2 + discount * (1 / 6 + standing**2 / 2 - standing**3 / 6)
        assert over_two_periods(k, standing, discount, rival=k) == pytest.approx(known, abs=1e-5)
