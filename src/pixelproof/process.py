"""What a command sets for its process before it computes."""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""The names of mallopt's parameters, as ``malloc.h`` of the GNU C library numbers them."""
_LARGEST = 2**31 - 1
_LARGEST_IN_OLDER = 32 * 2**20
"""What versions take that refuse a larger threshold for blocks of their own."""
_MEBIBYTE = 2**20
STDERR = 2


def let_threads_sleep() -> None:
    """Let torch's threads sleep while they wait, unless the user wants otherwise; call it before torch is imported."""
    # They spin while they wait for each other. On a machine that is busy with anything else, that made a training step
    # of a slim FCN 14 times slower (2 cores, one of them taken); sleeping costs nothing measurable.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def keep_freed_memory() -> None:
    """Let the C library keep freed memory for the next tensor, where it can and the user has set nothing about it.

    Otherwise a freed block of megabytes goes back to the kernel, and the next one is made of fresh pages, zeroed one at
    a time. That took a quarter of a training step of a slim FCN8s (2 cores, 8 crops of 256) and a third of a U-Net's
    forward pass. It costs memory: blocks of many sizes leave gaps.
    """
    _set_thresholds(own_block=_LARGEST, trim=_LARGEST)


def return_freed_memory() -> None:
    """Let the C library return every freed block of a mebibyte or more, where it can and the user has set nothing.

    Left alone, it learns from the first large blocks to cut those up to 32 MiB from its heap, whose gaps grow with
    chance: the same map took 0.3 to 0.8 GB more at its peak.
    """
    # Trimming the heap as soon as it may would take an eighth of a map's time: small blocks are freed all the time.
    _set_thresholds(own_block=_MEBIBYTE, trim=64 * _MEBIBYTE)


def _set_thresholds(own_block: int, trim: int) -> None:
    """Give blocks from some bytes on pages of their own, and return the heap's end when more than ``trim`` are free."""
    if sys.platform != "linux" or any(name.startswith("MALLOC_") for name in os.environ):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        # One threshold without the other would do harm: either ends the C library's own adaptation.
        if not mallopt(_MMAP_THRESHOLD, own_block):
            mallopt(_MMAP_THRESHOLD, _LARGEST_IN_OLDER)
        mallopt(_TRIM_THRESHOLD, trim)


def write_stderr_nowhere() -> None:
    """Let nothing that this process, or one it starts, says on stderr reach anybody from now on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    os.set_inheritable(STDERR, True)  # which it is not where it was free and is ``nowhere`` itself
    sys.stderr = os.fdopen(STDERR, "w", encoding="utf-8", closefd=False)
