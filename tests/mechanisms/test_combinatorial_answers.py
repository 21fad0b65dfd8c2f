"""Combinatorial auctions whose answers are known, on both roads and through the form."""

import numpy as np
import pytest

from econo_env.mechanisms.combinatorial.auction import Payment, clear_auction
from econo_env.mechanisms.combinatorial.batch import clear_many, game_of
from econo_env.mechanisms.document import clear_document
from econo_env.valuations.xor_bids import undominated, xor_bids
from tests.mechanisms.combinatorial_games import DAY_CRAMTON

MICRO = 1_000_000
TABLE = [
    (DAY_CRAMTON, {"vcg": (14, 12), "nearest_vcg": (17, 15), "nearest_zero": (16, 16), "nearest_bid": (20, 12)}),
    (
        [(0, [0], 2), (1, [1], 2), (2, [0, 1], 2)],
        {"vcg": (0, 0), "nearest_vcg": (1, 1), "nearest_zero": (1, 1), "nearest_bid": (1, 1)},
    ),
    (
        [(0, [0], 0.6), (1, [1], 0.5), (2, [0, 1], 0.8)],
        {"vcg": (0.3, 0.2), "nearest_vcg": (0.45, 0.35), "nearest_zero": (0.4, 0.4), "nearest_bid": (0.45, 0.35)},
    ),
]
CASES = [(rows, rule, paid) for rows, rules in TABLE for rule, paid in rules.items()]


def in_money(rows):
    bidders = max(bidder for bidder, _, _ in rows) + 1
    return xor_bids([(bidder, bundle, round(amount * MICRO)) for bidder, bundle, amount in rows], 2, bidders)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(("rows", "rule", "paid"), CASES)
def test_the_table_of_core_payments(rows, rule, paid, compiled):
    outcome = clear_auction(in_money(rows), Payment[rule], compiled=compiled)
    assert np.flatnonzero(outcome.won >= 0).tolist() == [0, 1]
    assert outcome.payments[:2].tolist() == [round(amount * MICRO) for amount in paid]
    assert outcome.mode == rule
    assert outcome.optimal


@pytest.mark.parametrize(("rows", "rule", "paid"), CASES)
def test_the_form_names_bidders_and_items(rows, rule, paid):
    document = {
        "mechanism": {"name": "combinatorial", "payment": rule},
        "items": ["A", "B"],
        "bids": [{"bidder": f"b{i}", "bundle": ["AB"[m] for m in items], "amount": a} for i, items, a in rows],
    }
    cleared = clear_document(document)
    assert cleared.winners == ["b0", "b1"]
    assert cleared.allocation[:3] == [["A"], ["B"], []]
    assert cleared.payments[:2] == pytest.approx(paid, abs=1e-9)
    assert cleared.gap == 0
    assert f"b0 wins A with its bid {rows[0][2]:g}; pays {paid[0]:g}" in cleared.explanation[0]
    assert "loses" in cleared.explanation[2]
    assert "proved" in cleared.explanation[-1]


def test_the_proxies_stop_near_sixteen():
    """Day and Cramton's example, played by ascending proxies: 16 and 16 but for the order of the steps."""
    outcome = clear_auction(in_money([(0, [0], 28), (1, [1], 20), (2, [0, 1], 32)]), Payment.proxy)
    assert outcome.payments.sum() == pytest.approx(32 * MICRO, rel=2e-3)
    assert outcome.payments[:2] == pytest.approx([16 * MICRO, 16 * MICRO], rel=0.06)


@pytest.mark.parametrize("compiled", [True, False])
def test_two_identities_beat_vcg_but_not_the_core_or_the_grand_bundle(compiled):
    """One bidder values A and B together at 100; a rival who is worth 60 bids 100 on each under two names."""
    honest = [(0, [0, 1], 100), (1, [0, 1], 60)]
    split = [(0, [0, 1], 100), (1, [0], 100), (2, [1], 100)]
    assert clear_auction(in_money(honest), compiled=compiled).payments.tolist() == [60 * MICRO, 0]
    attack = clear_auction(in_money(split), compiled=compiled)
    assert (attack.won >= 0).tolist() == [False, True, True]
    assert attack.payments.tolist() == [0, 0, 0]
    assert clear_auction(in_money(split), Payment.nearest_vcg, compiled=compiled).payments.sum() == 100 * MICRO
    whole = clear_auction(in_money(split), Payment.grand_bundle, compiled=compiled)
    assert whole.payments.sum() == 100 * MICRO


@pytest.mark.parametrize("compiled", [True, False])
def test_single_item_vcg_is_second_price(compiled):
    bids = xor_bids([(i, [0], amount) for i, amount in enumerate((4, 9, 7))], 1, 3)
    outcome = clear_auction(bids, compiled=compiled)
    assert outcome.payments.tolist() == [0, 7, 0]


def test_equal_bids_are_drawn_by_lot():
    bids = xor_bids([(i, [0], 5) for i in range(4)], 1, 4)
    won, _ = clear_many(game_of(bids), np.tile(bids.amount, (4000, 1)), Payment.vcg)
    shares = (won >= 0).mean(axis=0)
    assert shares == pytest.approx(0.25, abs=0.03)
    large = {int(np.argmax(clear_auction(bids, compiled=False, seed=seed).won)) for seed in range(40)}
    assert large == {0, 1, 2, 3}


@pytest.mark.parametrize("compiled", [True, False])
def test_a_bid_of_zero_takes_what_is_free(compiled):
    bids = xor_bids([(0, [0], 0), (1, [1], 5), (2, [0, 1], 4)], 2, 3)
    outcome = clear_auction(bids, compiled=compiled)
    assert (outcome.won >= 0).tolist() == [True, True, False]
    assert outcome.payments.tolist() == [0, 4, 0]


def test_dominated_bids_are_those_that_ask_more_for_less():
    rows = [(0, [0], 5), (0, [0, 1], 5), (0, [0, 2], 6), (1, [0, 1], 9), (1, [0], 9), (1, [0], 9)]
    assert undominated(xor_bids(rows, 3, 2)).tolist() == [True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"items": ["A", "A"]}, "name each item once"),
        ({"bids": [{"bidder": 1, "bundle": ["C"], "amount": 1}]}, "bundle \\['C'\\] of bidder 1"),
        ({"bids": [{"bidder": 1, "bundle": ["A"], "amount": -1}]}, "greater than or equal to 0"),
        ({"bids": []}, "at least 1"),
        ({"mechanism": {"name": "combinatorial", "payment": "core"}}, "'core' is unknown: choose one of vcg"),
        ({"surplus": 1}, "unknown key 'surplus'"),
    ],
)
def test_mistakes_are_named(change, said):
    document = {
        "mechanism": {"name": "combinatorial"},
        "items": ["A"],
        "bids": [{"bidder": 1, "bundle": ["A"], "amount": 1}],
    }
    with pytest.raises(ValueError, match=said):
        clear_document(document | change)
