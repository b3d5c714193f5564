"""Progress with the time left, on stderr: a live bar on a terminal, a line now and then in a log file."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Protocol, TextIO, TypeVar, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pixelproof.errors import visible

Item = TypeVar("Item")


class _Log:
    """A stream, if there is one, whose reader may leave, or its disk fill: no reason to end the work."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self.encoding = stream.encoding if stream is not None else "utf-8"

    def write(self, text: str) -> int:
        with suppress(OSError):
            if self.stream is not None:
                self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            if self.stream is not None:
                self.stream.flush()

    def isatty(self) -> bool:
        return self.stream is not None and self.stream.isatty()

    def fileno(self) -> int:
        if self.stream is None:
            raise io.UnsupportedOperation
        return self.stream.fileno()


def _stderr() -> TextIO:
    return cast(TextIO, _Log(sys.stderr))


_shown: ContextVar[bool] = ContextVar("shown", default=False)
_silenced = _lines = False
_said: set[str] = set()
LOG_EVERY = 10.0  # seconds between two lines when stderr is not a terminal


class Step(Protocol):
    """What ``bar`` gives to the work inside it."""

    def __call__(self, amount: int = 1, **info: str | float) -> None:
        """Report that ``amount`` more units are done; ``info`` is shown beside the bar, such as ``loss=0.31``."""


def silence() -> None:
    """Let this process show nothing from now on, because another one speaks for it."""
    global _silenced
    _silenced = True


def show_lines() -> None:
    """Let this process show lines in place of bars from now on, because others write to the same terminal."""
    global _lines
    _lines = True


def say(message: str) -> None:
    """Print one line of log to stderr, control characters in it as escapes."""
    if not _silenced:
        print(visible(message), file=_stderr(), flush=True)


def say_once(message: str) -> None:
    """Say what this process has not said yet: what holds for each image of each epoch is said for the first."""
    if message not in _said:
        _said.add(message)
        say(message)


def track(items: Iterable[Item], label: str, total: int, unit: str = "images") -> Iterator[Item]:
    """Yield ``items`` and show how many of ``total`` are done."""
    with bar(label, total, unit) as step:
        for item in items:
            yield item
            step()


@contextmanager
def bar(label: str, total: int, unit: str = "images", done: int = 0) -> Iterator[Step]:
    """Open a progress display; the value is called once for every piece of work done.

    A display inside another, such as scoring during training, stays silent: a terminal has room for one.
    """
    bars = _stderr().isatty() and not _lines
    display = _silent if _silenced or _shown.get() else _live if bars else _logged
    token = _shown.set(True)
    try:
        with display(label, total, unit, done) as step:
            yield step
    finally:
        _shown.reset(token)


@contextmanager
def _silent(label: str, total: int, unit: str, done: int) -> Iterator[Step]:
    yield lambda amount=1, **info: None


@contextmanager
def _live(label: str, total: int, unit: str, done: int) -> Iterator[Step]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn(unit + " {task.fields[rate]} {task.fields[info]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    start = time.monotonic()
    with Progress(*columns, console=Console(file=_stderr()), transient=True) as progress:
        task = progress.add_task(visible(label), total=total, completed=done, info="", rate="")
        worked = 0

        def step(amount: int = 1, **info: str | float) -> None:
            nonlocal worked
            worked += amount
            rate = f"{worked / max(time.monotonic() - start, 1e-9):.1f}/s"
            progress.update(task, advance=amount, info=_words(info), rate=rate)

        yield step


@contextmanager
def _logged(label: str, total: int, unit: str, done: int) -> Iterator[Step]:
    start = last = time.monotonic()
    worked = 0

    def step(amount: int = 1, **info: str | float) -> None:
        nonlocal worked, last
        worked += amount
        now = time.monotonic()
        if now - last < LOG_EVERY:
            return
        last = now
        rate = worked / (now - start)
        left = max(total - done - worked, 0) / rate if rate else 0.0
        say(f"{label}: {done + worked}/{total} {unit}, {rate:.1f}/s, {_words(info)} {left:.0f} s left")

    yield step


def _words(info: dict[str, str | float]) -> str:
    """Return ``{"loss": 0.3}`` as ``loss 0.3``."""
    return " ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in info.items()
    )
