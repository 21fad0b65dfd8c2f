"""What the payment rules promise, checked against every coalition; the compiled road against the solver's."""

import numpy as np
import pytest

from econo_env.mechanisms.combinatorial.auction import Payment, clear_auction
from econo_env.mechanisms.combinatorial.batch import clear_many, game_of
from econo_env.mechanisms.combinatorial.core import nearest
from econo_env.valuations.bundles import local_global
from econo_env.valuations.xor_bids import xor_bids
from tests.mechanisms.combinatorial_games import (
    best_worth,
    coalition_worths,
    least_core_revenue,
    profits,
    random_bids,
)

CORE = (Payment.nearest_vcg, Payment.nearest_zero, Payment.nearest_bid)
EXACT = (Payment.vcg, *CORE)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("seed", range(15))
def test_brute_force_finds_nothing_better_and_the_same_vcg_payments(seed, compiled):
    bids = random_bids(seed, most_items=10 if compiled else 12, most_bidders=6)
    outcome = clear_auction(bids, compiled=compiled)
    everybody = list(range(bids.num_bidders))
    assert outcome.welfare == best_worth(bids, everybody)
    for i, j in enumerate(outcome.won):
        without = best_worth(bids, [k for k in everybody if k != i])
        harm = without - (outcome.welfare - int(bids.amount[j])) if j >= 0 else 0
        assert outcome.payments[i] == harm


@pytest.mark.parametrize("seed", range(25))
def test_core_payments_are_unblocked_and_least(seed):
    bids = random_bids(100 + seed, most_items=6, most_bidders=7)
    worths = coalition_worths(bids)
    for payment in CORE:
        outcome = clear_auction(bids, payment, compiled=True)
        kept, revenue = profits(bids, outcome), int(outcome.payments.sum())
        assert np.all(kept >= 0)
        for coalition, worth in worths.items():
            assert worth <= revenue + kept[list(coalition)].sum(), (payment.name, coalition)
        least = least_core_revenue(bids, outcome, worths)
        winners = int((outcome.won >= 0).sum())
        assert least - 1e-3 <= revenue < least + winners, payment.name


@pytest.mark.parametrize("seed", range(10))
def test_core_payments_are_vcg_when_goods_are_substitutes(seed):
    """Unit demand: any item will do, one is enough."""
    rng = np.random.default_rng(seed)
    rows = [(i, [item], int(rng.integers(1, 10**6))) for i in range(6) for item in range(4)]
    bids = xor_bids(rows, 4, 6)
    vcg = clear_auction(bids, Payment.vcg).payments
    for payment in CORE:
        assert clear_auction(bids, payment, compiled=True).payments.tolist() == vcg.tolist()
        assert clear_auction(bids, payment, compiled=False).payments.tolist() == vcg.tolist()


def compare(auctions, first=0):
    for seed in range(first, first + auctions):
        bids = random_bids(seed)
        for payment in EXACT if seed % 10 == 0 else (Payment.vcg, Payment.nearest_vcg):
            ours = clear_auction(bids, payment, compiled=True)
            theirs = clear_auction(bids, payment, compiled=False)
            assert ours.welfare == theirs.welfare, seed
            assert ours.payments.tolist() == theirs.payments.tolist(), (seed, payment.name)


def test_both_roads_agree_to_the_last_unit():
    compare(60)


@pytest.mark.slow
def test_both_roads_agree_on_ten_thousand_auctions():
    compare(10_000, first=1000)


def test_many_at_once_equal_one_by_one_whatever_the_threads():
    game_bids = local_global(4, ring=True)
    amounts = (np.random.default_rng(3).random((64, 12)) * game_bids.amount).astype(np.int64)
    game = game_of(game_bids)
    won, paid = clear_many(game, amounts, Payment.nearest_vcg, num_threads=2)
    again, paid_again = clear_many(game, amounts, Payment.nearest_vcg)
    assert np.array_equal(won, again)
    assert np.array_equal(paid, paid_again)
    for k in range(12):
        bids = xor_bids(
            [
                (int(o), np.flatnonzero(c).tolist(), int(a))
                for o, c, a in zip(game_bids.owner, game_bids.contains, amounts[k], strict=True)
            ],
            8,
            6,
        )
        assert clear_auction(bids, Payment.nearest_vcg, compiled=False).payments.tolist() == paid[k].tolist()


def test_the_nearest_point_has_least_revenue_first():
    """A pull below the core by 256 times the largest bid must give the same point as two programmes in a row."""
    from quadprog import solve_qp

    rng = np.random.default_rng(5)
    for _ in range(30):
        size = int(rng.integers(3, 7))
        offers = rng.integers(10**5, 10**6, size)
        harm = (offers * rng.uniform(0, 0.5, size)).astype(np.int64)
        masks = (rng.random((4, size)) < 0.6).astype(float)
        needed = masks @ (harm + rng.uniform(0.2, 0.9) * (offers - harm))
        found = nearest(harm, offers, masks, needed, Payment.nearest_vcg)
        normals = np.concatenate([np.eye(size), -np.eye(size), masks])
        bounds = np.concatenate([harm, -offers, needed])
        from scipy.optimize import linprog

        least = linprog(np.ones(size), A_ub=-normals, b_ub=-bounds, bounds=[(None, None)] * size).fun
        assert found.sum() == pytest.approx(least, abs=1e-3)
        face = np.concatenate([np.ones((1, size)), normals])
        two_steps = solve_qp(
            np.eye(size), harm.astype(float), face.T, np.concatenate([[found.sum()], bounds - 1e-6]), 1
        )
        assert found == pytest.approx(two_steps[0], abs=1e-2)
