"""Auctions beyond the compiled road: proofs, generators, and what is done when time runs out."""

import time

import numpy as np
import pytest

from econo_env.mechanisms.combinatorial.auction import FALLBACK, Payment, clear_auction, verify
from econo_env.mechanisms.combinatorial.greedy import greedy_with_critical_payments
from econo_env.mechanisms.combinatorial.integer_program import IntegerProgram
from econo_env.valuations.bundles import arbitrary, decay, regions
from econo_env.valuations.xor_bids import XorBids

FAMILIES = (regions, arbitrary, decay)
PATIENT = 600.0  # seconds: what is claimed of a proof must not depend on how busy the machine is


@pytest.mark.parametrize("generate", FAMILIES)
def test_generators_are_seeded_and_give_what_is_asked(generate):
    bids = generate(25, 120, 4)
    again, other = generate(25, 120, 4), generate(25, 120, 5)
    assert np.array_equal(bids.contains, again.contains)
    assert np.array_equal(bids.amount, again.amount)
    assert not np.array_equal(bids.amount, other.amount)
    assert bids.contains.shape == (120, 25)
    assert bids.contains.any(axis=1).all()
    assert bids.amount.min() >= 0


def milp_worth(bids):
    from scipy.optimize import Bounds, LinearConstraint, milp

    owners = bids.owner[:, None] == np.unique(bids.owner)[None, :]
    rows = np.concatenate([bids.contains, owners], axis=1).T.astype(float)
    solved = milp(
        -bids.amount.astype(float),
        constraints=LinearConstraint(rows, ub=1.0),
        integrality=np.ones(len(bids.amount)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    return round(-solved.fun)


@pytest.mark.parametrize("generate", FAMILIES)
@pytest.mark.parametrize("seed", range(3))
def test_another_solver_finds_nothing_better(generate, seed):
    bids = generate(16, 80, seed)
    outcome = clear_auction(bids, time_limit=PATIENT)
    assert outcome.optimal
    assert outcome.mode == "vcg"
    assert outcome.welfare == milp_worth(bids)
    i = int(np.argmax(outcome.won >= 0))
    without = milp_worth(bids.keep(bids.owner != i))
    assert outcome.payments[i] == without - (outcome.welfare - int(bids.amount[outcome.won[i]]))


def test_core_payments_lie_between_vcg_and_bids_and_are_unblocked():
    bids = regions(20, 100, 1, 0.7)
    vcg, core = (clear_auction(bids, payment, time_limit=PATIENT) for payment in (Payment.vcg, Payment.nearest_vcg))
    assert core.mode == "nearest_vcg"
    assert np.all(core.payments >= vcg.payments)
    winners = np.flatnonzero(core.won >= 0)
    left = bids.amount.copy()
    for i in winners:
        left[bids.owner == i] -= bids.amount[core.won[i]] - core.payments[i]
    everybody = np.ones(len(left), dtype=bool)
    strongest = IntegerProgram(bids).best(left, everybody, core.won[winners], time.perf_counter() + PATIENT)
    assert strongest.bound <= core.payments.sum() + 1


@pytest.mark.parametrize("payment", [Payment.vcg, Payment.nearest_vcg])
def test_without_a_proof_the_outcome_is_greedy_and_says_so(payment):
    bids = arbitrary(64, 500, 0)
    outcome = clear_auction(bids, payment, time_limit=0.0)
    chosen, paid = greedy_with_critical_payments(bids)
    assert outcome.mode == FALLBACK
    assert not outcome.optimal
    assert 0.0 < outcome.gap < 1.0
    assert sorted(outcome.won[outcome.won >= 0].tolist()) == sorted(chosen.tolist())
    assert outcome.payments.sum() == paid.sum()


def test_pay_as_bid_keeps_the_best_found_and_states_the_gap():
    bids = arbitrary(64, 500, 0)
    outcome = clear_auction(bids, Payment.first_price, time_limit=0.0)
    assert outcome.mode == "first_price"
    assert 0.0 < outcome.gap < 0.5
    assert outcome.payments.sum() == outcome.welfare


@pytest.mark.parametrize("seed", range(4))
def test_the_greedy_payment_is_critical(seed):
    bids = decay(12, 40, seed)
    chosen, paid = greedy_with_critical_payments(bids, seed)
    for j, price in zip(chosen, paid, strict=True):
        for amount, wins in ((price + 1, True), (price - 1, False)):
            if amount < 0:
                continue
            changed = bids.amount.copy()
            changed[j] = amount
            again, _ = greedy_with_critical_payments(
                XorBids(bids.owner, bids.contains, changed, bids.num_bidders), seed
            )
            assert (j in again) is wins


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"welfare": 1}, "welfare is not that"),
        ({"payments": np.array([10**12] * 40)}, "above the bid"),
        ({"won": np.full(40, 0)}, "another's bid"),
    ],
)
def test_a_wrong_outcome_does_not_pass(change, said):
    bids = decay(12, 40, 0)
    outcome = clear_auction(bids, time_limit=PATIENT)
    verify(bids, outcome)
    with pytest.raises(RuntimeError, match=said):
        verify(bids, type(outcome)(**(vars(outcome) | change)))


def test_roads_that_cannot_be_taken_are_named():
    with pytest.raises(ValueError, match="takes up to 10"):
        clear_auction(decay(12, 40, 0), compiled=True)
    with pytest.raises(ValueError, match="choose nearest_zero"):
        clear_auction(decay(12, 40, 0), Payment.proxy)
