"""Generators of combinatorial auctions: what their descriptions say, and the files of the test suite."""

from itertools import pairwise

import numpy as np
import pytest

from econo_env.mechanisms.document import clear_document
from econo_env.valuations.bundles import (
    from_cats,
    generate,
    generators,
    gsvm_model,
    lsvm_model,
    matching,
    paths,
    scheduling,
    to_cats,
)
from econo_env.valuations.bundles.lsvm import blocks, synergy
from econo_env.valuations.xor_bids import undominated, xor_bids

DRAWN = [name for name in generators() if name != "cats_file"]
SIZED = [name for name in DRAWN if name not in ("gsvm", "lsvm")]


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_seed_is_the_same_auction_and_another_is_not(name):
    one, again, other = (generate({"generator": name, "seed": seed}) for seed in (4, 4, 5))
    assert np.array_equal(one.amount, again.amount)
    assert np.array_equal(one.contains, again.contains)
    assert not np.array_equal(one.amount, other.amount)
    assert one.contains.any(axis=1).all()
    assert one.amount.min() > 0
    assert undominated(one).all()


@pytest.mark.parametrize("name", SIZED)
def test_as_many_items_and_bids_as_asked_for(name):
    bids = generate({"generator": name, "items": 16, "bids": 77, "seed": 1})
    assert (bids.num_items, len(bids.owner)) == (16, 77)
    assert set(bids.owner.tolist()) == set(range(bids.num_bidders))


@pytest.mark.parametrize(
    ("name", "size", "price"),
    [
        ("l1", 13.0, 0.5),
        ("l2", 13.0, 13.0 * 0.5),
        ("l3", 3.0, 0.5),
        ("decay", 1 / 0.45, 0.5 / 0.45),
        ("l5", 4.0, 16.0),
        ("l6", 5.0 / (1 - np.exp(-0.2)) / 5.0 - 25 / (np.exp(5.0) - 1), None),
        ("l7", 25 * 0.2 / (1 - 0.8**25), 25 * 0.2 / (1 - 0.8**25)),
    ],
)
def test_legacy_sizes_and_prices_have_their_means(name, size, price):
    bids = generate({"generator": name, "items": 25, "bids": 20_000, "seed": 0})
    assert bids.num_bidders == 20_000
    assert bids.contains.sum(axis=1).mean() == pytest.approx(size, rel=0.03)
    if price is not None:
        assert bids.amount.mean() / 1e6 == pytest.approx(price, rel=0.03)


def test_paths_lead_from_one_city_to_another():
    bids = paths(30, 200, 2)
    assert bids.contains.any(axis=0).mean() > 0.8
    for first, last in pairwise(bids.first):
        own = bids.contains[first:last]
        assert 1 <= len(own) <= 5
        # no way between two cities is part of another, for none passes a city twice
        inside = (own.astype(int) @ own.T.astype(int)) == own.sum(axis=1)
        assert inside.sum() == len(own)


def test_longer_ways_of_a_bidder_are_bid_less_for():
    bids = paths(40, 400, 0)
    several = [slice(a, b) for a, b in pairwise(bids.first) if b - a > 1]
    assert several
    assert all((np.diff(bids.amount[own]) <= 0).all() for own in several)


def test_slots_are_a_take_off_and_a_landing_that_is_later_at_another_airport():
    bids = matching(40, 300, 3)
    for row in bids.contains:
        off, land = np.flatnonzero(row)
        assert off % 4 != land % 4
        assert land // 4 > off // 4
        assert {off % 4, land % 4} != {2, 3}  # Kennedy and La Guardia lie in one city


def test_the_slots_a_flight_wants_are_worth_less_the_later_and_the_longer():
    bids = matching(40, 3000, 1, deviation=0.0, late_factor=0.5)
    shares = {0.9**delay * 0.5**late for delay in range(4) for late in range(3)}
    seen = set()
    for first, last in pairwise(bids.first):
        own = bids.amount[first:last] / bids.amount[first:last].max()
        nearest = [min(shares, key=lambda share, amount=amount: abs(share - amount)) for amount in own]
        assert own == pytest.approx(nearest, abs=1e-5)
        seen |= set(nearest)
    assert len(seen) >= 8


@pytest.mark.parametrize("additivity", [-0.3, 0.0, 0.5])
def test_jobs_want_runs_of_time_worth_less_after_the_deadline(additivity):
    bids = scheduling(20, 400, 5, deviation=0.0, additivity=additivity)
    for first, last in pairwise(bids.first):
        rows, amount = bids.contains[first:last], bids.amount[first:last] / 1e6
        sizes, starts = rows.sum(axis=1), rows.argmax(axis=1)
        assert len(set(sizes)) == 1
        assert all(row[start : start + size].all() for row, start, size in zip(rows, starts, sizes, strict=True))
        assert (np.diff(starts) > 0).all()
        assert (np.diff(amount) <= 1e-6).all()
        assert amount.max() == pytest.approx(float(sizes[0]) ** (1 + additivity), rel=1e-5)


def test_global_synergies_by_hand():
    model = gsvm_model(seed=1)
    assert model.interests[0] == (0, 1, 2, 3, 12, 13)
    assert model.interests[5] == (10, 11, 0, 1, 17, 12)
    assert model.interests[6] == tuple(range(12))
    assert model.largest == (4,) * 6 + (12,)
    alone = [model.value(2, {item}) for item in (4, 5, 6)]
    assert model.value(2, {4, 5, 6, 0}) == pytest.approx(1.4 * sum(alone))  # item 0 is of no interest
    draws = np.array([[gsvm_model(seed).value(i, {4}) for i in (1, 6)] for seed in range(300)])
    assert draws.mean(axis=0) == pytest.approx([20.0, 10.0], rel=0.1)
    assert draws.max() <= 40.0


