"""What is an action at the ends of its range, and whose luck a seed changes."""

import numpy as np
import pytest

import econo_env
from econo_env.interfaces.sb3 import make_sb3_env
from econo_env.interfaces.spaces import fits
from econo_env.policies import make_policy

BEYOND = float(np.nextafter(np.float32(1.0), np.float32(2.0)))


@pytest.mark.parametrize(
    ("row", "fit"),
    [
        (np.array([[1.0]]), True),
        (np.array([[-1.0]]), True),
        (np.array([[1]]), True),
        (np.array([[BEYOND]]), False),
        (np.array([[-BEYOND]]), False),
        (np.array([[np.nan]]), False),
        (np.array([[True]]), False),
        (np.array([["0"]]), False),
        (np.array([[0.0, 0.0]]), False),
    ],
)
def test_an_action_at_the_end_fits_and_one_beyond_does_not(row, fit):
    assert fits(row, (1, 1)) is fit


def test_seeds_change_the_opponents_luck():
    """The learner does the same; its opponents draw otherwise with another seed, and the same with the same one."""
    bids = []
    for seed in (1, 2, 1):
        opponents = make_policy("random", econo_env.load("first_price_v0", bids="amount"))
        env = make_sb3_env("first_price_v0", 64, seats=[0], opponents=opponents, bids="amount", max_cycles=2)
        env.seed(seed)
        env.reset()
        env.step(np.zeros((64, 1), np.float32))
        bids.append(env.engine.state.bids[:, 1].copy())
    assert np.array_equal(bids[0], bids[2])
    assert not (bids[0] == bids[1]).any()
