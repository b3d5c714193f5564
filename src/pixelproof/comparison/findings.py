"""What a comparison of two models found, before it is put into words or files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison.paired import holm
from pixelproof.comparison.verdict import verdict
from pixelproof.evaluation.summary import defined
from pixelproof.runs.comparison_file import ClassRecord, ImageRecord, PairRecord, Wins

Method = Literal["exact", "resampled", "jackknife"]


@dataclass(frozen=True)
class Findings:
    """Figures of two models over K classes and, at place K, over all of them or of one; NaN is undefined.

    Attributes:
        metric: The name of the figure at place K.
        method: Where intervals and p-values are from.
        classes: K class names.
        a: float64 [K+1], the first model's figures.
        b: float64 [K+1], the second's.
        low: float64 [K+1], lower bound of b - a.
        high: float64 [K+1], upper bound.
        p: float64 [K+1], p-value of b - a.
        shown: int64 [K], images whose truth shows the class.
        effective: float64 [K], effective number of units behind each class.
        image_a: float64 [N], the first model's figure on each image.
        image_b: float64 [N], the second's.
    """

    metric: str
    method: Method
    classes: tuple[str, ...]
    a: Float64
    b: Float64
    low: Float64
    high: Float64
    p: Float64
    shown: Int64
    effective: Float64
    image_a: Float64
    image_b: Float64

    def record(self, a: str, b: str, ids: tuple[str, ...]) -> PairRecord:
        """Return the findings as a pair of a ``comparison.json``.

        Args:
            a: The first model's name.
            b: The second's.
            ids: Ids of the N images.
        """
        low, high, p = (defined(values[-1]) for values in (self.low, self.high, self._tested()))
        gain = self.image_b - self.image_a
        rows = zip(ids, self.image_a, self.image_b, gain, strict=True)
        return PairRecord(
            a=a,
            b=b,
            metric=self.metric,
            difference=float(self.b[-1] - self.a[-1]),
            low=low,
            high=high,
            p=p,
            verdict=verdict(low, high, p),
            images=len(ids),
            wins=Wins(a=int((gain < 0).sum()), b=int((gain > 0).sum())),
            ties=int((gain == 0).sum()),
            undefined=int(np.isnan(gain).sum()),
            classes=self._classes(),
            per_image=tuple(
                ImageRecord(id=i, a=defined(x), b=defined(y), difference=defined(d)) for i, x, y, d in rows
            ),
        )

    def _tested(self) -> Float64:
        """Return the p-values, [K+1], of figures that have an interval; others are NaN."""
        return np.where(np.isnan(self.low), np.nan, self.p)

    def _classes(self) -> dict[str, ClassRecord]:
        p = self._tested()[:-1]
        adjusted = holm(p)
        return {
            name: ClassRecord(
                images=int(self.shown[k]),
                effective=defined(self.effective[k]),
                a=defined(self.a[k]),
                b=defined(self.b[k]),
                difference=defined(self.b[k] - self.a[k]),
                low=defined(self.low[k]),
                high=defined(self.high[k]),
                p=defined(adjusted[k]),
                p_unadjusted=defined(p[k]),
            )
            for k, name in enumerate(self.classes)
        }
