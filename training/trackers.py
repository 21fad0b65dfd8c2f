"""Experiment trackers: what TensorBoard gets of numbers also goes to W&B, MLflow or trackio, by one key, `tracker:`.

`tracker: wandb`, or `tracker: {name: mlflow, project: auctions, offline: true}`. Each is an optional library.
"""

import importlib
import importlib.util
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import Field

from econo_env.settings import Section

TRACKER_FILE = "tracker.json"
TRACKER_FILES, TRACKER_FOLDERS = (TRACKER_FILE, "mlruns.db"), ("wandb", "mlruns")
"""What trackers write into the folder of a run."""

_MOST_PARAMETERS = 100
"""That MLflow takes at once."""


class TrackerSettings(Section):
    """Where else a run is logged.

    Attributes:
        name: `wandb`, `mlflow` or `trackio`; each is an optional library, `pip install econo-env[wandb]`.
        project: The project, in MLflow the experiment.
        offline: Nothing leaves this machine. W&B and MLflow write into the run's folder (`wandb sync`, `mlflow ui` take
            it from there), trackio where it always does. Otherwise the library's own settings say where: a login,
            `MLFLOW_TRACKING_URI`, `TRACKIO_SPACE_ID`.
    """

    name: Literal["wandb", "mlflow", "trackio"]
    project: str = Field("econo-env", min_length=1)
    offline: bool = False


class Tracker(Protocol):
    """A run in a tracker that takes numbers."""

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Takes what is known at a number of agent-steps."""
        ...

    def finish(self, *, done: bool) -> None:
        """Ends the run, `done` or broken off."""
        ...


class WandbTracker:
    """A run of Weights & Biases."""

    def __init__(
        self, library: Any, settings: TrackerSettings, run_id: str, name: str, config: Any, folder: Path
    ) -> None:
        self._run = library.init(
            project=settings.project,
            name=name,
            id=run_id,
            resume="allow",
            config=config,
            dir=str(folder),
            mode="offline" if settings.offline else "online",
            settings=library.Settings(console="off", silent=True),
        )

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """See `Tracker`."""
        self._run.log(dict(scalars), step=step)

    def finish(self, *, done: bool) -> None:
        """See `Tracker`."""
        self._run.finish(exit_code=0 if done else 1)


class TrackioTracker:
    """A run of trackio."""

    def __init__(
        self, library: Any, settings: TrackerSettings, run_id: str, name: str, config: Any, folder: Path
    ) -> None:
        elsewhere = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL") if settings.offline else ()
        with _without(*elsewhere), redirect_stdout(sys.stderr):  # results alone go to standard output
            self._run = library.init(
                project=settings.project, name=f"{name}-{run_id[:8]}", config=config, resume="allow", embed=False
            )

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """See `Tracker`."""
        self._run.log(dict(scalars), step=step)

    def finish(self, *, done: bool) -> None:
        """See `Tracker`."""
        with redirect_stdout(sys.stderr):
            self._run.finish()


class MlflowTracker:
    """A run of MLflow, by its client: no global state of the library is touched."""

    def __init__(
        self, library: Any, settings: TrackerSettings, run_id: str, name: str, config: Any, folder: Path
    ) -> None:
        where = f"sqlite:///{folder.resolve() / 'mlruns.db'}" if settings.offline else None
        self._entities, self._client = importlib.import_module("mlflow.entities"), library.MlflowClient(where)
        found = self._client.get_experiment_by_name(settings.project)
        experiment = self._client.create_experiment(settings.project) if found is None else found.experiment_id
        known = self._client.search_runs([experiment], f"tags.econo_env = '{run_id}'", max_results=1)
        if known:
            self._run_id = known[0].info.run_id
            self._client.update_run(self._run_id, status="RUNNING")
            return
        run = self._client.create_run(experiment, run_name=name, tags={"econo_env": run_id})
        self._run_id = run.info.run_id
        parameters = [self._entities.Param(key, str(value)) for key, value in _leaves(config)]
        for start in range(0, len(parameters), _MOST_PARAMETERS):
            self._client.log_batch(self._run_id, params=parameters[start : start + _MOST_PARAMETERS])

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """See `Tracker`."""
        now = int(1000 * time.time())
        metrics = [self._entities.Metric(name, value, now, step) for name, value in scalars.items()]
        self._client.log_batch(self._run_id, metrics=metrics)

    def finish(self, *, done: bool) -> None:
        """See `Tracker`."""
        self._client.set_terminated(self._run_id, "FINISHED" if done else "KILLED")


_TRACKERS: Mapping[str, Callable[..., Tracker]] = {
    "wandb": WandbTracker,
    "mlflow": MlflowTracker,
    "trackio": TrackioTracker,
}


class Tracking:
    """A run in a tracker that never stops a training: what cannot be sent is said once, and left out from then on."""

    def __init__(
        self,
        settings: TrackerSettings,
        folder: Path,
        name: str,
        config: Mapping[str, Any],
        run_id: str | None,
        say: Callable[[str], None],
    ) -> None:
        """Begins a run in the tracker, or goes on with one.

        Args:
            settings: Which tracker.
            folder: Of the run.
            name: What the tracker shows.
            config: The whole configuration.
            run_id: Of the run to go on with; None for a new one.
            say: Tells somebody.

        Raises:
            ValueError: The library is not there, or does not start; the message says what to do.
        """
        check_tracker(settings)
        self._settings, self._say = settings, say
        self.run_id = uuid.uuid4().hex if run_id is None else run_id
        try:
            library = importlib.import_module(settings.name)
            self._run: Tracker | None = _TRACKERS[settings.name](library, settings, self.run_id, name, config, folder)
        except Exception as error:
            words = " ".join(str(error).split())
            raise ValueError(
                f"tracker.name={settings.name!r} does not start ({words}): log in as the library asks for, or give "
                "tracker.offline=true"
            ) from error

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Sends what is known at a number of agent-steps."""
        self._tried(lambda run: run.log(step, scalars))

    def finish(self, *, done: bool) -> None:
        """Ends the run, `done` or broken off."""
        self._tried(lambda run: run.finish(done=done))

    def _tried(self, send: Callable[[Tracker], None]) -> None:
        if self._run is None:
            return
        try:
            send(self._run)
        except Exception as error:
            self._run = None
            words = " ".join(str(error).split())
            self._say(f"{self._settings.name} takes no more ({words}): the training goes on without it")


def check_tracker(settings: TrackerSettings | None) -> None:
    """Raises a ValueError if the library of a tracker is not installed."""
    if settings is None:
        return
    found = importlib.util.find_spec(settings.name)
    if found is None or found.origin is None:  # a folder of that name, as W&B makes one, is no library
        install = f"`pip install econo-env[{settings.name}]`"
        raise ValueError(f"tracker.name={settings.name!r} needs a library that is not there: {install}")


def _leaves(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a configuration with its path."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, document


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Within it those environment variables are not set."""
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
