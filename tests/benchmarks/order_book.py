"""Figures of the limit order book and of the market around it."""

import heapq

import numpy as np

import econo_env
from econo_env.engine.compiled import compiled
from econo_env.mechanisms.continuous_double_auction import ASK, BID, NOBODY, clear, empty_book
from econo_env.policies import make_policy
from tests.benchmarks.engine import settings
from tests.benchmarks.measure import rate, seconds_of

TRADERS, LEVELS, ORDERS = 1000, 1000, 1_000_000
BAR = 2e6


@compiled
def place_all(book, traders, levels):
    """Places every order of a stream; traders of the lower half buy. Returns the trades."""
    trades = 0
    half = book.level.shape[0] // 2
    for n in range(traders.shape[0]):
        trader = traders[n]
        matched, _ = clear(book, trader, BID if trader < half else ASK, levels[n])
        trades += matched != NOBODY
    return trades


def place_in_heaps(traders, levels):
    """The same stream in plain Python: a heap of (key, time, trader) a side, replaced orders skipped when met."""
    half, trades, resting = TRADERS // 2, 0, {}
    heaps = {BID: [], ASK: []}
    for time, (trader, level) in enumerate(zip(traders, levels, strict=True)):
        side = BID if trader < half else ASK
        if resting.get(trader, (0, 0))[1] == level:
            continue
        resting.pop(trader, None)
        other = heaps[1 - side]
        while other and resting.get(other[0][2], (-1, 0))[0] != other[0][1]:
            heapq.heappop(other)
        meets = other and (level >= other[0][0] if side == BID else level <= -other[0][0])
        if meets:
            del resting[heapq.heappop(other)[2]]
            trades += 1
        else:
            heapq.heappush(heaps[side], (-level if side == BID else level, time, trader))
            resting[trader] = (time, level)
    return trades


def order_stream(count, seed=0):
    """Traders and limits of a stream: bids and asks around the same middle, about half of them meet an order."""
    generator = np.random.default_rng(seed)
    traders = generator.integers(0, TRADERS, count)
    levels = np.clip(np.rint(generator.normal(LEVELS / 2, LEVELS / 8, count)), 1, LEVELS).astype(np.int64)
    return traders, levels


def matching():
    """The compiled rule alone, fed from a prepared stream of orders, beside heaps in plain Python."""
    traders, levels = order_stream(ORDERS)
    trades = place_all(empty_book(TRADERS, LEVELS), traders, levels)
    few = 100_000
    slow_traders, slow_levels = traders[:few].tolist(), levels[:few].tolist()
    same = place_all(empty_book(TRADERS, LEVELS), traders[:few], levels[:few])
    assert place_in_heaps(slow_traders, slow_levels) == same, "the two books disagree"
    slow = np.median(seconds_of(lambda: place_in_heaps(slow_traders, slow_levels), repetitions=5, warm_up=1))
    times = seconds_of(lambda: place_all(empty_book(TRADERS, LEVELS), traders, levels), repetitions=15)
    yield rate(
        "order book, the rule alone",
        "matched orders/s",
        2 * trades,
        times,
        bar=BAR,
        baseline=("heaps in plain Python", float(2 * same / slow)),
        settings=settings(1, TRADERS, 1, f"{LEVELS} levels, {2 * trades / ORDERS:.0%} of {ORDERS:,} orders matched"),
    )


def market():
    """continuous_double_auction_v1 through `vector_env`: turns by lot, limits, book, settlement, observations."""
    markets, agents, units = 256, 40, 50
    envs = econo_env.vector_env(
        "continuous_double_auction_v1", markets, num_agents=agents, units=units, max_cycles=64, bids="amount"
    )
    envs.reset(0)
    zero_intelligence = make_policy("zero_intelligence", envs.engine.scenario)
    turns, matched = [], 0
    for _ in range(64):
        buffers = envs.engine.buffers
        turns.append(zero_intelligence.act(buffers.observations, buffers.action_mask))
        envs.step(turns[-1])
        matched += int(np.count_nonzero(envs.engine.state.award.units))
    turn = iter(turns * 8)
    times = seconds_of(lambda: envs.step(next(turn)), repetitions=7 * 64, warm_up=64)
    day = times.reshape(-1, 64).sum(axis=1)
    note = f"zero intelligence, {units} units, {matched / (64 * markets * agents):.0%} of the agents trade a tick"
    for name, unit, work, bar in (
        ("continuous_double_auction_v1 vector_env, trading", "matched orders/s", matched, BAR),
        ("continuous_double_auction_v1 vector_env", "agent-steps/s", 64 * markets * agents, None),
    ):
        yield rate(name, unit, work, day, bar=bar, settings=settings(markets, agents, 1, note))
    envs.close()


def order_book():
    """Every figure of this page."""
    yield from matching()
    yield from market()
