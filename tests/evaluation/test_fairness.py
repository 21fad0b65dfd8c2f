"""Fairness indices at their known points."""

import numpy as np
import pytest

from econo_env.training.evaluation.fairness import gini_index, jain_index, largest_share


@pytest.mark.parametrize("count", [1, 2, 7])
def test_equal_shares_are_perfectly_fair(count):
    equal = np.full(count, 0.3)
    assert jain_index(equal) == pytest.approx(1.0)
    assert gini_index(equal) == pytest.approx(0.0)
    assert largest_share(equal) == pytest.approx(1 / count)


@pytest.mark.parametrize("count", [2, 5])
def test_one_takes_all(count):
    amounts = np.eye(count)[1]
    assert jain_index(amounts) == pytest.approx(1 / count)
    assert gini_index(amounts) == pytest.approx((count - 1) / count)
    assert largest_share(amounts) == 1.0


def test_gini_is_the_mean_difference_over_twice_the_mean():
    amounts = np.random.default_rng(0).random(9)
    pairs = np.abs(amounts[:, None] - amounts[None, :]).mean()
    assert gini_index(amounts) == pytest.approx(pairs / (2 * amounts.mean()))


def test_indices_do_not_depend_on_order_or_scale():
    amounts = np.array([1.0, 2.0, 5.0])
    for index in (jain_index, gini_index, largest_share):
        assert index(amounts) == pytest.approx(index(7 * amounts[::-1]))


@pytest.mark.parametrize("amounts", [[0, 0], [-1.0, -1.0], [1.0, -2.0], [1e-17, 1e-17]])
def test_where_nothing_is_earned_nothing_is_shared(amounts):
    """Idle agents are alike, and so are ruined ones: neither is a fair division."""
    for index in (jain_index, gini_index, largest_share):
        assert np.isnan(index(amounts))
