"""Waiting for what other processes and threads do, and ending them."""

import subprocess
import time
from contextlib import contextmanager

PATIENCE = 300
"""Seconds; a machine may be busy with other things."""


def wait_for(condition, process=None):
    """Wait until something is so, or until the process that should bring it about has ended."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"it did not come about within {PATIENCE} seconds"
        assert process is None or process.poll() is None
        time.sleep(0.02)


@contextmanager
def started(command, **options):
    """Start a command that ends with the block, however that ends: else a failure would wait for it."""
    with subprocess.Popen([str(word) for word in command], **options) as process:
        try:
            yield process
        finally:
            process.kill()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children_of(pid):
    """Return the ids of the processes that a process has started."""
    return [int(child) for child in subprocess.check_output(["pgrep", "-P", str(pid)]).split()]
