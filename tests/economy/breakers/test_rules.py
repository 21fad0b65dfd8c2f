"""The rules of breakers on random input, against exact fractions and against what they promise."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy.breakers import calls, degradation, halts, systemic
from econo_env.economy.breakers.bands import PPM, TIER_1, Mean, band, push, restart, share_down, share_up, tier_band
from econo_env.economy.breakers.call_auction import call_price
from econo_env.economy.breakers.calls import CLOSED, HALF_OPEN, OPENED, CallBreaker, CallRules
from econo_env.economy.breakers.halts import CLIP, FOLLOW, HALTED, NO_LIMIT, OPEN, REOPENING, WIDEN, Rules
from econo_env.economy.breakers.integrity import in_order
from econo_env.economy.breakers.levels import Levels, level_of
from tests.economy.breakers.replayed import NAMES, replay, run

LARGEST = 10**15
amounts = st.integers(1, LARGEST)
rules = st.builds(
    Rules,
    kind=st.just(0),
    move=st.sampled_from([0, 30_000, 100_000, 400_000]),
    limit=st.sampled_from([1, 1, 2, 4]),
    halt=st.integers(1, 6),
    collar=st.sampled_from([0, 50_000, 200_000, 600_000]),
    reopening=st.sampled_from([CLIP, WIDEN, FOLLOW]),
    extensions=st.integers(0, 4),
    least_open=st.integers(1, 5),
)
prices = st.one_of(st.sampled_from([0, 95, 100, 105, 120, 160]), st.integers(50, 200), st.integers(1, 10**6))
attempts = st.lists(prices, min_size=20, max_size=80)
windows = st.integers(1, 6)


@settings(deadline=None, max_examples=300)
@given(st.lists(amounts, min_size=1, max_size=9), windows, st.integers(0, 10**9))
def test_bands_are_those_of_the_exact_mean(history, window, share):
    ring, mean = np.zeros(window, np.int64), Mean(0, 0, 0)
    for price in history:
        mean = push(ring, mean, price)
    exact = Fraction(sum(history[-window:]), len(history[-window:]))
    assert (mean.total, mean.size) == (sum(history[-window:]), len(history[-window:]))
    part = exact * share / PPM
    assert share_down(mean.total, mean.size, share) == part.__floor__() < 2**63
    assert share_up(mean.total, mean.size, share) == part.__ceil__()
    low, high = band(mean.total, mean.size, share)
    assert low == max(exact - part, 0).__ceil__()
    assert high == (exact + part).__floor__()


@settings(deadline=None, max_examples=200)
@given(amounts, st.booleans())
def test_the_band_of_the_plan_contains_its_reference_and_is_wider_when_doubled(price, wide):
    low, high = tier_band(price, 1, TIER_1, wide)
    assert 0 <= low <= price <= high
    narrow = tier_band(price, 1, TIER_1, False)
    assert low <= narrow[0] <= narrow[1] <= high


@settings(deadline=None, max_examples=400)
@given(rules, windows, attempts, st.integers(0, 2**32 - 1))
def test_halts_are_those_of_the_rules_in_exact_fractions(rules, window, tried, seed):
    """B4, for every way to reopen in which nothing executes but what was bid; some executions are not kept."""
    if rules.reopening == CLIP:
        rules = rules._replace(reopening=WIDEN)
    kept = np.random.default_rng(seed).random(len(tried)) < 0.9
    told = run(rules, window, tried, lambda tick, price: price if kept[tick] else 0)
    log = [(attempt, told.executed.get(tick, 0)) for tick, attempt in enumerate(tried)]
    assert [NAMES[status.mode] for status in told.statuses] == replay(rules, window, log)


@settings(deadline=None, max_examples=200)
@given(rules, amounts, st.sampled_from([OPEN, REOPENING]), st.integers(0, 4))
def test_prices_at_the_ends_of_the_band_execute_and_those_beyond_do_not(rules, reference, mode, calls_before):
    status = halts.Status(mode, 0, 0, 0, calls_before, 0)
    rules = rules._replace(reopening=WIDEN)
    low, high = halts.limits(status, rules, Mean(reference, 1, 0), False)
    share = rules.move if mode == OPEN else rules.collar * (1 + calls_before)
    assert low == max(reference * Fraction(PPM - share, PPM), 0).__ceil__()
    assert high == (reference * Fraction(PPM + share, PPM)).__floor__()
    for attempt, stands in ((low, low > 0), (high, True), (low - 1, False), (high + 1, False)):
        assert halts.execution(status, rules, low, high, attempt) == (attempt if stands else 0)


@settings(deadline=None, max_examples=400)
@given(rules, windows, attempts)
def test_nothing_executes_outside_the_band_or_while_halted(rules, window, tried):
    """B1."""
    told = run(rules, window, tried)
    for tick, price in told.executed.items():
        low, high = told.limits[tick]
        assert low <= price <= high
        assert told.statuses[tick].mode in (OPEN, REOPENING)
    assert not set(told.executed) & set(told.halted)


@settings(deadline=None, max_examples=400)
@given(rules, windows, attempts)
def test_halts_end_and_do_not_flap(rules, window, tried):
    """B5 and B6: at least `least_open` ticks between halts, no halt with its calls beyond its longest."""
    told = run(rules, window, tried)
    modes = [status.mode for status in told.statuses]
    since_open, longest = rules.least_open, rules.halt + rules.extensions + 1
    shut = 0
    for before, now in pairwise([OPEN, *modes]):
        shut = shut + 1 if now != OPEN else 0
        assert shut <= longest
        if now == HALTED and before != HALTED:
            assert before == OPEN
            assert since_open >= rules.least_open
            since_open = 0
        since_open += now == OPEN
    shown = "".join("h" if mode == HALTED else "-" for mode in modes)
    for halt in shown.rstrip("h").split("-"):
        assert len(halt) in (0, rules.halt)


@settings(deadline=None, max_examples=300)
@given(st.integers(1, LARGEST), st.integers(1, LARGEST), st.lists(st.integers(0, PPM), min_size=3, max_size=3))
def test_levels_are_falls_in_exact_fractions(opening, index, falls):
    falls = sorted(falls)
    expected = sum(Fraction(opening - index, opening) >= Fraction(fall, PPM) for fall in falls)
    assert level_of(opening, index, Levels(*falls, 5, 100)) == expected


@settings(deadline=None, max_examples=200)
@given(st.lists(amounts, min_size=2, max_size=8), st.integers(1, PPM))
def test_the_spread_is_the_range_over_the_mean(history, trigger):
    ring, mean = np.zeros(8, np.int64), Mean(0, 0, 0)
    for price in history:
        mean = push(ring, mean, price)
    measure = Fraction((max(history) - min(history)) * len(history), sum(history))
    signal = systemic.of_spread(ring, mean, trigger, 2)
    assert (signal == systemic.HIGH) == (measure > Fraction(trigger, PPM))
    assert (signal == systemic.LOW) == (measure <= Fraction(trigger * 4 // 5, PPM))
    assert systemic.of_spread(ring, mean, trigger, len(history) + 1) == systemic.BETWEEN


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, PPM), st.integers(1, 20))
def test_a_rate_tells_nothing_of_too_few_cases(events, cases, trigger, least):
    events = min(events, cases)
    signal = systemic.of_rate(events, cases, trigger, least)
    if cases < least:
        assert signal == systemic.BETWEEN
        return
    rate = Fraction(events, cases)
    assert (signal == systemic.HIGH) == (rate > Fraction(trigger, PPM))
    assert (signal == systemic.LOW) == (rate <= Fraction(trigger * 4 // 5, PPM))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, PPM), max_size=60), st.integers(1, PPM))
def test_a_trigger_fires_again_only_after_its_measure_has_come_down(measures, trigger):
    armed, since_low = True, True
    for measure in measures:
        signal = systemic.of_rate(measure, PPM, trigger, 1)
        fires, armed = systemic.fired(signal, armed)
        if measure <= trigger * 4 // 5:
            since_low = True
        assert fires == (measure > trigger and since_low)
        if fires:
            since_low = False


def test_a_mean_below_its_trigger_arms_it_again_where_four_fifths_reach_it():
    signals = [systemic.of_shortfall(mean, 400_000) for mean in (399_999, 400_000, 499_999, 500_000)]
    assert signals == [systemic.HIGH, systemic.BETWEEN, systemic.BETWEEN, systemic.LOW]


class Service:
    """A breaker with the calls under way, and what has told since it changed over."""

    def __init__(self, rules):
        self.rules, self.breaker, self.under_way = rules, CallBreaker(CLOSED, 0, 0, 0, 0, 0), []
        self.row = self.good = self.waited = 0

    def move(self, move, which):
        """One move; `which` of the calls under way it is about."""
        before = self.breaker
        if move == "call":
            allowed, self.breaker = calls.admit(before, self.rules)
            free = before.phase == HALF_OPEN and before.under_way < self.rules.probes
            assert allowed == (before.phase == CLOSED or free)
            self.under_way += [before.epoch] * allowed
        elif move == "tick":
            self.breaker = calls.tick(before)
            self.waited += before.phase == OPENED
        elif self.under_way:
            self.end_call(move, self.under_way.pop(which % len(self.under_way)))

    def end_call(self, move, epoch):
        """A call ends: it succeeds, fails, or is not made after all."""
        before = self.breaker
        if move == "drop":
            self.breaker = calls.given_up(before, epoch)
        else:
            self.breaker = calls.result(before, self.rules, epoch, move == "good")
        if epoch != before.epoch:
            assert self.breaker == before
        elif move != "drop":
            self.row = 0 if move == "good" else self.row + 1
            self.good += move == "good"

    def check_change(self, before, move):
        """A breaker changes over for its reasons alone."""
        now = self.breaker
        assert now.epoch == before.epoch + 1
        if now.phase == OPENED:
            assert self.row == self.rules.failures if before.phase == CLOSED else move == "bad"
        elif now.phase == HALF_OPEN:
            assert (before.phase, self.waited) == (OPENED, self.rules.open)
        else:
            assert (before.phase, self.good) == (HALF_OPEN, self.rules.successes)
        self.row = self.good = self.waited = 0


def test_a_half_open_breaker_has_so_many_probes_under_way_and_late_results_tell_nothing():
    """B7, whatever calls are made, succeed, fail, come late or are never made."""
    generator, phases = np.random.default_rng(0), np.zeros(3, dtype=int)
    for _ in range(300):
        rules = CallRules(*(int(generator.integers(1, most)) for most in (4, 4, 4, 4)))
        service = Service(rules)
        for _ in range(150):
            move = str(generator.choice(["call", "good", "bad", "tick", "drop"], p=[0.4, 0.2, 0.15, 0.2, 0.05]))
            before = service.breaker
            service.move(move, int(generator.integers(8)))
            now = service.breaker
            phases[now.phase] += 1
            if now.phase == HALF_OPEN:
                assert now.under_way == service.under_way.count(now.epoch) <= rules.probes
            if now.phase != before.phase:
                service.check_change(before, move)
            else:
                assert now.epoch == before.epoch
                assert service.row < (rules.failures if now.phase == CLOSED else 1)
                assert service.good < rules.successes or now.phase != HALF_OPEN
                assert service.waited < rules.open or now.phase != OPENED
    assert phases.min() > 1000


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=6),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=6),
    st.integers(1, 30),
)
def test_the_call_has_the_most_volume_and_of_that_the_least_left(buys, sells, reference):
    orders = np.array([*buys, *sells], dtype=np.int64).reshape(-1, 2)
    limits, units = orders[:, 0].copy(), orders[:, 1].copy()

    def at(price):
        demand = sum(number for limit, number in buys if limit >= price and limit > 0)
        supply = sum(number for limit, number in sells if 0 < limit <= price)
        return min(demand, supply), demand - supply

    outcomes = {price: at(price) for price, _ in [*buys, *sells] if price > 0}
    found = call_price(limits, units, len(buys), reference)
    volume = max((traded for traded, _ in outcomes.values()), default=0)
    if volume == 0:
        assert found == (0, 0, 0)
        return
    least = min(abs(rest) for traded, rest in outcomes.values() if traded == volume)
    best = {price: rest for price, (traded, rest) in outcomes.items() if traded == volume and abs(rest) == least}
    if all(rest > 0 for rest in best.values()):
        price = max(best)
    elif all(rest < 0 for rest in best.values()):
        price = min(best)
    else:
        price = min(best, key=lambda price: (abs(price - reference), price))
    assert found == (price, volume, best[price])
    ones = call_price(limits, None, len(buys), reference)
    assert ones == call_price(limits, np.ones_like(units), len(buys), reference)


def test_a_worse_level_never_does_more():
    features = range(degradation.NORMAL, degradation.SHUTDOWN + 1)
    sets = [{f for f in features if degradation.offers(level, f)} for level in features]
    assert all(worse < better for better, worse in pairwise(sets))
    assert degradation.WITHDRAWALS in sets[degradation.SHUTDOWN]
    assert sets[degradation.NORMAL] == set(features)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=8), st.integers(0, 7), st.integers(-5, 5))
def test_books_are_in_order_unless_money_is_made_lost_or_owed(balances, where, change):
    books = np.array(balances, dtype=np.int64)
    minted = int(books.sum())
    assert in_order(books, minted, 0)
    assert not in_order(books, minted, 1)
    books[where % len(books)] += change
    assert in_order(books, minted, 0) == (change == 0)
    books[where % len(books)] = -1
    assert not in_order(books, int(books.sum()), 0)


def test_a_forgotten_history_is_no_reference():
    assert restart(np.zeros(3, np.int64), 0) == Mean(0, 0, 0)
    assert restart(np.zeros(3, np.int64), 7) == Mean(7, 1, 1)
    assert NO_LIMIT > LARGEST * 1000
