"""The study of stake and reputation: figures by hand, and the command."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from econo_env.economy.parts import eligibility, lottery, reputation
from econo_env.policies import make_policy
from econo_env.training import cli
from econo_env.training.evaluation.statistics import t_interval
from econo_env.training.studies.base import read_study
from econo_env.training.studies.stake_and_reputation import AUCTIONS, FIGURES, findings_of, measure

MEASURED = {"default_rate": 0.5, "awards": 1.0, "price": 0.4, "welfare": 0.7, "utility": 0.1}


def test_figures_are_means_over_seeds_and_differences_are_seed_by_seed():
    rng = np.random.default_rng(0)
    drawn = {(condition, seed): rng.random() for condition in ("nothing", "stake") for seed in range(5)}
    measured = [
        ("english", condition, MEASURED | {"price": drawn[condition, seed]})
        for seed in range(5)
        for condition in ("nothing", "stake")
    ]
    found = findings_of(measured)
    figures = {figure.what: figure for figure in found.figures}
    ours = np.array([drawn["stake", seed] for seed in range(5)])
    theirs = np.array([drawn["nothing", seed] for seed in range(5)])
    price = FIGURES["price"]
    for label, by_seed in (
        (f"english, stake: {price}", ours),
        (f"english, nothing: {price}", theirs),
        (f"english, stake: {price}, less that under nothing", ours - theirs),
    ):
        estimate = t_interval(by_seed)
        assert (figures[label].value, figures[label].low, figures[label].high) == pytest.approx(
            (by_seed.mean(), estimate.low, estimate.high)
        )
    assert f"english, nothing: {price}, less that under nothing" not in figures
    places, means = found.curves[price]["english"]
    assert places.tolist() == [0, 1]
    assert means == pytest.approx([theirs.mean(), ours.mean()])


@pytest.mark.parametrize("name", AUCTIONS)
def test_conditions_differ_in_stake_and_reputation_alone(name):
    auction = AUCTIONS[name]
    scenarios = {condition: auction.scenario(condition) for condition in auction.conditions}
    for condition, scenario in scenarios.items():
        reputed = condition in ("reputation", "both")
        assert (reputation.PART in scenario.parts()) == (eligibility.PART in scenario.parts()) == reputed
        assert (lottery.PART in scenario.parts()) == (reputed and auction.work)
        staked = (
            scenario.economy["contracts"].stake_cap is None if auction.work else scenario.economy["staking"].requirement
        )
        assert bool(staked) == (condition in ("stake", "both"))
        same = scenario.model_dump(exclude={"economy"})
        assert same == scenarios["nothing"].model_dump(exclude={"economy"})


def test_truthful_bidders_walk_away_as_often_as_the_closed_form_says():
    """Three bidders at their values under first price, e uniform on [-1/2, 1/2]: without stake half walk away."""
    scenario = AUCTIONS["first_price"].scenario("nothing")
    found = measure(scenario, make_policy("truthful", scenario), 256)
    assert found["default_rate"] == pytest.approx(0.5, abs=0.02)
    assert found["price"] == pytest.approx(0.75, abs=0.01)
    assert found["welfare"] == pytest.approx(0.75 / 2 + 1 / 8, abs=0.01)


def test_the_command_writes_what_it_measured(tmp_path):
    words = ["study", "stake_and_reputation", "auction=english", "seeds=2", "steps=512", "markets=16"]
    files = ["--json", str(tmp_path / "s.json"), "--picture", str(tmp_path / "s.png")]
    done = CliRunner().invoke(cli.build(), words + files)
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "s.json").read_text())
    assert document["study"]["steps"] == 512
    assert "english, stake: share of awards broken" in done.output
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")


def test_a_mistake_is_named():
    with pytest.raises(ValueError, match="englich"):
        read_study("stake_and_reputation", ["auction=englich"])
