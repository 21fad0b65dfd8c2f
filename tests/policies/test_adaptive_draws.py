"""Draws by weights, in one go and by lanes: every place as often as its weight says, those without weight never."""

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.exponential import LANES
from econo_env.engine.kernels import bound
from econo_env.policies.adaptive.memory import drawn, drawn_in_lanes, sum_in_lanes, sum_of


@compiled
def draw_both(row, luck, places):
    for one in range(luck.shape[0]):
        places[0, one] = drawn(row, sum_of(row), luck[one])
        places[1, one] = drawn_in_lanes(row, sum_in_lanes(row), luck[one])


def test_a_draw_is_the_place_where_the_running_sum_passes_the_luck():
    """Random rows of one to five times the lanes, with stretches of no weight, and luck at and beside every edge."""
    draws, draw = np.random.default_rng(4), bound(draw_both)
    for _ in range(200):
        row = draws.exponential(size=LANES * int(draws.integers(1, 6))) ** float(draws.choice([1.0, 8.0]))
        row[draws.random(len(row)) < draws.choice([0.0, 0.5, 0.9])] = 0.0
        row[int(draws.integers(len(row)))] = 1.0
        edges = np.concatenate([[0.0], np.cumsum(row)]) / row.sum()
        near = (edges + draws.choice([-1e-16, 0.0, 1e-16], (50, 1))).ravel()
        luck = np.clip(np.concatenate([draws.random(500), near]), 0.0, np.nextafter(1.0, 0.0))
        places = np.full((2, len(luck)), -1)
        draw(row, luck, places)
        for found in places:
            assert (row[found] > 0.0).all()
            assert (edges[found] <= luck + 1e-14).all()
            assert (luck <= edges[found + 1] + 1e-14).all()
        np.testing.assert_array_equal(*places[:, :500])
