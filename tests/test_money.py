"""Credits become whole micro-credits: the nearest one, up to the limit."""

import numpy as np
import pytest

from econo_env.money import LARGEST_CREDITS, to_credits, to_money


def test_credits_are_rounded_to_the_nearest_micro_credit():
    amounts = [0.0, 0.1, 0.3, 1.0000004, 1.0000006, -0.0000006, 0.0000004]
    assert to_money(amounts).tolist() == [0, 100_000, 300_000, 1_000_000, 1_000_001, -1, 0]
    whole = np.random.default_rng(0).integers(-(10**15), 10**15, 1000)
    assert np.array_equal(to_money(to_credits(whole)), whole)


def test_amounts_at_the_limit_are_money_and_beyond_it_are_none():
    assert to_money([LARGEST_CREDITS, -LARGEST_CREDITS]).tolist() == [10**15, -(10**15)]
    for amount in (np.nextafter(LARGEST_CREDITS, np.inf), -1.5 * LARGEST_CREDITS, np.nan, np.inf):
        with pytest.raises(ValueError, match="is no amount of money"):
            to_money([1.0, amount])
