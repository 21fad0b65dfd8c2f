"""Cells of types fill the unit cube, reach into the tails, and make unbiased sums."""

import numpy as np
import pytest

from econo_env.training.evaluation.type_cells import type_cells


@pytest.mark.parametrize("count", [2, 8, 16, 32, 48, 96])
def test_cells_fill_the_line(count):
    cells = type_cells(count, 1)
    assert len(cells.low) == max(count // 2, 2) * 2
    assert cells.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert cells.low[0, 0] == 0.0
    assert cells.high[-1, 0] == 1.0
    np.testing.assert_array_equal(cells.low[1:], cells.high[:-1])
    assert np.all(cells.weights > 0)
    np.testing.assert_allclose(cells.weights[::2], cells.weights[1::2], rtol=1e-6)
    if count >= 32:
        assert cells.weights[-1] < 1e-6


@pytest.mark.parametrize(
    ("of", "mean"), [(np.square, 1 / 3), (lambda u: -np.log1p(-u), 1.0), (lambda u: (1 - u) ** -0.4, 1 / 0.6)]
)
def test_sums_over_drawn_types_are_unbiased_and_their_spread_is_honest(of, mean):
    """Also where midpoints of equal cells miss the tail, by 1 % for the exponential and more for the power."""
    cells = type_cells(96, 1)
    sums = np.array([cells.weights @ of(cells.draw(seed)[:, 0]) for seed in range(400)])
    assert sums.mean() == pytest.approx(mean, abs=4 * sums.std() / 20)
    assert sums.std() < 0.005 * mean


def test_every_seed_draws_within_the_cells():
    for components in (1, 3):
        cells = type_cells(32, components)
        first, second = cells.draw(0), cells.draw(1)
        assert np.all((cells.low <= first) & (first <= cells.high))
        assert not np.any(first == second)
        np.testing.assert_array_equal(first, cells.draw(0))
        assert first.shape == (32, components)
