"""Figures of combinatorial clearing: small games in compiled code, large auctions with proven optima."""

import time
from functools import partial

import numpy as np

from econo_env.mechanisms.combinatorial.auction import Payment, clear_auction
from econo_env.mechanisms.combinatorial.batch import clear_many, game_of
from econo_env.valuations.bundles import arbitrary, decay, local_global, regions
from tests.benchmarks.measure import Figure, rate, seconds_of

SIZES = ((25, 200, 60.0), (64, 500, 400.0), (100, 1000, 1500.0))
INSTANCES = 20


def small_games(threads):
    """Local-global games with nearest-VCG payments, bids drawn anew for every clearing."""
    rng = np.random.default_rng(0)
    for name, locals_, auctions, bar in (("LLG", 2, 500_000, 5e6), ("LLLLGG", 4, 10_000, 20e3)):
        bids = local_global(locals_, ring=locals_ == 4)
        offers = (rng.random((auctions, len(bids.amount))) * bids.amount).astype(np.int64)
        game = game_of(bids)
        times = seconds_of(
            lambda game=game, offers=offers: clear_many(game, offers, Payment.nearest_vcg, num_threads=threads),
            repetitions=7,
        )
        yield rate(
            f"{name} clearings, nearest-VCG",
            "clearings/s",
            auctions,
            times,
            bar=bar,
            settings={"threads": threads, "bidders": bids.num_bidders, "items": bids.num_items, "at": today()},
        )


def large_auctions(instances=INSTANCES):
    """Clearing with payments, proven optimal: p95 over instances, the worst and the median beside it."""
    families = (
        ("regions, P(another plot) 0.7", partial(regions, another=0.7), True),
        ("regions, P(another plot) 0.9 (CATS)", regions, False),
        ("decay", decay, False),
        ("arbitrary, P(another item) 0.7", partial(arbitrary, another=0.7), False),
    )
    clear_auction(regions(25, 60, 99), compiled=False)  # loads and compiles
    for label, generate, has_bar in families:
        for items, num_bids, bar in SIZES:
            for payment, factor in ((Payment.vcg, 1.0), (Payment.nearest_vcg, 2.0)):
                yield _latency(label, generate, items, num_bids, payment, bar * factor if has_bar else None, instances)


def _latency(label, generate, items, num_bids, payment, bar, instances):
    times, proved = [], 0
    for seed in range(instances if bar else max(3, instances // 4)):
        bids = generate(items, num_bids, seed)
        start = time.perf_counter()
        outcome = clear_auction(bids, payment, compiled=False, time_limit=10.0)
        times.append(1e3 * (time.perf_counter() - start))
        proved += outcome.optimal and outcome.mode == payment.name
    return Figure(
        f"{label}: {items} items x {num_bids} bids, {payment.name}, p95",
        "ms",
        float(np.quantile(times, 0.95)),
        max(times),
        float(np.median(times)),
        bar=bar,
        settings={"instances": len(times), "proved optimal": proved, "high": "median", "threads": 1, "at": today()},
    )


def anytime(instances=INSTANCES):
    """256 items x 4,000 bids in 500 ms, pay as bid: the gap that is stated, p95 over instances."""
    families = (
        ("regions, P(another plot) 0.7", partial(regions, another=0.7), instances, 1.0),
        ("regions, P(another plot) 0.9 (CATS)", regions, instances, 1.0),
        ("arbitrary, P(another item) 0.7", partial(arbitrary, another=0.7), max(3, instances // 4), None),
        ("arbitrary, P(another item) 0.9 (CATS)", arbitrary, max(3, instances // 4), None),
    )
    clear_auction(regions(100, 700, 99), Payment.first_price, compiled=False)  # loads and compiles
    for label, generate, count, bar in families:
        gaps, times = [], []
        for seed in range(count):
            bids = generate(256, 4000, seed)
            start = time.perf_counter()
            outcome = clear_auction(bids, Payment.first_price, time_limit=0.5)
            times.append(time.perf_counter() - start)
            gaps.append(100.0 * outcome.gap)
        yield Figure(
            f"{label}: 256 items x 4,000 bids, gap at 500 ms, p95",
            "%",
            float(np.quantile(gaps, 0.95)),
            max(gaps),
            float(np.median(gaps)),
            bar=bar,
            settings={
                "instances": count,
                "median seconds": round(float(np.median(times)), 3),
                "most seconds": round(max(times), 3),
                "threads": 2,
                "at": today(),
            },
        )


def today():
    return time.strftime("%Y-%m-%d")
