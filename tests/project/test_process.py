"""What the command line sets for its process, seen from inside such a process."""

import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import ctypes, resource, sys
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # no huge pages, of which 80 MB are only 40
if sys.argv[1] == "kept":
    from pixelproof.process import keep_freed_memory
    keep_freed_memory()
size = 80_000_000
b"x" * size
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    b"x" * size
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(what: str, **environment: str) -> int:
    """Count the fresh pages that five blocks of 80 MB take after the first was freed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    words = [sys.executable, "-c", FAULTS, what]
    return int(subprocess.run(words, env=kept | environment, capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library can be told to keep freed memory")
def test_freed_memory_is_used_again_unless_the_user_has_settings_of_his_own():
    fresh = faults("returned")
    assert fresh > 50_000
    assert faults("kept") < fresh / 100
    assert faults("kept", MALLOC_TRIM_THRESHOLD_="131072") > fresh / 2
