"""The random numbers are Philox4x32-10, uniform, and a function of their counter alone."""

import numpy as np
import pytest
from scipy import stats

from econo_env.engine.rng import LOTTERY, VALUES, Lottery, market_keys, philox, ticket, uniform

# Published vectors of the Random123 distribution: counter, key, output, all as 32-bit words.
VECTORS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), VECTORS)
def test_philox_gives_the_published_vectors(counter, key, expected):
    first, second = philox(np.uint64(key[0] | key[1] << 32), *counter)
    words = (int(first) & 0xFFFFFFFF, int(first) >> 32, int(second) & 0xFFFFFFFF, int(second) >> 32)
    assert words == expected


def test_draws_are_uniform_over_agents_ticks_and_markets():
    keys = market_keys(7, 20)
    draws = [uniform(key, 0, tick, VALUES, agent) for key in keys for tick in range(25) for agent in range(40)]
    assert stats.kstest(draws, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("position", range(5))
def test_each_coordinate_of_the_counter_changes_the_draw(position):
    base = [market_keys(0, 1)[0], 3, 4, VALUES, 5]
    other = list(base)
    other[position] = market_keys(0, 2)[1] if position == 0 else base[position] + 1
    assert uniform(*base) != uniform(*other)


def test_streams_do_not_share_draws():
    key = market_keys(0, 1)[0]
    values = {uniform(key, 0, tick, VALUES, 0) for tick in range(1000)}
    lottery = {uniform(key, 0, tick, LOTTERY, 0) for tick in range(1000)}
    assert not values & lottery


def test_market_keys_are_a_sequence_that_can_be_entered_anywhere():
    whole = market_keys(11, 100)
    assert np.array_equal(whole[37:40], market_keys(11, 3, first_market=37))
    assert len(set(whole.tolist())) == 100


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_outside_its_range_is_refused(seed):
    with pytest.raises(ValueError, match="must be an integer from 0"):
        market_keys(seed, 1)


def test_tickets_differ_between_bidders():
    lottery = Lottery(market_keys(0, 1)[0], 0, 0)
    assert len({int(ticket(lottery, bidder)) for bidder in range(1000)}) == 1000


def test_tickets_are_drawn_anew_for_each_market_episode_and_tick():
    base = Lottery(market_keys(0, 1)[0], 3, 4)
    others = [base._replace(key=market_keys(0, 2)[1]), base._replace(episode=4), base._replace(tick=5)]
    first = [int(ticket(base, bidder)) for bidder in range(50)]
    for other in others:
        assert not {int(ticket(other, bidder)) for bidder in range(50)} & set(first)
