"""Who is next, against a plain sort of all who may be."""

import numpy as np
import pytest

from econo_env.engine.rng import Lottery, ticket
from econo_env.mechanisms.ranking import NOBODY, highest_remaining


def first_in_order(bids, weights, reserve, taken, lottery):
    ranked = [i for i in range(len(bids)) if bids[i] >= 0 and bids[i] >= reserve and not taken[i]]
    return max(ranked, key=lambda i: (weights[i] * bids[i], ticket(lottery, i)), default=NOBODY)


@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_the_highest_remaining_is_the_first_in_order(kind):
    generator = np.random.default_rng(0)
    seen = set()
    for trial in range(3000):
        bidders = int(generator.integers(1, 40 if trial % 10 == 0 else 7))
        steps = int(generator.integers(1, 8))  # few steps: many ties
        bids = generator.integers(-1, steps, size=bidders).astype(kind)
        weights = generator.choice([500, 1000, 1000, 2000], size=bidders)
        taken = (generator.random(bidders) < 0.3).astype(np.int64)
        reserve = kind(generator.integers(0, 3))
        lottery = Lottery(np.uint64(generator.integers(2**63)), trial, trial % 5)
        expected = first_in_order(bids, weights, reserve, taken, lottery)
        assert highest_remaining(bids, weights, reserve, taken, lottery) == expected
        seen.add(expected)
    assert {NOBODY, 0, 1, 5} <= seen
