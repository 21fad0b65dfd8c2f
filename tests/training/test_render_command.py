"""`econo-env render`: an episode as an animation, as a strip, as text."""

import json

import numpy as np
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from econo_env.catalogue import load
from econo_env.market import market_of
from econo_env.telemetry.render_image import HEIGHT, WIDTH
from econo_env.training.cli import build


class Truthful:
    def __init__(self, scenario):
        self.scenario = scenario

    def act(self, observations, mask):
        return market_of(self.scenario).baselines.truthful(self.scenario, observations)


@pytest.fixture(autouse=True)
def asked_for(monkeypatch):
    names = []

    def make_policy(name, scenario, *rest, **options):
        names.append(name)
        return Truthful(scenario)

    monkeypatch.setattr("econo_env.policies.make_policy", make_policy, raising=False)
    return names


def run(*arguments):
    return CliRunner().invoke(build(), ["render", *map(str, arguments)])


def test_an_animation_has_a_frame_a_round(tmp_path):
    out = tmp_path / "episode.gif"
    result = run("first_price_v0", "--cycles", 4, "--out", out, "--seed", 3)
    assert result.exit_code == 0, result.output
    with Image.open(out) as image:
        assert image.n_frames == 4
        assert image.size == (WIDTH, HEIGHT)


def test_a_strip_has_the_rounds_below_each_other(tmp_path):
    out = tmp_path / "episode.png"
    assert run("task_market_v0", "--cycles", 2, "--out", out).exit_code == 0
    with Image.open(out) as image:
        assert image.size == (WIDTH, 2 * HEIGHT)


def test_text_and_json(tmp_path, asked_for):
    document = tmp_path / "result.json"
    arguments = ("second_price_v0", "--ansi", "--cycles", 3, "--policy", "shading", "--seed", 1, "--json", document)
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert [f"episode {number}, round 1 of 1" in result.output for number in (1, 2, 3)] == [True] * 3
    written = json.loads(document.read_text())
    assert (written["rounds"], written["policy"], written["seed"]) == (3, "shading", 1)
    for agent, earned in written["earned"].items():
        surplus = [float(line.split()[-1]) for line in result.output.splitlines() if line.startswith(agent)]
        assert sum(surplus) == pytest.approx(earned, abs=0.0016)
    assert asked_for == ["shading"]
    assert run(*arguments).output == result.output
    assert run(*arguments[:-3], 2, "--json", document).output != result.output


def test_a_run_is_played_by_its_own_policy(tmp_path, asked_for):
    scenario = load("first_price_v0", num_agents=3).model_dump(mode="json")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"scenario": scenario, "total_timesteps": 1}))
    of_a_seed = tmp_path / "seed_0"
    of_a_seed.mkdir()
    for folder in (tmp_path, of_a_seed):
        result = run(folder, "--ansi")
        assert result.exit_code == 0, result.output
        assert "bidder_2" in result.output
        assert asked_for[-1] == str(folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("first_price_v0", "--out", "episode.mp4"), "ends in .gif or .png"),
        (("first_prize_v0", "--ansi"), "did you mean 'first_price_v0'"),
        (("{empty}", "--ansi"), "is no run"),
    ],
)
def test_a_users_mistake_is_said_in_a_sentence(tmp_path, arguments, message):
    result = run(*(argument.format(empty=tmp_path) for argument in arguments))
    assert isinstance(result.exception, ValueError)
    assert message in str(result.exception)


def test_rounds_are_spread_over_a_long_episode_up_to_its_end():
    result = run("english_v0", "--ansi", "--cycles", 3)
    assert result.exit_code == 0, result.output
    shown = [int(line.split("round ")[1].split()[0]) for line in result.output.splitlines() if " - episode 1, " in line]
    assert len(shown) == 3
    assert shown[0] == 1 < shown[1] < shown[2]
    assert "the price at which the last rival left" in result.output.split("\n\n")[-1]


def test_the_strip_shows_different_rounds(tmp_path):
    out = tmp_path / "episode.png"
    run("first_price_v0", "--cycles", 2, "--out", out)
    with Image.open(out) as image:
        rounds = np.split(np.asarray(image), 2)
    assert not np.array_equal(*rounds)
