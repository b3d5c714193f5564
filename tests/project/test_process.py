"""What the command line sets for its process, seen from inside such a process."""

import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import ctypes, resource, sys
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # no huge pages, which would be few faults
from pixelproof import process
{"kept": process.keep_freed_memory, "returned": process.return_freed_memory, "alone": int}[sys.argv[1]]()
size = int(sys.argv[2])
b"x" * size
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    b"x" * size
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(what: str, size: int, **environment: str) -> int:
    """Count the fresh pages that five blocks of some bytes take after the first was freed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    words = [sys.executable, "-c", FAULTS, what, str(size)]
    return int(subprocess.run(words, env=kept | environment, capture_output=True, check=True, text=True).stdout)


glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library takes such settings")


@glibc
def test_freed_memory_is_used_again_unless_the_user_has_settings_of_his_own():
    fresh = faults("alone", 80_000_000)
    assert fresh > 50_000
    assert faults("kept", 80_000_000) < fresh / 100
    assert faults("kept", 80_000_000, MALLOC_TRIM_THRESHOLD_="131072") > fresh / 2


@glibc
def test_a_map_returns_freed_memory_that_the_c_library_alone_would_keep():
    fresh = faults("returned", 16_000_000)
    assert fresh > 10_000
    assert faults("alone", 16_000_000) < fresh / 2
    assert faults("returned", 16_000_000, MALLOC_ARENA_MAX="1") < fresh / 2
