"""How strong a stress changes images as much as those that ``drift`` has met differ from the old ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from pixelproof.comparison.wording.drift import differing
from pixelproof.data import Sample
from pixelproof.data.stresses import Stress
from pixelproof.explanation.seen import picture_signs
from pixelproof.progress import track
from pixelproof.runs.drift_file import DriftRecord
from pixelproof.runs.stress_file import Likeness
from pixelproof.verbs.stress_scores import Decoded

LIKE: Final[Mapping[tuple[str, bool], str]] = {
    ("brightness", False): "darker",
    ("brightness", True): "brighter",
    ("contrast", False): "hazier",
    ("red cast", True): "warmer",
    ("blue cast", True): "cooler",
    ("sharpness", False): "blurred",
    ("sharpness", True): "noisy",
}
"""The stress that is like a sign that is less, or more, in new images."""


def likenesses(
    drifted: DriftRecord, stresses: Sequence[Stress], samples: Sequence[Sample], images: Decoded, seed: int
) -> tuple[Likeness, ...]:
    """Return, of each sign of pictures that differs beyond chance, the strength of the stress that is like it.

    Args:
        drifted: What ``drift`` found.
        stresses: Those that are tried, of which others are passed over.
        samples: Images to measure the sign in, under stress.
        images: Reads them.
        seed: That of what is random in stresses.

    Raises:
        UserError: An image cannot be read.
    """
    tried, found = {stress.name: stress for stress in stresses}, []
    for sign in differing(drifted):
        change = sign.difference.value or 0.0
        stress = tried.get(LIKE.get((sign.name, change > 0), ""))
        if sign.kind == "picture" and stress is not None:
            means = _means(sign.name, stress, samples, images, seed)
            strength = reached((stress.none, *stress.strengths), means, means[0] + change)
            told = {"sign": sign.name, "old": sign.old, "new": sign.new}
            found.append(Likeness(**told, stress=stress.name, strength=strength))
    return tuple(found)


def _means(sign: str, stress: Stress, samples: Sequence[Sample], images: Decoded, seed: int) -> list[float]:
    """Return the mean of a sign over images as they are, and under a stress of each strength."""
    linear, rows = images.reader.bands is not None, []
    for sample in track(samples, f"measuring {sign}", len(samples)):
        image = images(sample.image)
        states = (stress(image, each, linear, seed, sample.id) for each in (stress.none, *stress.strengths))
        rows.append([picture_signs(state)["picture", sign] for state in states])
    return [float(mean) for mean in np.mean(rows, axis=0)]


def reached(strengths: Sequence[float], values: Sequence[float], target: float) -> float | None:
    """Return where values, on straight lines between strengths, first reach a target; None where they do not.

    >>> reached((0, 1, 3), (0.5, 0.4, 0.2), 0.3)
    2.0
    """
    for (near, here), (far, there) in pairwise(zip(strengths, values, strict=True)):
        if here != there and min(here, there) <= target <= max(here, there):
            return near + (far - near) * (target - here) / (there - here)
    return None
