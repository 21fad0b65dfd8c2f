"""What must hold for every profile of marginal bids, and of bids for slots, tried on generated ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.engine.rng import Lottery, market_keys
from econo_env.mechanisms import clear, mechanism
from econo_env.mechanisms.marginal_bids import UnitSale
from econo_env.mechanisms.slots import Slots

MICRO = 1e-6
UNIT_RULES = ("discriminatory", "uniform_price", "vickrey")
SLOT_RULES = ("gsp", "position_first_price", "position_vcg")

amounts = st.integers(0, 2_000_000).map(lambda money: money * MICRO)
bid = st.one_of(amounts, st.sampled_from([0.0, 0.5, 1.0]))
profiles = settings(max_examples=120, deadline=None)


@st.composite
def unit_sales(draw):
    """Non-increasing marginal bids, units, a reserve and the seed of the lottery."""
    n, wanted = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    bids = np.array(draw(st.lists(bid, min_size=n * wanted, max_size=n * wanted))).reshape(n, wanted)
    rule = {"units": draw(st.integers(1, 6)), "reserve": draw(st.one_of(st.just(0.0), amounts))}
    return -np.sort(-bids, axis=1), rule, draw(st.integers(0, 2**32))


@st.composite
def slot_sales(draw):
    """Bids per click, falling click rates, weights, a reserve and the seed of the lottery."""
    bids = np.array(draw(st.lists(bid, min_size=1, max_size=6)))
    rates = sorted(draw(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=4)), reverse=True)
    thousandths = st.integers(100, 3000).map(lambda weight: weight / 1000)
    weights = draw(st.one_of(st.none(), st.lists(thousandths, min_size=len(bids), max_size=len(bids))))
    options = {"weights": weights, "reserve": draw(st.one_of(st.just(0.0), amounts)), "seed": draw(st.integers(0, 99))}
    return bids, np.array(rates), options


def won(bids, outcome):
    return np.where(np.arange(bids.shape[1]) < outcome.allocation[:, None], bids, 0.0).sum(axis=1)


@pytest.mark.parametrize("name", UNIT_RULES)
@profiles
@given(sale=unit_sales())
def test_units_go_to_the_highest_bids_that_meet_the_reserve(name, sale):
    bids, rule, seed = sale
    outcome = clear(name, bids, seed=seed, **rule)
    serious = np.sort(bids[bids >= rule["reserve"]])[::-1][: rule["units"]]
    assert outcome.allocation.sum() == len(serious)
    assert outcome.welfare == pytest.approx(serious.sum(), abs=1e-9)


@pytest.mark.parametrize("name", UNIT_RULES)
@profiles
@given(sale=unit_sales())
def test_nobody_pays_more_than_its_bids_or_less_than_the_reserve(name, sale):
    """With truthful bids this is ex-post individual rationality; no payment is negative, so there is no deficit."""
    bids, rule, seed = sale
    outcome = clear(name, bids, seed=seed, **rule)
    assert np.all(outcome.payments <= won(bids, outcome) + 1e-9)
    assert np.all(outcome.payments >= rule["reserve"] * outcome.allocation - 1e-9)
    assert not outcome.payments[outcome.allocation == 0].any()


@profiles
@given(sale=unit_sales())
def test_vickrey_charges_the_externality(sale):
    """Payment = what the others could win without the bidder minus what they win, the seller's reserve counted."""
    bids, rule, seed = sale
    outcome = clear("vickrey", bids, seed=seed, **rule)
    served = won(bids, outcome)
    seller = rule["reserve"] * (rule["units"] - outcome.allocation.sum())
    for bidder in range(len(bids)):
        others = np.delete(bids, bidder, axis=0).ravel()
        pool = np.concatenate([others, np.full(rule["units"], rule["reserve"])])
        without = np.sort(pool)[::-1][: rule["units"]].sum()
        paid = without - (np.delete(served, bidder).sum() + seller)
        assert outcome.payments[bidder] == pytest.approx(paid, abs=1e-8)


@profiles
@given(sale=unit_sales(), data=st.data())
def test_no_misreport_gains_in_vickrey(sale, data):
    values, rule, seed = sale
    bidder = data.draw(st.integers(0, len(values) - 1))
    lie = data.draw(st.lists(bid, min_size=values.shape[1], max_size=values.shape[1]))
    changed = values.copy()
    changed[bidder] = np.sort(lie)[::-1]
    truth, other = (clear("vickrey", bids, seed=seed, **rule) for bids in (values, changed))
    utility = [values[bidder, : o.allocation[bidder]].sum() - o.payments[bidder] for o in (truth, other)]
    assert utility[0] >= utility[1] - 1e-9
    assert utility[0] >= -1e-9


@pytest.mark.parametrize("name", UNIT_RULES)
@profiles
@given(sale=unit_sales(), data=st.data())
def test_higher_bids_never_win_fewer_units(name, sale, data):
    bids, rule, seed = sale
    bidder = data.draw(st.integers(0, len(bids) - 1))
    raised = bids.copy()
    raised[bidder] += data.draw(amounts)
    before, after = (clear(name, given_, seed=seed, **rule).allocation[bidder] for given_ in (bids, raised))
    assert after >= before


