"""Waiting for what other processes do."""

import subprocess
import time


def wait_for(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited for a minute")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children_of(pid):
    """Return the ids of the processes that a process has started."""
    return [int(child) for child in subprocess.check_output(["pgrep", "-P", str(pid)]).split()]
