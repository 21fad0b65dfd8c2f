"""Threads that share the markets of a batch."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Self


class Threads:
    """Calls compiled code on ranges of markets, one thread each: it releases the GIL, and markets share nothing.

    A copy, also by pickle, starts threads of its own when it needs them.
    """

    def __init__(self, number: int) -> None:
        """Starts no thread yet.

        Args:
            number: Threads, at least 1; with 1 the caller's own does all.

        Raises:
            ValueError: It is no whole number from 1 on.
        """
        if int(number) != number or number < 1:
            raise ValueError(f"num_threads={number!r} must be a whole number of at least 1")
        self.number = int(number)
        self._pool: ThreadPoolExecutor | None = None

    def over(self, markets: int, call: Callable[..., None], *arguments: Any) -> None:
        """Calls `call(first, last, *arguments)` so that each market lies in one range from first to before last."""
        if self.number == 1 or markets < 2:
            call(0, markets, *arguments)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.number - 1, thread_name_prefix="econo_env")
        ranges = list(pairwise(markets * one // self.number for one in range(self.number + 1)))
        others = [self._pool.submit(call, first, last, *arguments) for first, last in ranges[1:]]
        call(*ranges[0], *arguments)
        for other in others:
            other.result()

    def close(self) -> None:
        """Ends the threads; they start again when they are needed."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        return type(self), (self.number,)
