"""What an explanation consists of, for either task."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from pixelproof.runs import Shown, Thumbnails
from pixelproof.runs.explanation_file import Explanation
from pixelproof.runs.ranked_file import Ranked

UNLABELLED = "unlabelled"
"""The name of images without labels, beside those of the splits."""
PICTURED = 24
"""Images of each list that a page shows."""
CAMS = 12
"""Errors of which it shows what speaks for them."""


@dataclass(frozen=True)
class Found:
    """What was found out about a run.

    Attributes:
        suspects: Images or regions whose label is probably wrong, most certain first.
        next: What to label or check next, best first.
        explanation: How the classes lie to each other; None for segmentation, where an image has no one class.
        pictures: The images that galleries show, by ``picture_key``; classification.
        cams: Of the most confident errors, what speaks for the predicted class; None where the network has no maps.
        logits: [N, K], the network's answers to the images that are explained; classification.
        shown: The worst images with truth and prediction; segmentation.
        doubtful: The images of the first suspects, in their order, likewise; segmentation.
    """

    suspects: list[Ranked]
    next: list[Ranked]
    explanation: Explanation | None = None
    pictures: Thumbnails | None = None
    cams: Thumbnails | None = None
    logits: Tensor | None = None
    shown: list[Shown] = field(default_factory=list)
    doubtful: list[Shown] = field(default_factory=list)


def picture_key(split: str, sample_id: str) -> str:
    """Return the name of an image among the pictures: ids are unique within their split alone."""
    return f"{split}/{sample_id}"
