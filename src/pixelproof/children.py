"""Processes that a command starts: where one fails all end, and all end with the one that started them."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context, get_start_method, set_start_method
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.process import current_process, parent_process
from multiprocessing.queues import SimpleQueue
from threading import Thread
from types import MappingProxyType
from typing import Any

from pixelproof.errors import INTERRUPTED, UserError
from pixelproof.process import keep_freed_memory

GUARD = "put the call that trains under if __name__ == '__main__': if it stands in a script of yours"
Failure = tuple[type[BaseException] | None, *tuple[Any, ...]]
"""A user's or the system's error, or an interrupt, and what it was made of; None and the traceback of another one."""
LONGEST = 16_384
"""Letters of a traceback that are passed on: a pipe takes 64 KiB before it must be read, which is done at the end."""
UNCHANGED: Mapping[str, str] = MappingProxyType({})


class Children:
    """The processes that have been started and have not ended; leaving the context ends them.

    Args:
        who: What one of them is, for the sentence that says that it failed.
        remedy: What to do where the system has ended one.
    """

    def __init__(self, who: str, remedy: str) -> None:
        self._who, self._remedy = who, remedy
        self._failures: SimpleQueue[Failure] = get_context("spawn").SimpleQueue()
        self._running: list[SpawnProcess] = []

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.kill()
            process.join()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Callable[..., None], *args: Any, environment: Mapping[str, str] = UNCHANGED) -> SpawnProcess:
        """Call a function that stands in a module, in a process of its own.

        Args:
            work: The function.
            args: What it takes.
            environment: Variables that the process has besides those of this one.
        """
        process = get_context("spawn").Process(target=_live, args=(self._failures, get_start_method(), work, args))
        with _set(environment):
            process.start()
        self._running.append(process)
        return process

    def wait(self) -> list[SpawnProcess]:
        """Wait until one of them ends, and return those that have.

        Raises:
            UserError: One of them raised it, or was ended by the system.
        """
        sentinels = wait([process.sentinel for process in self._running])
        ended = [process for process in self._running if process.sentinel in sentinels]
        for process in ended:
            process.join()
            self._running.remove(process)
        codes = [process.exitcode for process in ended if process.exitcode]
        if codes:
            self._fail(min(codes))  # those that a signal ended come first: the others failed because of them
        return ended

    def _fail(self, code: int) -> None:
        """Raise what a process with an exit code other than 0 met; the code is negative if a signal ended it."""
        if code < 0:
            raise UserError(f"{self._who} was ended by {signal.Signals(-code).name}", self._remedy)
        if self._failures.empty():  # it ended before it had begun, and has said why on stderr
            raise UserError(f"{self._who} could not start", GUARD)
        kind, *words = self._failures.get()
        if kind is not None:
            raise kind(*words)
        what = words[0].rstrip().rpartition("\n")[2]  # the first line is what a user sees; the rest is for --debug
        raise RuntimeError(f"in {self._who}: {what}\n{words[0]}")


def require_starter() -> None:
    """Refuse to start processes in one that is being started.

    Raises:
        UserError: This process reads the user's script again, to find the functions in it.
    """
    if getattr(current_process(), "_inheriting", False):  # as Python's own check does it
        raise UserError("this script starts processes wherever it is read", GUARD)


@contextmanager
def _set(environment: Mapping[str, str]) -> Iterator[None]:
    """Set variables for what is started meanwhile: some are read before a process of Python's runs anything of ours."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _live(
    failures: SimpleQueue[Failure], start_method: str, work: Callable[..., None], args: tuple[object, ...]
) -> None:
    keep_freed_memory()
    # Loading workers start as those of one process would. Left alone, what was spawned would spawn, which is slow.
    set_start_method(start_method, force=True)
    Thread(target=_end_with_starter, daemon=True).start()
    try:
        work(*args)
    except UserError as error:
        failures.put((type(error), error.problem, error.remedy))
        os._exit(error.exit_code)  # at once: on its way out, what connects GPUs may wait for the others
    except KeyboardInterrupt:
        failures.put((KeyboardInterrupt,))
        os._exit(INTERRUPTED)
    except OSError as error:
        failures.put((OSError, error.errno, error.strerror or str(error), error.filename))
        os._exit(1)
    except MemoryError as error:
        failures.put((MemoryError, str(error)))
        os._exit(1)
    except Exception:  # where one process ends, the others may fail for that; the first to say so is listened to
        failures.put((None, traceback.format_exc()[-LONGEST:]))
        os._exit(1)
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(0)  # all is written; threads of torch's that still run would now and then abort the way out


def _end_with_starter() -> None:
    """End this process when the one that started it has ended, whichever signals it was told to ignore."""
    starter = parent_process()
    assert starter is not None
    starter.join()
    os._exit(1)
