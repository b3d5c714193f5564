"""Run several ways of doing the same work in turn, so that a busy machine slows all of them alike."""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib import metadata

Way = Callable[[], object]


def ratios(ours: Way, peers: dict[str, Way], rounds: int) -> dict[str, float]:
    """Return, for each peer, the median over rounds of its time divided by ours in the same round."""
    seconds: dict[str, list[float]] = {"ours": []} | {name: [] for name in peers}
    for number in range(rounds + 1):
        for name, way in [("ours", ours), *peers.items()]:
            start = time.perf_counter()
            way()
            if number:  # the first round warms caches up
                seconds[name].append(time.perf_counter() - start)
    for name, values in seconds.items():
        print(f"{name:<14} median {statistics.median(values):.3f} s, lowest {min(values):.3f} s", file=sys.stderr)
    return {
        name: statistics.median(t / o for t, o in zip(seconds[name], seconds["ours"], strict=True)) for name in peers
    }


def report(name: str, ratio: dict[str, float], rounds: int, packages: tuple[str, ...], **more: object) -> None:
    """Print the one JSON line that a benchmark ends with."""
    versions = {"python": platform.python_version()} | {package: metadata.version(package) for package in packages}
    rounded = {peer: round(value, 2) for peer, value in ratio.items()}
    print(json.dumps({"name": name, "ratios": rounded, "n": rounds, "versions": versions} | more))
