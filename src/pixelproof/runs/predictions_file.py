"""What ``predict`` writes for other programs: the answers of a classifier, and probabilities of all classes.

``score`` tells ``predictions.csv`` from tables of others.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pixelproof.array_types import Float16
from pixelproof.labels import LabelScheme
from pixelproof.runs.files import write_json

PREDICTIONS = "predictions.csv"
COLUMNS = ("filename", "label", "name", "probability", "top5")
"""The file, the id and the name of its class, the probability of that, and the likeliest classes with theirs."""
LOOK_FOR = "look_for"
"""Behind these, where thresholds were given: the classes whose probability is at least as high, between semicolons."""
PER_GROUP = "per_group.csv"
GROUP_COLUMNS = ("group", "images")
"""Of each group of images its name, how many it has and, as of an image, what the mean of their probabilities says."""
PROBABILITY_TABLE = "probabilities.csv"
"""A classifier's: the file, and the probability of each class in a column of the class's name."""
PROBABILITIES = "probabilities"
"""A segmenter's folder of ``NAME.npy``, and of ``CLASSES``."""
CLASSES = "classes.json"


def write_classes(folder: Path, scheme: LabelScheme) -> None:
    """Write a list of ``{"id": 0, "name": "urban"}``, the classes of probabilities, [K, H, W], in their order."""
    write_json(folder / CLASSES, [{"id": c.id, "name": c.name} for c in scheme.classes])


def probability_file(path: Path, shape: Sequence[int]) -> Float16:
    """Return a new ``.npy`` file, float16 [K, H, W], mapped into memory; what is written to the array gets into it.

    Raises:
        OSError: It cannot be written, or the disk has no room for it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    array: Float16 = np.lib.format.open_memmap(path, "w+", np.float16, tuple(shape))
    with path.open("r+b") as file:  # at once, for a disk that is full later would end the process
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
