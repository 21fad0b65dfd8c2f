"""Figures of the report recomputed from the evaluation that they show, and the sums that captions claim."""

import numpy as np
import pytest

from econo_env.training.report.money import money_section
from econo_env.training.report.regret_plots import regret_section
from econo_env.training.report.summary import shown

pytest.importorskip("plotly")

VALUES, WON, KEPT = [0.2, 0.6, 1.0], [0.1, 0.5, 0.9], [0.01, 0.2, 0.6]
GAIN, WEIGHTS = [0.001, 0.002, 0.006], [0.25, 0.5, 0.25]


def metric(mean, unit="credits per round"):
    return {"mean": mean, "ci95": [mean, mean], "unit": unit, "by_seed": [mean]}


def figures_of(welfare, efficiency, revenue):
    surplus = welfare - revenue
    means = {"welfare": welfare, "efficiency": efficiency, "revenue": revenue, "bidder_surplus": surplus}
    return {name: metric(mean) for name, mean in means.items()}


@pytest.fixture
def evaluations():
    regret = {
        "type_names": ["value"], "report_names": ["bid"], "types": [[v] for v in VALUES],
        "win_probability": WON, "own_utility": KEPT, "gain": GAIN, "weights": WEIGHTS,
        "own_reports": [[0.1], [0.3], [0.5]], "best_reports": [[0.1], [0.25], [0.45]],
    }  # fmt: skip
    baselines = {"truthful": figures_of(0.6, 1.0, 0.6), "random": figures_of(0.45, 0.75, 0.1)}
    return {"learned": {"metrics": figures_of(0.48, 0.8, 0.3), "baselines": baselines, "regret": [regret]}}


def test_the_three_parts_add_up_to_the_best_welfare(evaluations):
    bars = money_section(evaluations).blocks[0].plot.data
    assert len(bars) == 3
    revenue, surplus, lost = (np.array(bar.x, dtype=float) for bar in bars)
    order = list(bars[0].y)
    assert len(order) == 3
    rows = [evaluations["learned"]["metrics"], *evaluations["learned"]["baselines"].values()][::-1]
    for k, row in enumerate(rows):
        assert revenue[k] == pytest.approx(row["revenue"]["mean"])
        assert surplus[k] == pytest.approx(row["bidder_surplus"]["mean"])
        assert revenue[k] + surplus[k] + lost[k] == pytest.approx(0.6), "what the best allocation would reach"


def test_payment_surplus_and_the_rest_add_up_to_the_value(evaluations):
    pays, keeps, rest = (np.array(line.y, dtype=float) for line in money_section(evaluations).blocks[1].plot.data)
    assert keeps == pytest.approx(KEPT)
    assert pays + keeps == pytest.approx(np.array(VALUES) * WON)
    assert pays + keeps + rest == pytest.approx(VALUES)


def test_gains_are_in_milli_credits(evaluations):
    figure = regret_section(evaluations).blocks[0]
    gain, best, own = (np.array(line.y, dtype=float) for line in figure.plot.data)
    assert gain == pytest.approx(1000 * np.array(GAIN))
    assert best == pytest.approx([0.1, 0.25, 0.45])
    assert own == pytest.approx([0.1, 0.3, 0.5])
    assert f"on average {np.dot(WEIGHTS, GAIN) / np.dot(WEIGHTS, KEPT):.3%} of its utility" in figure.caption


@pytest.mark.parametrize(
    ("mean", "unit", "text"),
    [(0.0123, "share", "1.230%"), (0.5, "share", "50.00%"), (0.25, "credits", "0.2500"), (0.0002, "credits", "0.0002")],
)
def test_figures_are_shown_with_their_digits(mean, unit, text):
    assert shown(metric(mean, unit)) == text
