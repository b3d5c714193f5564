"""Files decoded by several threads: decoders let go of Python's lock."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], at_once: int, most: int | None = None
) -> Iterator[Result]:
    """Yield ``function`` of each item in their order.

    Args:
        function: Reads files.
        items: What it is called with.
        at_once: Items handed to the threads together, so that few results wait and an interruption waits for few.
        most: Threads, at most; None is one for each core.
    """
    cores = os.cpu_count() or 1
    with warnings.catch_warnings(), ThreadPoolExecutor(min(most or cores, cores)) as pool:
        # Readers silence Pillow one by one, which threads would undo for each other; here it holds for all of them.
        warnings.simplefilter("ignore")
        for start in range(0, len(items), at_once):
            yield from pool.map(function, items[start : start + at_once])
