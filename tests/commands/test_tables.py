"""Tables are as wide as what they hold, and never wider than the terminal."""

import re
from collections import Counter

import pytest

from econo_env.training.tables import fitted

ROWS = [
    ("", "learned", "95 % interval", "random", "zero_intelligence", "equilibrium"),
    ("efficiency (share)", "0.98", "[0.97, 0.99]", "0.7", "0.8", "1"),
    ("normalised_efficiency (share of the best)", "0.91", "[0.9, 0.92]", "0.1", "0", "1"),
]


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 120, 1000, None])
def test_every_figure_is_there_once_and_no_line_is_too_wide(width):
    lines = fitted(ROWS, width, kept=3)
    if width is not None:
        assert max(map(len, lines)) <= width
    cells = [re.split(r"\s{2,}", line.strip())[line[:1] != " " :] for line in lines if line]
    assert Counter(cell for row in cells for cell in row) == Counter(cell for row in ROWS for cell in row[1:])


def test_a_pipe_gets_one_part():
    lines = fitted(ROWS, None)
    assert len(lines) == 3
    assert lines[1].split() == ["efficiency", "(share)", "0.98", "[0.97,", "0.99]", "0.7", "0.8", "1"]


def test_a_narrow_terminal_gets_the_rest_below():
    lines = fitted(ROWS, 68, kept=3)
    assert lines[0].split() == ["learned", "95", "%", "interval"]
    below = lines[lines.index("") + 1 :]
    assert below[0].split()[0] == "random"
    assert below[1].startswith("efficiency (share)")
