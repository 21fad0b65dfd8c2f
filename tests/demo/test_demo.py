"""The demo in a reduced form leaves every file, and its parts agree with what they stand on."""

import json
import re

import numpy as np
import pytest

from econo_env.policies import make_policy
from econo_env.training.demo import DemoSettings, run_demo
from econo_env.training.demo.human_bids import bids_at, compare_with_human_bids, distance, of_auction
from econo_env.training.demo.market import DRAWN_IN_ABOVE, HIGHEST, bounded_prior, training_market
from econo_env.training.demo.revenue import revenues
from econo_env.training.report.contents import Effort
from econo_env.valuations.calibration import TIMBER, EstimateOptions, calibrate
from econo_env.valuations.calibration.smoothing import PROBABILITIES

pytest.importorskip("pandas")

SMALL = DemoSettings(
    seed=4,
    bootstrap=20,
    effort=Effort(
        seeds=3, markets=128, search={"types": 24, "bids": 96, "selection": 1024, "evaluation": 1024}, moments=3
    ),
    auctions=2000,
    changes=(
        "total_timesteps=20000",
        "learner.num_markets=128",
        "learner.batch_size=512",
        "evaluation.every=8000",
        "checkpoints.every=8000",
    ),
)


@pytest.fixture(scope="module")
def found():
    return calibrate(TIMBER, options=EstimateOptions(bootstrap=20, auction_effects=True))


@pytest.fixture(scope="module")
def market(found):
    return training_market(found, 3)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    said = []
    out = tmp_path_factory.mktemp("demo") / "run"
    return run_demo(out, SMALL, said.append), said, out


def test_values_are_the_estimate_up_to_the_drawn_in_tail(found):
    values, table = found.estimate(3).values, np.array(bounded_prior(found, 3).quantiles)
    inside = PROBABILITIES <= DRAWN_IN_ABOVE
    assert table[inside] == pytest.approx(values[inside], rel=1e-5)
    assert table[-1] == pytest.approx(HIGHEST * np.interp(DRAWN_IN_ABOVE, PROBABILITIES, values), rel=1e-5)
    assert (np.diff(table[~inside]) > 0).all()  # no atom: the game keeps its pure equilibrium


def test_equilibrium_bids_are_those_of_people_by_construction(found, market):
    estimate = found.estimate(3)
    inside = (PROBABILITIES > 0.05) & (PROBABILITIES < 0.9)
    bids = bids_at(market, make_policy("equilibrium", market), estimate.values[inside])
    assert bids == pytest.approx(estimate.bids[inside], rel=0.005)


def test_people_are_compared_by_the_bids_they_made(found, market):
    human_bids = compare_with_human_bids(
        found, market, {"equilibrium": make_policy("equilibrium", market)}, seed=1, markets=4000
    )
    assert human_bids.human_bids.bids.size == 3 * found.estimate(3).auctions
    assert human_bids.human_bids.winning.mean() == pytest.approx(found.estimate(3).fit.mean_winning_bid)
    assert human_bids.human_bids.money_on_table == pytest.approx(found.estimate(3).fit.money_on_table)
    assert human_bids.bid_distance["equilibrium"] < 0.04
    assert human_bids.bid_gap["equilibrium"] < 0.005
    shaded = compare_with_human_bids(
        found, market, {"low": make_policy("shading", market, factor=0.7)}, seed=1, markets=4000
    )
    assert shaded.bid_distance["low"] > 0.5


def test_bids_of_an_auction_keep_its_mean(found):
    stretched, competing = found.estimate(3).observed, of_auction(found, 3)
    assert competing.mean(axis=1) == pytest.approx(stretched.mean(axis=1))
    assert np.var(competing - competing.mean(axis=1, keepdims=True)) == pytest.approx(
        2.0 / 3.0 * np.var(stretched - stretched.mean(axis=1, keepdims=True))
    )


def test_distance_of_shifted_uniforms_is_the_shift():
    grid = np.linspace(0.0, 1.0, 10_001)
    assert distance(grid, grid + 0.25) == pytest.approx(0.25, abs=1e-3)


def test_revenue_in_the_engine_agrees_with_quadrature(found, market):
    earned = revenues(found, market, make_policy("equilibrium", market), seeds=(0, 1, 2, 3), markets=30_000)
    assert [entry.kind for entry in earned] == ["people", "learned", "equilibrium", "truthful", "truthful"]
    assert earned[1].credits == earned[2].credits  # here the learned bidder is the equilibrium
    for entry in earned[2:]:
        assert entry.credits.mean == pytest.approx(entry.computed.mean, rel=0.005)
    assert earned[4].sold < 1.0 == earned[3].sold
    money = earned[3].as_dict(1000.0)
    assert money["money"]["mean"] == pytest.approx(1000.0 * money["credits"]["mean"])


def test_every_file_is_there(demo):
    _, _, out = demo
    expected = {
        "bidders",
        "timber.yaml",
        "timber.png",
        "calibration.json",
        "evaluation.json",
        "demo.json",
        "report.html",
    }
    assert {path.name for path in out.iterdir()} == expected


def test_figures_on_the_page_are_those_of_the_files(demo):
    result, _, out = demo
    page = (out / "report.html").read_text()
    sections = re.findall(r'<section id="([a-z-]+)">', page)
    assert sections[:3] == ["summary", "real-bids", "rules"]
    figures = json.loads((out / "demo.json").read_text())
    exact = {float(figure) for figure in re.findall(r'data-exact="([^"]+)"', page)}
    assert all(entry["credits"]["mean"] in exact for entry in figures["revenue"])
    assert figures["evaluation"]["metrics"] == json.loads((out / "evaluation.json").read_text())["metrics"]
    assert figures["evaluation"]["seeds"] == [4, 5, 6]
    assert result.words.replace("'", "&#x27;") in page


def test_progress_names_the_five_steps_and_what_was_dropped(demo):
    _, said, _ = demo
    assert [line[:5] for line in said if line.startswith("[")] == [f"[{step}/5]" for step in range(1, 6)]
    assert any("dropped 31 auctions (103 bids)" in line for line in said)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ValueError, match=r"thesis\.tex"):
        run_demo(tmp_path, SMALL)
    assert (tmp_path / "thesis.tex").exists()