@pytest.mark.parametrize("name", UNIT_RULES)
@profiles
@given(sale=unit_sales(), data=st.data())
def test_exchanging_bidders_exchanges_results(name, sale, data):
    """Where no bids tie."""
    bids, rule, seed = sale
    bids = bids + np.arange(bids.size)[::-1].reshape(bids.shape) * 3.0 * MICRO
    if len(np.unique(np.rint(bids / MICRO))) < bids.size:
        return
    order = np.array(data.draw(st.permutations(range(len(bids)))))
    plain, moved = (clear(name, given_, seed=seed, **rule) for given_ in (bids, bids[order]))
    np.testing.assert_array_equal(moved.allocation, plain.allocation[order])
    np.testing.assert_allclose(moved.payments, plain.payments[order], atol=1e-9)


@pytest.mark.parametrize("name", UNIT_RULES)
@profiles
@given(sale=unit_sales())
def test_the_same_rule_runs_on_floats(name, sale):
    """The laboratory compiles the rule for float64: the same allocation, the same payments."""
    bids, rule, seed = sale
    money = clear(name, bids, seed=seed, **rule)
    allocation, payments = np.zeros(len(bids), dtype=np.int64), np.zeros(len(bids))
    params = UnitSale(rule["units"], float(np.rint(rule["reserve"] / MICRO)))
    mechanism(name).rule(np.rint(bids / MICRO), Lottery(market_keys(seed, 1)[0], 0, 0), params, allocation, payments)
    np.testing.assert_array_equal(allocation, money.allocation)
    np.testing.assert_allclose(payments * MICRO, money.payments, atol=1e-9)


def test_ties_fall_evenly_on_equal_bids():
    wins = sum(clear("uniform_price", np.full((3, 2), 0.5), units=2, seed=seed).allocation for seed in range(3000))
    np.testing.assert_allclose(wins / 3000, 2 / 3, atol=0.06)


@pytest.mark.parametrize("name", SLOT_RULES)
@profiles
@given(sale=slot_sales())
def test_slots_are_filled_from_the_top_by_weighted_bids(name, sale):
    bids, rates, options = sale
    outcome = clear(name, bids, click_rates=rates, **options)
    weights = np.ones_like(bids) if options["weights"] is None else np.array(options["weights"])
    seated = np.flatnonzero(outcome.allocation)
    assert sorted(outcome.allocation[seated].tolist()) == list(range(1, len(seated) + 1))
    assert len(seated) == min(len(rates), np.sum(bids >= options["reserve"]))
    scores = (weights * bids)[outcome.winners]
    assert np.all(np.diff(scores) <= 1e-9)


@pytest.mark.parametrize("name", SLOT_RULES)
@profiles
@given(sale=slot_sales())
def test_a_click_costs_between_the_reserve_and_the_bid(name, sale):
    bids, rates, options = sale
    outcome = clear(name, bids, click_rates=rates, **options)
    clicks = np.append(0.0, rates)[outcome.allocation]
    assert np.all(outcome.payments <= clicks * bids + 1e-9)
    assert np.all(outcome.payments >= clicks * options["reserve"] - 1.001 * MICRO)


@profiles
@given(sale=slot_sales(), data=st.data())
def test_no_misreport_gains_in_position_vcg(sale, data):
    """Weights and reserve included; payments are rounded by less than a micro-credit."""
    values, rates, options = sale
    bidder = data.draw(st.integers(0, len(values) - 1))
    changed = values.copy()
    changed[bidder] = data.draw(bid)
    utility = []
    for bids in (values, changed):
        outcome = clear("position_vcg", bids, click_rates=rates, **options)
        clicks = np.append(0.0, rates)[outcome.allocation[bidder]]
        utility.append(clicks * values[bidder] - outcome.payments[bidder])
    assert utility[0] >= utility[1] - 2 * MICRO
    assert utility[0] >= -1e-9


@profiles
@given(sale=slot_sales())
def test_vcg_payments_are_the_externality_of_equal_bidders(sale):
    """Without weights and reserve: the worth the others lose by the bidder's presence."""
    bids, rates, options = sale
    outcome = clear("position_vcg", bids, click_rates=rates, seed=options["seed"])
    slots = np.append(rates, np.zeros(len(bids)))
    for bidder in range(len(bids)):
        others = np.sort(np.delete(bids, bidder))[::-1]
        clicks = np.append(0.0, rates)[outcome.allocation]
        harm = others @ slots[: len(others)] - np.delete(clicks * bids, bidder).sum()
        assert outcome.payments[bidder] == pytest.approx(harm, abs=1.001 * MICRO)


@pytest.mark.parametrize("name", SLOT_RULES)
@profiles
@given(sale=slot_sales())
def test_slot_rules_run_on_floats(name, sale):
    bids, rates, options = sale
    money = clear(name, bids, click_rates=rates, reserve=options["reserve"], seed=options["seed"])
    lottery = Lottery(market_keys(options["seed"], 1)[0], 0, 0)
    allocation, payments = np.zeros(len(bids), dtype=np.int64), np.zeros(len(bids))
    params = Slots(float(np.rint(options["reserve"] / MICRO)), rates)
    weights = np.full(len(bids), 1000, dtype=np.int64)
    mechanism(name).rule(np.rint(bids / MICRO), weights, lottery, params, allocation, payments)
    np.testing.assert_array_equal(allocation, money.allocation)
    np.testing.assert_allclose(payments * MICRO, money.payments, atol=1.001 * MICRO)
