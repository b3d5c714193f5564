"""``learned.npz``: by which images the weights of a run were found, known by what the files hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pixelproof.array_types import UInt8
from pixelproof.runs.arrays import expect, load_arrays, misfit, save_arrays
from pixelproof.runs.folder import Run

FILE = "learned.npz"
VERSION = 1
LEARNED = ("train", "selection")
"""The parts of the data by which weights are found: those that are learned from, and those that choose among them."""
DIGEST = 16  # bytes
MANY = 0.05
"""Share of the images of a split; its score is wrong if so many are there in train, too."""


class Learned(NamedTuple):
    """Images that a run has learned from, or that have chosen among its weights.

    Attributes:
        run: The run's name.
        digests: Digests of the images, uint8 [N, 16].
    """

    run: str
    digests: UInt8


def save_learned(run: Run, learned: Sequence[Learned]) -> None:
    """Write what a run has learned from: its own images first, then those of the runs whose weights it began with."""
    facts = {"runs": [each.run for each in learned], "images": [len(each.digests) for each in learned]}
    digests = np.concatenate([each.digests for each in learned])
    save_arrays(run.path / FILE, "learned", VERSION, facts, {"digests": digests}, unpacked=("digests",))


def load_learned(run: Run) -> tuple[Learned, ...]:
    """Read what a run has learned from; nothing where it does not say so, as runs of earlier versions do not.

    Raises:
        UserError: The file is damaged.
    """
    path = run.path / FILE
    if not path.is_file():
        return ()
    facts, arrays = load_arrays(path, "learned", VERSION)
    runs, counts = facts.get("runs", []), facts.get("images", [])
    if not _names_and_counts(runs, counts):
        raise misfit(path, "learned")
    expect(path, "learned", arrays, {"digests": ("u", (sum(counts), DIGEST))})
    parts = np.split(arrays["digests"], np.cumsum(counts)[:-1])
    return tuple(Learned(*each) for each in zip(runs, parts, strict=True))


def run_of_weights(weights: Path) -> Run | None:
    """Return the run in which a file of weights lies; None if it lies in none."""
    folder = weights.parent.parent
    return Run(folder) if Run.lies_in(folder) else None


def _names_and_counts(runs: object, counts: object) -> bool:
    if not isinstance(runs, list) or not isinstance(counts, list) or not runs or len(runs) != len(counts):
        return False
    return all(isinstance(name, str) for name in runs) and all(isinstance(n, int) and n >= 0 for n in counts)
