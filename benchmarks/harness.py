"""Interleaved measurements in one process, and how they are published.

A ratio is their time divided by ours, taken within each round and then as the median over the rounds: whatever else the
machine does falls on all alike. A table goes to stderr, and one JSON object, last, to stdout.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

OURS = "ours"
Work = Callable[[], object]


@dataclass
class Benchmark:
    """One claim and its measurement.

    Attributes:
        name: The script's.
        claim: What is measured, in a sentence.
        targets: The least ratio wanted, by peer.
        packages: Distributions whose versions matter.
        facts: Whatever else was found, as plain data.
        seconds: Times of every contender, one a round.
    """

    name: str
    claim: str
    targets: Mapping[str, float]
    packages: Sequence[str] = ("torch",)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def run(self, ours: Work, peers: Mapping[str, Work], rounds: int) -> None:
        """Time everyone in turn, after one round that does not count."""
        contenders = {OURS: ours, **peers}
        self.seconds = {name: [] for name in contenders}
        for number in range(rounds + 1):
            for name, work in contenders.items():
                start = time.perf_counter()
                work()
                took = time.perf_counter() - start
                print(f"round {number}/{rounds}: {name} {took:.3f} s", file=sys.stderr)
                if number:
                    self.seconds[name].append(took)

    def ratios(self) -> dict[str, list[float]]:
        """Return their time by ours, round by round, for each peer."""
        ours = self.seconds[OURS]
        return {
            name: [theirs / mine for theirs, mine in zip(times, ours, strict=True)]
            for name, times in self.seconds.items()
            if name != OURS
        }

    def publish(self) -> None:
        """Print the table and the JSON object."""
        for name, times in self.seconds.items():
            row = f"{name:<14}{statistics.median(times):>9.3f} s   {min(times):.3f} to {max(times):.3f}"
            if name in self.ratios():
                row += f"   {statistics.median(self.ratios()[name]):.2f}x"
                row += f", wanted {self.targets[name]:g}x" if name in self.targets else ""
            print(row, file=sys.stderr)
        print(json.dumps(self.as_json()))

    def as_json(self) -> dict[str, Any]:
        """Return the answer that other programs rely on, and what stands beside it."""
        ratios = self.ratios()
        return {
            "name": self.name,
            "ratios": {name: round(statistics.median(values), 3) for name, values in ratios.items()},
            "n": len(self.seconds[OURS]),
            "versions": {"python": platform.python_version()}
            | {name: metadata.version(name) for name in self.packages},
            "claim": self.claim,
            "targets": dict(self.targets),
            "spread": {name: [round(min(values), 3), round(max(values), 3)] for name, values in ratios.items()},
            "seconds": {name: round(statistics.median(times), 4) for name, times in self.seconds.items()},
            "facts": self.facts,
            "machine": {"cpu": cpu(), "threads": threads(), "load": [round(value, 1) for value in os.getloadavg()]},
        }


def rounds_argument(default: int) -> int:
    """Return the number of rounds that the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=default)
    return int(parser.parse_args().rounds)


def threads() -> int:
    """Return how many threads everyone may use."""
    return int(os.environ.get("OMP_NUM_THREADS", 0)) or len(os.sched_getaffinity(0))


def cpu() -> str:
    """Return the processor's name and its widest vectors."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.is_file() else ""
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    vectors = next((name for name in ("avx512f", "avx2") if f" {name} " in text), platform.machine())
    return f"{names[0] if names else platform.processor()} ({vectors.removesuffix('f').upper()})"


def peak_megabytes() -> int:
    """Return the most memory that this process has held; what its parent held, as getrusage counts, is left out."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024
