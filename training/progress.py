"""Progress of a training: a bar on a terminal, quiet lines in a log; both with rate and time left."""

import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_LINES = 10
"""Lines of a whole training in a log."""


class TrainingProgress:
    """Shows how far a training is; use it as a context.

    Attributes:
        console: Where it is shown; standard error by default, so that results can be piped.
    """

    def __init__(self, total: int, done: int = 0, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._total, self._start = total, done
        self._began = time.monotonic()
        self._next_line = done + max(1, (total - done) // _LINES)
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        if self.console.is_terminal:
            columns = (
                TextColumn("{task.percentage:3.0f} %"),
                BarColumn(),
                TextColumn("{task.fields[note]}"),
                TimeRemainingColumn(elapsed_when_finished=True),
            )
            self._bar = Progress(*columns, console=self.console)
            self._task = self._bar.add_task("", total=self._total, completed=self._start, note="")
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def rate(self, done: int) -> float:
        """Agent-steps a second since this began."""
        return (done - self._start) / max(time.monotonic() - self._began, 1e-9)

    def update(self, done: int, note: str = "") -> None:
        """Shows `done` agent-steps of the total, with a few words about the learner."""
        rate = self.rate(done)
        text = f"{done:,} of {self._total:,} agent-steps, {rate:,.0f}/s {note}".rstrip()
        if self._bar is not None:
            self._bar.update(self._task, completed=done, note=text)
        elif done >= self._next_line or done >= self._total:
            left = max(self._total - done, 0) / max(rate, 1e-9)
            self.console.print(f"{text}, {left:.0f} s left", highlight=False, soft_wrap=True)
            self._next_line = done + max(1, (self._total - self._start) // _LINES)
