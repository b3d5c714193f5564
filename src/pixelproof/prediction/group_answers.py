"""One answer for each group of images, such as a patient's, as ``evaluation.per_group`` has it of scores.

So what is known of the answers that are scored holds for those that are predicted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.labels import LabelScheme, merge_classes
from pixelproof.labels.thresholds import chance_of, classes_of, with_highest


class GroupAnswers:
    """Collects the probabilities of images, and makes one answer of each group's.

    Args:
        scheme: The classes of the images.
        groups: The group of each image by its name; empty where none are asked for.
        any_of: A class, or several as one: a group is of it if any of its images is, and as likely as the likeliest of
            them. Otherwise the mean of their probabilities answers.

    Attributes:
        scheme: The classes of the answers, in which those of ``any_of`` are one.
    """

    def __init__(self, scheme: LabelScheme, groups: Mapping[str, str], any_of: str | None = None) -> None:
        self.scheme, self._own, self._groups, self._any_of = scheme, scheme, groups, any_of
        self._into = np.arange(len(scheme.classes))
        if any_of is not None:
            self.scheme, self._into = merge_classes(scheme, {any_of: classes_of(any_of, scheme)})
        self._sums: dict[str, Float64] = {}
        self._highest: dict[str, float] = {}
        self._images: Counter[str] = Counter()

    def add(self, name: str, chances: Float64) -> None:
        """Take the probabilities, float64 [K], of the image of this name, with the digits that score files keep."""
        if not self._groups:
            return
        group = self._groups[name]
        self._images[group] += 1
        self._sums[group] = self._sums.get(group, 0.0) + chances.astype(np.float32).astype(np.float64)
        if self._any_of is not None:
            chance = float(chance_of(chances, self._own, self._any_of))
            self._highest[group] = max(self._highest.get(group, 0.0), chance)

    def rows(self) -> Iterator[tuple[str, int, Float64]]:
        """Yield each group, how many images it has, and its probabilities, float64 [K]."""
        for group in sorted(self._sums):
            mean: Float64 = np.bincount(self._into, self._sums[group] / self._images[group]).astype(np.float64)
            if self._any_of is not None:
                index = self.scheme.names.index(self._any_of)
                mean = with_highest(mean[None], np.array([self._highest[group]]), index)[0]
            yield group, self._images[group], mean
