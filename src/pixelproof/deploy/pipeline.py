"""Reading ahead and writing behind, so that the network never waits for a disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
DEPTH = 2
"""Pieces that may wait on either side of the network; more would only cost memory."""


def ahead(load: Callable[[Item], Loaded], items: Iterable[Item]) -> Iterator[tuple[Item, Loaded]]:
    """Yield each item with what ``load`` returns for it, loaded in one thread while earlier ones are worked on."""
    waiting: deque[tuple[Item, Future[Loaded]]] = deque()
    pool = ThreadPoolExecutor(1, "read")
    try:
        for item in items:
            waiting.append((item, pool.submit(load, item)))
            if len(waiting) > DEPTH:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


class Behind:
    """Calls made one after the other in a thread; at most ``DEPTH`` wait, and a failure reaches the next caller.

    Leaving the block waits for all calls that were made.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "write")
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __call__(self, work: Callable[[], None]) -> None:
        """Do ``work`` in the thread."""
        self._waiting.append(self._pool.submit(work))
        while len(self._waiting) > DEPTH:
            self._waiting.popleft().result()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        if error is None:
            for future in self._waiting:
                future.result()
