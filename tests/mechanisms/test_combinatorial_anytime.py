"""Large auctions against the clock: bounds that hold, allocations that are one, and results that rounds determine."""

import itertools
import time
from types import SimpleNamespace

import numpy as np
import pytest

from econo_env.mechanisms.combinatorial import anytime as anytime_module
from econo_env.mechanisms.combinatorial import packing as packing_module
from econo_env.mechanisms.combinatorial.anytime import approach, best_in_time
from econo_env.mechanisms.combinatorial.auction import Payment, clear_auction
from econo_env.mechanisms.combinatorial.batch import clear_many, game_of
from econo_env.mechanisms.combinatorial.diving import better_parts
from econo_env.mechanisms.combinatorial.packing import clique_from, collisions, filled_up, packing_of
from econo_env.mechanisms.combinatorial.relaxation import Relaxation
from econo_env.valuations.bundles import arbitrary, regions
from econo_env.valuations.xor_bids import XorBids, xor_bids

NONE = np.zeros(0, dtype=np.int64)


def drawn(seed, items=9, num_bids=24):
    """Bids that overlap a lot, a few a bidder, amounts from 1 to those that floats round."""
    rng = np.random.default_rng(seed)
    scale = int(rng.choice([3, 1000, 10**6, 10**12]))
    rows = []
    for bidder in rng.integers(0, 10, num_bids):
        bundle = rng.permutation(items)[: rng.integers(1, 5)].tolist()
        rows.append((int(bidder), bundle, int(rng.integers(1, scale + 1))))
    return xor_bids(rows, items, 10)


def optimum(bids):
    won, _ = clear_many(game_of(bids), bids.amount[None, :], Payment.first_price)
    return int(bids.amount[won[0][won[0] >= 0]].sum())


def is_allocation(bids, chosen):
    once = bids.contains[chosen].sum(axis=0).max(initial=0) <= 1
    return once and len(set(bids.owner[chosen].tolist())) == len(chosen)


@pytest.fixture(scope="module")
def hard():
    return arbitrary(100, 700, 3, 0.9)


@pytest.mark.parametrize("block", range(5))
def test_no_bound_lies_below_the_optimum(block):
    """Prices of the descent, of the linear programme and of every round of cliques, on 250 auctions."""
    for seed in range(50 * block, 50 * block + 50):
        bids = drawn(seed)
        best, packing = optimum(bids), packing_of(bids)
        relaxation = Relaxation(bids, packing, 0)
        assert relaxation.prices.bound >= best
        for _ in range(3):
            assert relaxation.solve(np.inf)
            assert relaxation.prices.bound >= best
            assert relaxation.prices.loss.min() >= 0
            if not relaxation.cut():
                break
        found = approach(bids, 0)
        assert found.rounds == 0
        assert is_allocation(bids, found.chosen)
        assert found.welfare == bids.amount[found.chosen].sum() <= best <= found.bound


@pytest.mark.parametrize("block", range(4))
def test_with_time_the_best_is_found_and_proved(block):
    for seed in range(1000 + 10 * block, 1010 + 10 * block):
        bids = drawn(seed)
        found = best_in_time(bids, np.inf, seed)
        assert found.welfare == found.bound == optimum(bids)
        assert is_allocation(bids, found.chosen)


def test_rounds_and_seed_determine_the_result_to_the_bit(hard):
    one, again = approach(hard, 3, seed=5), approach(hard, 3, seed=5)
    assert np.array_equal(one.chosen, again.chosen)
    assert np.array_equal(one.worthwhile, again.worthwhile)
    assert (one.welfare, one.bound, one.rounds) == (again.welfare, again.bound, again.rounds)


def test_more_rounds_close_in_from_both_sides():
    bids = regions(100, 700, 3, 0.9)
    played = [approach(bids, rounds) for rounds in (0, 1, 2)]
    assert [found.rounds for found in played] == [0, 1, 2]
    for found in played:
        assert is_allocation(bids, found.chosen)
        assert found.welfare == bids.amount[found.chosen].sum() <= found.bound
    welfare, bound = [found.welfare for found in played], [found.bound for found in played]
    assert welfare[0] < welfare[1] <= welfare[2]
    assert bound[0] > bound[1] >= bound[2]
    gap = [1.0 - worth / most for worth, most in zip(welfare, bound, strict=True)]
    assert gap[0] > 0.1
    assert gap[2] < 0.05


