"""Ctrl-C and SIGTERM: a program ends with a sentence, a training ends with a checkpoint."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_Handler = Callable[[int, FrameType | None], None]


class Stopped(BaseException):
    """A signal has asked the program to end; like `KeyboardInterrupt` it is no `Exception`.

    Attributes:
        number: Of the signal.
    """

    def __init__(self, number: int, sentence: str = "stopped") -> None:
        super().__init__(sentence)
        self.number = number

    @property
    def status(self) -> int:
        """The exit status that shells know: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + self.number


@contextmanager
def stopping_at_once() -> Iterator[None]:
    """Within it a signal raises `Stopped`, wherever the program is."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    before = _install(stop)
    try:
        yield
    finally:
        _restore(before)


class StopRequest:
    """Within it the first signal is remembered, and the second raises `Stopped`; a context.

    In a thread other than the main one, where Python takes no signals, nothing changes.

    Attributes:
        number: The signal that came, or None.
    """

    def __init__(self, promise: str) -> None:
        """Takes the sentence that is written to standard error when the first signal comes."""
        self.number: int | None = None
        self._promise = f"\n{promise}\n" if sys.stderr.isatty() else f"{promise}\n"  # after the bar

    def __enter__(self) -> Self:
        self._before = _install(self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _restore(self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            raise Stopped(number)
        self.number = number
        try:
            os.write(2, self._promise.encode())  # unbuffered: a signal may come while a buffer is being written
        except OSError:
            return


def _install(handler: _Handler) -> dict[int, Any]:
    """Takes over the signals, but for those that are ignored, as after `nohup`; returns what was there."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    taken = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in taken}


def _restore(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
