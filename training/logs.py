"""What a run writes while it learns: `metrics.jsonl` and TensorBoard files. Names are listed in docs/telemetry.md."""

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from econo_env.files import write_file
from econo_env.training.trackers import Tracking

METRICS_FILE = "metrics.jsonl"
TENSORBOARD_FOLDER = "tensorboard"


def _wait_for_another_second(board: Path) -> None:
    """TensorBoard reads files by their names: the second, the process, a count of which 10 comes before 9."""
    seconds = [file.name.split(".")[3] for file in board.glob("events.out.tfevents.*")]
    newest = max((int(second) for second in seconds if second.isdecimal()), default=0)
    if 0 <= time.time() - newest < 1.0:
        time.sleep(newest + 1.0 - time.time())


class Logs:
    """Scalars to both files, histograms to TensorBoard.

    After an interruption, what was written beyond the checkpoint is dropped: the files of a resumed run hold each step
    once.
    """

    def __init__(self, folder: Path, *, from_step: int | None = None, tracking: Tracking | None = None) -> None:
        """Opens the files of a run's folder, to go on after `from_step` agent-steps, or to begin anew.

        Args:
            folder: The run's.
            from_step: Where it goes on.
            tracking: Gets all scalars too.
        """
        from torch.utils.tensorboard import SummaryWriter

        self._path = folder / METRICS_FILE
        if self._path.exists():
            _drop_after(self._path, -1 if from_step is None else from_step)
        self._tracking = tracking
        self._lines = self._path.open("a")
        board = folder / TENSORBOARD_FOLDER
        purge = (0 if from_step is None else from_step + 1) if board.exists() else None
        _wait_for_another_second(board)
        self._hook = threading.excepthook
        threading.excepthook = self._thread_failed
        self._board = SummaryWriter(str(board), purge_step=purge)

    def _thread_failed(self, failure: threading.ExceptHookArgs) -> None:
        """Keeps quiet where TensorBoard's thread cannot write: the next `write` raises the same."""
        if not isinstance(failure.exc_value, OSError):
            self._hook(failure)

    def write(
        self, step: int, scalars: Mapping[str, float], histograms: Mapping[str, NDArray[Any]] | None = None
    ) -> None:
        """Writes what is known at a number of agent-steps."""
        known = {name: float(value) for name, value in scalars.items() if np.isfinite(value)}
        row = {"timesteps": step} | known
        try:
            self._lines.write(json.dumps(row) + "\n")
            self._lines.flush()
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None
        if self._tracking is not None:
            self._tracking.log(step, known)
        for name, value in scalars.items():
            self._board.add_scalar(name, value, step)
        for name, values in (histograms or {}).items():
            shown = values[np.isfinite(values)]
            if shown.size:
                self._board.add_histogram(name, shown, step)

    def close(self) -> None:
        """Writes everything out.

        Raises:
            OSError: Something cannot be written; all the same everything is closed.
        """
        try:
            self._lines.close()
        finally:
            try:
                self._board.close()
            finally:
                threading.excepthook = self._hook

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.close()
        finally:
            if self._tracking is not None:
                self._tracking.finish(done=kind is None)


def read_metrics(folder: Path) -> list[dict[str, float]]:
    """The rows of a run's `metrics.jsonl`, each with `timesteps` and what was known then."""
    return [json.loads(line) for line in (folder / METRICS_FILE).read_text().splitlines() if line]


def _drop_after(path: Path, step: int) -> None:
    kept = []
    for line in path.read_text(errors="replace").splitlines():
        try:
            if json.loads(line)["timesteps"] <= step:
                kept.append(line + "\n")
        except (json.JSONDecodeError, KeyError, TypeError):
            continue  # the last line of a killed run may be half written
    write_file(path, "".join(kept))
