"""Trackers get what `metrics.jsonl` gets, and no tracker changes or stops a training."""

import importlib.machinery
import os
import sys
import types
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from econo_env.policies.networks import read_networks
from econo_env.training.config import config_from
from econo_env.training.logs import read_metrics
from econo_env.training.run import resume_run, start_run
from tests.training.conftest import SMALL

CHEAP = {**SMALL, "total_timesteps": 128}


class Sent(types.ModuleType):
    """A stand-in for a tracker's library, with the calls that ours makes of it, by their documented names."""

    def __init__(self, name, fails_after=None):
        super().__init__(name)
        self.__spec__ = importlib.machinery.ModuleSpec(name, None, origin="here")
        self.begun, self.rows, self.ended, self.parameters = [], [], [], {}
        self.fails_after = fails_after

    def take(self, step, scalars):
        if self.fails_after is not None and len(self.rows) >= self.fails_after:
            raise ConnectionError("nobody\nanswers")
        self.rows.append((step, dict(scalars)))


class Wandb(Sent):
    def Settings(self, **given):  # noqa: N802 - W&B's name
        return given

    def init(self, *, project, name, id, resume, config, dir, mode, settings):  # noqa: A002
        self.begun.append({"project": project, "id": id, "resume": resume, "mode": mode, "dir": dir})
        self.config = config
        return self

    def log(self, row, step):
        self.take(step, row)

    def finish(self, exit_code):
        self.ended.append(exit_code == 0)


class Trackio(Sent):
    def init(self, project, name, config, resume, embed):
        self.begun.append({"project": project, "id": name, "resume": resume})
        self.config = config
        return self

    def log(self, row, step):
        self.take(step, row)

    def finish(self):
        self.ended.append(True)


class Mlflow(Sent):
    """MLflow's client, and beside it its entities."""

    def MlflowClient(self, uri):  # noqa: N802 - MLflow's name
        self.uri = uri
        return self

    def get_experiment_by_name(self, name):
        return None

    def create_experiment(self, name):
        self.experiment = name
        return "7"

    def search_runs(self, experiments, text, max_results):
        return [one for one in self.begun if text == f"tags.econo_env = '{one.id}'"]

    def create_run(self, experiment, run_name, tags):
        info = types.SimpleNamespace(run_id="run-1")
        self.begun.append(types.SimpleNamespace(info=info, id=tags["econo_env"]))
        return self.begun[-1]

    def update_run(self, run_id, status):
        assert (run_id, status) == ("run-1", "RUNNING")

    def log_batch(self, run_id, metrics=(), params=()):
        assert run_id == "run-1"
        assert len(params) <= 100
        self.parameters |= {one.key: one.value for one in params}
        if metrics:
            self.take(metrics[0].step, {one.key: one.value for one in metrics})

    def set_terminated(self, run_id, status):
        self.ended.append(status == "FINISHED")


def entities():
    module = Sent("mlflow.entities")
    module.Param = lambda key, value: types.SimpleNamespace(key=key, value=value)
    module.Metric = lambda key, value, time, step: types.SimpleNamespace(key=key, value=value, step=step)
    return module


KINDS = {"wandb": Wandb, "mlflow": Mlflow, "trackio": Trackio}


@pytest.fixture
def library(monkeypatch):
    """Puts a stand-in in the place of a tracker's library."""

    def put(name, fails_after=None):
        module = KINDS[name](name, fails_after)
        monkeypatch.setitem(sys.modules, name, module)
        if name == "mlflow":
            monkeypatch.setitem(sys.modules, "mlflow.entities", entities())
        return module

    return put


def trained(folder, tracker, **changes):
    said = StringIO()
    start_run(config_from({**CHEAP, "tracker": tracker, **changes}), folder, Console(file=said, width=500))
    return said.getvalue()


def rows_of(folder):
    """What a run wrote into its own file, as trackers get it."""
    return [(row.pop("timesteps"), row) for row in read_metrics(folder)]


