"""How far GDAL is with a copy, whose own progress rasterio does not hand on: where it reads, and how much it wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from pathlib import Path
from threading import Event, Thread

from pixelproof.progress import bar

EVERY = 0.5
"""Seconds between two looks."""


@contextmanager
def shown(raw: Path, rows: int, row_bytes: int, out: Path, overviews: bool) -> Iterator[None]:
    """Show progress while GDAL makes a COG of raw pixels: overviews of them, these compressed, and the pixels.

    Args:
        raw: The pixels, band after band; GDAL reads them once for the overviews and once more, from top to bottom.
        rows: Of pixels.
        row_bytes: Of a row of one band.
        out: The COG, empty or not there.
        overviews: Whether there are some.
    """
    ended = Event()
    # In this context, so that inside another display this one stays silent.
    watch = copy_context().run
    watcher = Thread(target=watch, args=(_watch, ended, raw, rows, row_bytes, out, overviews), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(ended: Event, raw: Path, rows: int, row_bytes: int, out: Path, overviews: bool) -> None:
    draft = out.with_name(f"{out.name}.ovr.tmp")

    def read() -> float:
        return _position(raw, rows * row_bytes)

    def written() -> float:
        return _size(out) / max(_size(draft), 1)  # which is compressed a little less

    def stage(label: str, part: Callable[[], float], over: Callable[[], bool]) -> None:
        if ended.is_set():
            return
        done = 0
        with bar(label, rows, "rows") as step:
            while not (ended.wait(EVERY) or over()):
                if (now := int(rows * min(part(), 1.0))) > done:
                    step(now - done)
                    done = now

    if overviews:
        stage("overviews", read, lambda: _size(out) > 0)
        stage("compress overviews", written, lambda: read() < 1)
    stage("compress", read, ended.is_set)


def _position(raw: Path, plane: int) -> float:
    """Return how far down a band this process is with reading a file, 0 to 1.

    The kernel tells the position of each open file; pixels that we read or write ourselves move none.
    """
    found = 0
    with suppress(OSError):  # of a system without /proc
        for handle in Path("/proc/self/fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                if handle.samefile(raw):
                    found = max(found, int(Path(f"/proc/self/fdinfo/{handle.name}").read_text().split()[1]))
    return (found % plane or plane) / plane if found else 0.0


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
