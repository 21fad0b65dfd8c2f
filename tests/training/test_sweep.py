"""A sweep trains with what is suggested, judges it, and says what is wrong with its file."""

import json
import sys

import pytest
import yaml

from econo_env.training import cli
from econo_env.training.run import read_run_config
from econo_env.training.sweep import Sweep, read_sweep, tried
from tests.training.conftest import SMALL

SPACE = {
    "learner.n_epochs": {"low": 1, "high": 4, "whole": True},
    "learner.learning_rate.initial": {"low": 1e-4, "high": 1e-2, "log": True},
    "learner.activation": {"choices": ["relu", "tanh"]},
}
SWEEP = {
    "train": "training.yaml",
    "changes": ["total_timesteps=64"],
    "space": SPACE,
    "metric": "revenue",
    "regret": False,
    "seeds": [0],
    "markets": 16,
}


class Middle:
    """A trial that suggests the middle of every range and the last choice."""

    def __init__(self, number):
        self.number, self.asked = number, {}

    def suggest_float(self, name, low, high, *, log):
        self.asked[name] = (low, high, log)
        return (low * high) ** 0.5 if log else 0.5 * (low + high)

    def suggest_int(self, name, low, high, *, log):
        self.asked[name] = (low, high, log)
        return (low + high) // 2

    def suggest_categorical(self, name, choices):
        self.asked[name] = choices
        return choices[-1]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "training.yaml").write_text(yaml.safe_dump(SMALL))
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(SWEEP))
    return tmp_path


def test_a_trial_is_a_run_with_what_it_suggests_and_its_figure(place):
    trial = Middle(3)
    figure = tried(read_sweep("sweep.yaml"), trial, place / "out")
    config = read_run_config(place / "out" / "trial_3")
    assert config.learner.n_epochs == 2
    assert config.learner.learning_rate.initial == pytest.approx(1e-3)
    assert config.learner.activation == "tanh"
    assert config.total_timesteps == 64
    assert trial.asked["learner.learning_rate.initial"] == (1e-4, 1e-2, True)
    assert 0.0 < figure < 1.0
    assert tried(read_sweep("sweep.yaml"), Middle(3), place / "out") == figure, "it is not trained again"
    with pytest.raises(ValueError, match=r"metric='profit' is no figure of first_price_v0: choose one of efficiency"):
        tried(read_sweep("sweep.yaml", ["metric=profit"]), Middle(3), place / "out")


def test_the_shipped_sweep_is_read():
    sweep = read_sweep("first_price", ["trials=50"])
    assert isinstance(sweep, Sweep)
    assert sweep.trials == 50


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["trials=0"], "trials"),
        (["trails=3"], "trails"),
        (["space={learner.n_epochs: {low: 1}}"], "give low and high, or choices"),
        (["space={learner.n_epochs: {low: 3, high: 2}}"], "low=3.0 must lie below high=2.0"),
        (["space={learner.n_epochs: {low: 0, high: 2, log: true}}"], "must be above 0 where log is true"),
        (["space={}"], "space"),
        (["direction=up"], "direction"),
    ],
)
def test_a_wrong_sweep_is_named(changes, said, place):
    with pytest.raises(ValueError, match=r".") as error:
        read_sweep("sweep.yaml", changes)
    assert said in str(error.value)
    with pytest.raises(ValueError, match=r"no sweep 'nothing': give a file, or one of first_price"):
        read_sweep("nothing")


def test_without_optuna_the_command_says_how_to_get_it(place, monkeypatch, capfd):
    monkeypatch.setattr("importlib.util.find_spec", lambda asked: None)
    monkeypatch.setattr(sys, "argv", ["econo-env", "sweep", "sweep.yaml", "--out", "out"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert "`pip install econo-env[sweep]`" in capfd.readouterr().err
    assert not (place / "out").exists()


def test_optuna_finds_the_better_half_of_a_range(place, monkeypatch, capfd):
    """With Optuna, where it is: a sweep that was broken off goes on, and the best is the least figure."""
    pytest.importorskip("optuna")
    monkeypatch.setattr("econo_env.training.sweep.tried", lambda sweep, trial, folder: abs(2 - _epochs(trial)))
    for trials in (3, 6):
        words = ["econo-env", "sweep", "sweep.yaml", f"trials={trials}", "--out", "out", "--json", "sweep.json"]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert not stop.value.code
        found = json.loads((place / "sweep.json").read_text())["trials"]
        assert len(found) == trials
        figures = [one["revenue"] for one in found]
        assert figures == sorted(figures)
    assert "best of 6: trial" in capfd.readouterr().out


def _epochs(trial):
    return trial.suggest_int("learner.n_epochs", 1, 4, log=False)
