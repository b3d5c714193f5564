"""What a run was made with, so that a reader can make it again."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pixelproof.errors import printable
from pixelproof.runs.packages import version

PACKAGES = ("pixelproof", "torch", "torchvision", "timm", "segmentation-models-pytorch", "numpy", "pillow", "openTSNE")


def environment() -> dict[str, Any]:
    """Return versions, machine and commit as plain data. Holds no host name, and no path but those of the command."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cpus": os.cpu_count(),
        "memory": memory(),
        "packages": installed(),
        "commit": _commit(),
        "command": command(),
    }


def installed(others: Sequence[str] = ()) -> dict[str, str]:
    """Return the versions of Pixelproof, of what it computes with, and of other packages that take part in a run."""
    return _ours() | {name: found for name in others if (found := version(name))}


@cache  # of a process, which keeps the packages that it has loaded
def _ours() -> dict[str, str]:
    return {name: found for name in PACKAGES if (found := version(name))}


def processor() -> str:
    """Return the processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def memory() -> int | None:
    """Return the machine's memory in bytes; None where nothing tells it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # as on Windows
        return None


def command() -> str:
    """Return the command line; empty in a script."""
    program = Path(sys.argv[0])
    ours = "pixelproof" in program.name or program.parts[-2:] == ("pixelproof", "__main__.py")
    return printable(shlex.join(["pixelproof", *sys.argv[1:]])) if ours else ""


def _commit() -> str:
    """Return the commit of the checkout this code runs from, with "+changes" where it differs; empty if installed.

    Asked anew each time, as a notebook may load code again that was changed meanwhile.
    """
    here = Path(__file__).parent
    try:
        done = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty=+changes", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
        tracked = subprocess.run(
            ["git", "-C", str(here), "ls-files", "--error-unmatch", "machine.py"],
            capture_output=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 and tracked.returncode == 0 else ""
