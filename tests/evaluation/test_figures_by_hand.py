"""Samples behind the figures: points that fill the cube, and change with the seed."""

import numpy as np

from econo_env.training.evaluation.sampling import points


def test_points_of_other_seeds_are_others_and_fill_the_cube():
    first, again, other = points(256, 3, 1), points(256, 3, 1), points(256, 3, 2)
    assert np.array_equal(first, again)
    assert not (first == other).any()
    for drawn in (first, other):
        cells = np.floor(drawn * 16).astype(int)
        for dimension in range(3):
            assert np.bincount(cells[:, dimension], minlength=16).tolist() == [16] * 16
