"""Counter-based random numbers: a draw is a function of (market key, episode, tick, stream, agent).

Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Nothing is
carried from draw to draw, so changing what one agent does shifts nobody else's luck, and market k of a batch draws
what it would draw alone.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.digest import plain

# One stream for each purpose: draws of different streams never coincide.
MARKET_KEYS = 0
VALUES = 1
LOTTERY = 2
TASKS = 3
EXECUTION = 4
EVIDENCE = 5
CONTEST = 20
SHARED = 21
PRESENCE = 22
AFTER_SALE = 30
RESERVE = 31
LOTS = 32
LEARNING = 33
DURATION = 40
ARRIVALS = 41
MEASURED = 44
MEASURED_AGAIN = 45
BOUNDARIES = 46
WITNESSES = 50
REPORTS = 51
LOANS = 52
NEWCOMERS = 53
AUDIENCE = 54

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_MANTISSA_SHIFT = np.uint64(11)
TWO_TO_MINUS_53 = 2.0**-53
DRAWS_AT_ONCE = 1024


class Lottery(NamedTuple):
    """What a rule needs to break ties: the market's key and the clock."""

    key: np.uint64
    episode: int
    tick: int


@compiled
def philox(key: np.uint64, word_0: int, word_1: int, word_2: int, word_3: int) -> tuple[np.uint64, np.uint64]:
    """One Philox4x32-10 block.

    Args:
        key: 64-bit key.
        word_0: First 32-bit word of the counter.
        word_1: Second.
        word_2: Third.
        word_3: Fourth.

    Returns:
        128 random bits as two uint64: output words (0, 1) and (2, 3), the earlier word in the low half.
    """
    counter_0 = np.uint64(word_0) & _LOW
    counter_1 = np.uint64(word_1) & _LOW
    counter_2 = np.uint64(word_2) & _LOW
    counter_3 = np.uint64(word_3) & _LOW
    key_0 = key & _LOW
    key_1 = key >> _HALF
    for _ in range(10):
        product_0 = _MULTIPLIER_0 * counter_0
        product_1 = _MULTIPLIER_1 * counter_2
        counter_0 = (product_1 >> _HALF) ^ counter_1 ^ key_0
        counter_1 = product_1 & _LOW
        counter_2 = (product_0 >> _HALF) ^ counter_3 ^ key_1
        counter_3 = product_0 & _LOW
        key_0 = (key_0 + _WEYL_0) & _LOW
        key_1 = (key_1 + _WEYL_1) & _LOW
    return counter_0 | (counter_1 << _HALF), counter_2 | (counter_3 << _HALF)


@compiled
def as_uniform(bits: np.uint64) -> float:
    """64 random bits as a float64 in [0, 1)."""
    return float(bits >> _MANTISSA_SHIFT) * TWO_TO_MINUS_53


@compiled
def uniform(key: np.uint64, episode: int, tick: int, stream: int, agent: int) -> float:
    """The draw of this stream for one agent at one tick, uniform in [0, 1)."""
    return as_uniform(philox(key, tick, stream, agent, episode)[0])


@compiled
def two_uniforms(key: np.uint64, episode: int, tick: int, stream: int, agent: int) -> tuple[float, float]:
    """Two independent draws of one block, each uniform in [0, 1)."""
    first, second = philox(key, tick, stream, agent, episode)
    return as_uniform(first), as_uniform(second)


@compiled
def fill_with_draws(
    key: np.uint64, episode: int, tick: int, stream: int, draws: NDArray[np.int64], first: int, last: int
) -> None:
    """One draw for each agent in [first, last) as a whole number below 2^53: `uniform` times 2^53.

    A loop of its own over whole numbers, so that the compiler turns it into vector instructions; callers go through
    large markets by `DRAWS_AT_ONCE`, so that what they do with the draws finds them in the cache. Places without a sign
    are written in a row; one that might count from the end would be written one by one.
    """
    for agent in range(first, last):
        draws[np.uint64(agent)] = np.int64(philox(key, tick, stream, agent, episode)[0] >> _MANTISSA_SHIFT)


@compiled
def fill_with_pairs(
    key: np.uint64, episode: int, tick: int, stream: int, first: NDArray[np.int64], second: NDArray[np.int64]
) -> None:
    """The two draws of `two_uniforms` for each agent, (agents,) each, as whole numbers below 2^53."""
    for agent in range(first.shape[0]):
        low, high = philox(key, tick, stream, agent, episode)
        first[np.uint64(agent)] = np.int64(low >> _MANTISSA_SHIFT)
        second[np.uint64(agent)] = np.int64(high >> _MANTISSA_SHIFT)


@compiled
def ticket(lottery: Lottery, agent: int) -> np.uint64:
    """The agent's ticket in this tick's tie lottery; the higher ticket wins."""
    return philox(lottery.key, lottery.tick, LOTTERY, agent, lottery.episode)[0]


def market_keys(seed: int, num_markets: int, first_market: int = 0) -> NDArray[np.uint64]:
    """The keys of markets `first_market, ...` of a seed, shape (num_markets,).

    Raises:
        ValueError: The seed is no integer in [0, 2^64).
    """
    if not 0 <= int(seed) < 2**64:
        raise ValueError(f"seed={seed!r} must be an integer from 0 to 2^64 - 1")
    numbers = np.arange(first_market, first_market + num_markets, dtype=np.uint64)
    keys: NDArray[np.uint64] = plain(philox)(np.uint64(seed), numbers & _LOW, numbers >> _HALF, MARKET_KEYS, 0)[0]
    return keys
