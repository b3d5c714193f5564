"""Boundary counts: the pixels of images by their distance to an edge, by the object they belong to, by the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from pixelproof.array_types import Int64

# What the axes of the arrays mean. A change here is a new version of the score file.
BAND_EDGES = (2, 4, 8, 16)
"""Largest distance to the true boundary, in pixels, of each band but the last, which has no limit."""
TOLERANCES = (1, 3, 5)
"""Widths of rims, and distances at which boundaries still match, in pixels."""
OBJECT_EDGES = (16**2, 32**2, 96**2)
"""Smallest area in pixels of each size of object but the first: the last two are COCO's."""
PERIOD = 32
"""Positions of boundaries are kept modulo this, which every usual stride divides."""


@dataclass(frozen=True)
class Boundaries:
    """Boundary counts of N images over K classes; of a single image without the first axis.

    Where truth is void nothing is counted. Distances are Euclidean, from the centre of a pixel to that of the nearest
    pixel of another class, so 1 beside a boundary; neither void pixels nor the border of the image are another class.
    The columns of ``bands`` and ``rims`` are: hit; true; predicted; predicted where the true class is ignored.

    Attributes:
        bands: int64 [N, 5, K, 4], by the pixel's distance to the true boundary. The sum over bands is what the
            confusion matrix says.
        rims: int64 [N, 3, K, 4], pixels whose class has its boundary within each tolerance: of the true mask for true
            pixels, of the predicted mask for predicted ones, of both for hits.
        contours: int64 [N, 3, K, 4], pixels at distance 1, by tolerance: predicted ones with a true one of the same
            class within the tolerance; predicted; true ones with a predicted one within it; true.
        objects: int64 [N, 4, K, 4], by the area of the true object, a set of pixels of one class that are connected
            through their sides: hit pixels; true pixels; objects more than half of whose pixels are hit; objects.
        phases: int64 [N, 3, 2, 32], pairs of neighbouring pixels by the position modulo 32 of the right (0) or lower
            (1) one: of different true classes; of different predicted classes; all.
    """

    bands: Int64
    rims: Int64
    contours: Int64
    objects: Int64
    phases: Int64

    @classmethod
    def stack(cls, images: Sequence[Boundaries]) -> Boundaries:
        """Return the counts of several images from those of each."""
        return cls(**{f.name: np.stack([getattr(image, f.name) for image in images]) for f in fields(cls)})

    def take(self, order: Sequence[int]) -> Boundaries:
        """Return the counts of some images, in the given order."""
        return Boundaries(**{f.name: getattr(self, f.name)[list(order)] for f in fields(self)})


def shapes(classes: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array for one image of a number of classes."""
    return {
        "bands": (len(BAND_EDGES) + 1, classes, 4),
        "rims": (len(TOLERANCES), classes, 4),
        "contours": (len(TOLERANCES), classes, 4),
        "objects": (len(OBJECT_EDGES) + 1, classes, 4),
        "phases": (3, 2, PERIOD),
    }