@pytest.mark.parametrize("name", KINDS)
def test_a_tracker_gets_every_number_of_the_run(name, library, tmp_path):
    module = library(name)
    trained(tmp_path / "run", {"name": name, "project": "auctions", "offline": True})
    assert module.rows == rows_of(tmp_path / "run")
    assert len(module.rows) >= 3
    assert module.ended == [True]
    config = module.parameters if name == "mlflow" else module.config
    assert config["learner.net_arch" if name == "mlflow" else "scenario"]


@pytest.mark.parametrize("name", KINDS)
def test_a_run_that_goes_on_goes_on_in_the_tracker(name, library, tmp_path):
    module = library(name)
    trained(tmp_path / "run", name)
    resume_run(tmp_path / "run", ["total_timesteps=256"], Console(file=StringIO()))
    assert module.rows == rows_of(tmp_path / "run")
    assert module.ended == [True, True]
    if name == "mlflow":
        assert len(module.begun) == 1, "one run"
    else:
        first, second = module.begun
        assert first["id"] == second["id"]
        assert second["resume"] == "allow"


def test_offline_is_said_to_the_library(library, tmp_path, monkeypatch):
    wandb, mlflow = library("wandb"), library("mlflow")
    trained(tmp_path / "a", {"name": "wandb", "offline": True})
    trained(tmp_path / "b", {"name": "wandb"})
    assert [one["mode"] for one in wandb.begun] == ["offline", "online"]
    trained(tmp_path / "c", {"name": "mlflow", "offline": True})
    assert str(tmp_path / "c") in mlflow.uri
    seen = []
    trackio = library("trackio")
    monkeypatch.setenv("TRACKIO_SPACE_ID", "mine/space")
    init = trackio.init

    def noted(**given):
        seen.append(os.environ.get("TRACKIO_SPACE_ID"))
        return init(**given)

    monkeypatch.setattr(trackio, "init", noted, raising=False)
    trained(tmp_path / "d", {"name": "trackio", "offline": True})
    trained(tmp_path / "e", {"name": "trackio"})
    assert seen == [None, "mine/space"]


def test_a_tracker_that_fails_stops_nothing_and_changes_nothing(library, tmp_path):
    library("wandb", fails_after=2)
    said = trained(tmp_path / "run", "wandb")
    assert said.count("wandb takes no more (nobody answers): the training goes on without it") == 1
    trained(tmp_path / "alone", None)
    ours, theirs = (read_networks(tmp_path / folder / "policy.npz") for folder in ("run", "alone"))
    for (weights, biases), (others, their_biases) in zip(ours[0].layers, theirs[0].layers, strict=True):
        assert np.array_equal(weights, others)
        assert np.array_equal(biases, their_biases)


@pytest.mark.parametrize("name", KINDS)
def test_a_library_that_is_not_there_is_named_before_anything_is_made(name, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda asked: None)
    with pytest.raises(
        ValueError, match=rf"'{name}' needs a library that is not there: `pip install econo-env\[{name}\]`"
    ):
        trained(tmp_path / "run", name)
    assert not (tmp_path / "run").exists()


def test_a_library_that_does_not_start_is_one_sentence(library, tmp_path, monkeypatch):
    def refuse(**given):
        raise RuntimeError("no login\n")

    monkeypatch.setattr(library("wandb"), "init", refuse, raising=False)
    with pytest.raises(ValueError, match=r"tracker\.name='wandb' does not start \(no login\): log in") as error:
        trained(tmp_path / "run", "wandb")
    assert "\n" not in str(error.value)
    trained(tmp_path / "run", None)


def test_unknown_trackers_are_refused():
    with pytest.raises(ValueError, match=r"tracker\.name") as error:
        config_from({**CHEAP, "tracker": "wandbb"})
    assert "'wandb'" in str(error.value)