def test_local_synergies_by_hand():
    model = lsvm_model(seed=3)
    assert {len(own) for seed in range(20) for own in lsvm_model(seed).interests[1:]} <= set(range(6, 12))
    assert blocks({0, 1, 6, 8, 17}) == [[0, 1, 6], [8], [17]]
    assert blocks({5, 6}) == [[5], [6]]  # the end of a row does not touch the start of the next
    assert synergy(4, (160.0, 4.0)) == pytest.approx(1.8)
    assert synergy(10, (320.0, 10.0)) == pytest.approx(2.6)
    one, two = model.value(0, {0}), model.value(0, {1})
    factor = [1 + 3.2 / (1 + np.exp(10 - size)) for size in (1, 2)]
    assert model.value(0, {0, 1}) == pytest.approx(factor[1] * (one + two) / factor[0])
    assert model.value(0, {0, 3}) == pytest.approx(one + model.value(0, {3}))


@pytest.mark.parametrize("name", ["gsvm", "lsvm"])
def test_value_models_bid_the_values_of_bundles_of_interest(name):
    make = {"gsvm": gsvm_model, "lsvm": lsvm_model}[name]
    bids, model = generate({"generator": name, "bundles_each": 12, "seed": 6}), make(6)
    for owner, row, amount in zip(bids.owner, bids.contains, bids.amount, strict=True):
        bundle = np.flatnonzero(row).tolist()
        assert set(bundle) <= set(model.interests[owner])
        assert len(bundle) <= model.largest[owner]
        assert amount / 1e6 == pytest.approx(model.value(owner, bundle), abs=1e-6)
    assert max(np.bincount(bids.owner)) <= 12


@pytest.mark.parametrize("name", DRAWN)
def test_a_file_of_the_suite_holds_the_same_auction(name):
    bids = generate({"generator": name, "seed": 2})
    again = from_cats(to_cats(bids))
    assert np.array_equal(again.owner, bids.owner)
    assert np.array_equal(again.contains, bids.contains)
    assert np.array_equal(again.amount, bids.amount)


def test_a_published_form_is_read_with_dummies_as_bidders():
    text = "%% made elsewhere\ngoods 3\nbids 4\ndummy 1\n\n0\t12.5\t0\t1\t3\t#\n1 4 2 #\n2\t7.25\t1\t3\t#\n3\t1\t0\t#\n"
    bids = from_cats(text)
    assert bids.owner.tolist() == [0, 0, 1, 2]
    assert bids.amount.tolist() == [12_500_000, 7_250_000, 4_000_000, 1_000_000]
    assert bids.masks.tolist() == [0b011, 0b010, 0b100, 0b001]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("goods 2\nbids 1\n0 1.0 0", "line 3: '0 1.0 0' is no line"),
        ("bids 1\n0 1.0 0 #", "lacks the line 'goods'"),
        ("goods 2\nbids 2\n0 1.0 0 #", "says bids 2 but lists 1"),
        ("goods 2\nbids 1\ndummy 2\n0 1.0 0 2 3 #", "at most one of the 2 dummies"),
        ("goods 2\nbids 1\n0 1.0 5 #", "line 3: a bid names"),
    ],
)
def test_a_broken_file_is_named(text, said):
    with pytest.raises(ValueError, match=said):
        from_cats(text)


def test_generated_bids_are_cleared_from_a_file(tmp_path):
    rule = {"name": "combinatorial", "payment": "vcg"}
    cleared = clear_document({"mechanism": rule, "bids": {"generator": "gsvm", "bundles_each": 5, "seed": 1}})
    assert cleared.gap == 0.0
    assert 0 < sum(cleared.payments) <= cleared.welfare
    sold = [item for bundle in cleared.allocation for item in bundle]
    assert len(set(sold)) == len(sold) > 5
    path = tmp_path / "auction.txt"
    path.write_text(to_cats(xor_bids([(0, [0], 2_000_000), (1, [0, 1], 3_000_000)], 2, 2)))
    cleared = clear_document({"mechanism": rule, "bids": {"generator": "cats_file", "path": str(path)}})
    assert cleared.winners == [1]
    assert cleared.payments == [0.0, 2.0]


@pytest.mark.parametrize(
    ("bids", "said"),
    [
        ({"generator": "region"}, "generator = 'region' is unknown: choose one of arbitrary, cats_file"),
        ({"generator": "regions", "itms": 3}, "generator regions: unknown key 'itms', did you mean 'items'"),
        ({"generator": "regions", "another": 1.5}, "generator regions: another = 1.5"),
        ({"generator": "matching", "items": 30}, "items = 30: there are four airports"),
        ({"generator": "cats_file", "path": "nowhere.txt"}, "path = 'nowhere.txt' cannot be read"),
        ({"items": 3}, "generator = None is unknown"),
    ],
)
def test_mistakes_in_a_section_are_named(bids, said):
    with pytest.raises(ValueError, match=said):
        clear_document({"mechanism": {"name": "combinatorial"}, "bids": bids})


def test_items_are_named_in_one_place():
    with pytest.raises(ValueError, match="items belong into the section"):
        clear_document({"mechanism": {"name": "combinatorial"}, "items": [1], "bids": {"generator": "l1"}})