def test_bids_that_are_not_worthwhile_win_in_no_better_allocation():
    ruled_out = 0
    for seed in range(2000, 2030):
        bids = drawn(seed)
        found = approach(bids, 1)
        for j in np.flatnonzero(~found.worthwhile):
            fits = ~(bids.contains & bids.contains[j]).any(axis=1) & (bids.owner != bids.owner[j])
            with_it = int(bids.amount[j]) + (optimum(bids.keep(fits)) if fits.any() else 0)
            assert with_it <= found.welfare
            ruled_out += 1
    assert ruled_out > 100


def test_collisions_are_shared_items_and_bidders():
    bids = regions(30, 150, 1)
    mixed = np.random.default_rng(0).permutation(150)
    bids = XorBids(bids.owner[mixed], bids.contains[mixed], bids.amount[mixed], bids.num_bidders)
    shared = bids.contains.astype(int) @ bids.contains.T.astype(int) > 0
    expected = shared | (bids.owner[:, None] == bids.owner[None, :])
    packing = packing_of(bids)
    assert np.array_equal(collisions(packing, np.arange(150)), expected)
    order = np.argsort(-bids.amount)
    for start in (0, 70, 149):
        clique = clique_from(packing, start, order)
        assert clique[0] == start
        assert len(set(clique.tolist())) == len(clique) > 1
        assert expected[np.ix_(clique, clique)].all()
        assert not expected[clique].all(axis=0)[np.setdiff1d(np.arange(150), clique)].any()
    full = filled_up(packing, NONE, order)
    assert is_allocation(bids, full)
    assert expected[full].any(axis=0).all()


def test_of_two_allocations_the_better_parts_are_joined():
    """Bidders 0 and 1 fight for item 0, 2 and 3 for item 1; each allocation holds one good choice."""
    bids = xor_bids([(0, [0], 5), (1, [0], 3), (2, [1], 2), (3, [1], 9), (4, [2], 1)], 3, 5)
    joined = better_parts(packing_of(bids), bids.amount, np.array([0, 2]), np.array([1, 3, 4]))
    assert joined.tolist() == [0, 3, 4]


@pytest.mark.parametrize("limit", [0.0, 0.02, 0.2])
@pytest.mark.parametrize("generate", [regions, arbitrary])
def test_whatever_the_time_the_outcome_is_one_and_states_its_gap(generate, limit):
    bids = generate(100, 700, 1, 0.9)
    outcome = clear_auction(bids, Payment.first_price, time_limit=limit)
    chosen = outcome.won[outcome.won >= 0]
    assert is_allocation(bids, chosen)
    assert outcome.welfare == bids.amount[chosen].sum() == outcome.payments.sum()
    assert outcome.gap == (outcome.bound - outcome.welfare) / outcome.bound
    assert 0.0 <= outcome.gap < 0.6


def test_past_the_deadline_no_round_begins(hard, monkeypatch):
    steps = []
    descended = packing_module.descended_prices
    monkeypatch.setattr(
        "econo_env.mechanisms.combinatorial.relaxation.descended_prices",
        lambda *given: steps.append(1) or descended(*given),
    )
    found = approach(hard, 50, deadline=time.perf_counter() - 1.0)
    assert (found.rounds, len(steps)) == (0, 1)


def test_a_deadline_ends_the_rounds_within_the_one_that_it_falls_into(hard, monkeypatch):
    """On a clock that only moves when it is read; the dive beside may finish what it has begun."""
    asked = itertools.count()
    monkeypatch.setattr(anytime_module, "time", SimpleNamespace(perf_counter=lambda: float(next(asked))))
    assert approach(hard, 10**6, deadline=2.5).rounds == 3
