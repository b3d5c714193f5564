"""``compare --unpaired``: one figure on two sets of images, whose chance is independent.

The interval of the difference is made of those of both sides (Zou and Donner 2008): of each, the end that faces the
other tells how far it may vary there, so that figures near 0 or 1, and few images, keep the interval they have alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import stdtr, stdtrit

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison.match import group, refuse_same_images
from pixelproof.comparison.mix import Mix, mix_of
from pixelproof.comparison.paired import ROUGH, holm
from pixelproof.comparison.sides import Side, side_of
from pixelproof.comparison.verdict import estimate_verdict
from pixelproof.errors import Refusal, UserError
from pixelproof.evaluation.metrics import Protocol, protocol_of, ratio
from pixelproof.evaluation.resampling import CERTAINTY, MINIMUM
from pixelproof.evaluation.summary import defined
from pixelproof.runs import Scores, SegmentationScores
from pixelproof.runs.fields import Estimate
from pixelproof.runs.metric_names import known_metric
from pixelproof.runs.unpaired_file import ClassSets, Part, SetRecord, UnpairedRecord


@dataclass(frozen=True)
class Gap:
    """Differences b - a of S figures with their 95% intervals and p-values, float64 [S] each; NaN is undefined."""

    value: Float64
    low: Float64
    high: Float64
    p: Float64

    def estimate(self, place: int) -> Estimate:
        """Return one of them."""
        return Estimate(value=self.value[place], low=self.low[place], high=self.high[place])


def compare_sets(
    scores: Sequence[Scores],
    paths: Sequence[Path],
    protocol: str,
    groups: str | None,
    metric: str | None = None,
    margin: float | None = None,
) -> UnpairedRecord:
    """Return how a figure differs between two sets of images, scored by one model or by two.

    Args:
        scores: Those of both, as ``open_sets`` reads them.
        paths: Where from.
        protocol: How pixels of ignored classes count; see ``evaluation.metrics``.
        groups: As in ``compare``, of the images of each side.
        metric: What is compared; see ``runs.metric_names``. None for accuracy or mIoU.
        margin: By how much, as a share, a figure may be lower and still do.

    Raises:
        UserError: An option has a wrong value, or scores lack what the metric needs.
        Refusal: They are of the same images, too few, or the metric is undefined on them.
    """
    if len(scores) != 2:
        raise UserError(f"{len(scores)} sets are given", "compare two at a time with --unpaired")
    a, b = scores
    refuse_same_images(a, b)
    counting, metric = protocol_of(protocol), known_metric(metric, a.scheme)
    members = (group([a], groups), group([b], groups))
    sides = [side_of(each, metric, counting, of) for each, of in zip(scores, members, strict=True)]
    records = [_set(*each, metric) for each in zip(scores, paths, members, sides, strict=True)]
    found = gap(sides[0], sides[1], (records[0].units, records[1].units))
    whole = found.estimate(-1)
    p = None if whole.low is None else defined(found.p[-1])
    return UnpairedRecord(
        task=a.scheme.task,
        metric=metric,
        protocol=counting if isinstance(a, SegmentationScores) else None,
        confidence=CERTAINTY,
        pattern=groups,
        margin=margin,
        a=records[0],
        b=records[1],
        common=_common(a, b, members),
        difference=whole,
        p=p,
        verdict=estimate_verdict(whole, p),
        classes=_classes(a, sides, found),
        **_parts(a, b, metric, counting, members),
    )


def gap(a: Side, b: Side, units: tuple[int, int]) -> Gap:
    """Return the differences of two independent sides with so many units; p < .05 where the interval excludes 0."""
    value = b.value - a.value
    low = value - np.hypot(b.value - b.low, a.high - a.value)
    high = value + np.hypot(b.high - b.value, a.value - a.low)
    # Of each side the end that faces 0, and how far its quantile is from the normal one.
    up = value >= 0
    facing = np.where(up, a.high - a.value, a.value - a.low), np.where(up, b.value - b.low, b.high - b.value)
    freedom = ratio(
        (facing[0] ** 2 + facing[1] ** 2) ** 2,
        sum(end**4 / (np.fmax(side.effective, MINIMUM) - 1) for end, side in zip(facing, (a, b), strict=True)),
    )
    distance = ratio(np.abs(value), np.hypot(*facing)) * stdtrit(freedom, (1 + CERTAINTY) / 2)
    p = np.maximum(2 * stdtr(freedom, -distance), least_p(*units))
    return Gap(value, np.maximum(low, -1), np.minimum(high, 1), p)


def least_p(a: int, b: int) -> float:
    """Return the least p-value of so few units: that of the two ways to divide them which set them farthest apart."""
    return 2 / math.comb(a + b, a) if min(a, b) < ROUGH else 0.0


def _set(scores: Scores, path: Path, members: Int64 | None, side: Side, metric: str) -> SetRecord:
    source, value = scores.source, defined(side.value[-1])
    if value is None:
        why = "they do not show what it is of, or nothing is predicted as it"
        raise Refusal(f"the metric '{metric}' of {source.name} is undefined: {why}", "choose another metric")
    return SetRecord(
        name=source.name,
        path=str(path),
        split=source.split,
        fingerprint=source.fingerprint,
        images=len(scores.ids),
        groups=None if members is None else int(members.max()) + 1,
        learned=source.images_learned or 0,
        stress=source.stress,
        figure=Estimate(value=value, low=side.low[-1], high=side.high[-1]),
    )


def _common(a: Scores, b: Scores, members: tuple[Int64 | None, Int64 | None]) -> int:
    """Return how many groups have the same name in both sets, or images where groups are not known of both."""
    grouped = all(of is not None and each.groups is not None for each, of in zip((a, b), members, strict=True))
    names = [each.groups.tolist() if grouped and each.groups is not None else each.ids for each in (a, b)]
    return len(set(names[0]) & set(names[1]))


def _classes(a: Scores, sides: Sequence[Side], found: Gap) -> dict[str, ClassSets]:
    p = np.where(np.isnan(found.low), np.nan, found.p)[:-1]
    adjusted, names = holm(p), [c.name for c in a.scheme.classes if not c.ignored]
    return {
        name: ClassSets(
            images=(int(sides[0].images[k]), int(sides[1].images[k])),
            shares=(float(sides[0].share[k]), float(sides[1].share[k])),
            effective=(defined(sides[0].effective[k]), defined(sides[1].effective[k])),
            a=defined(sides[0].value[k]),
            b=defined(sides[1].value[k]),
            difference=found.estimate(k),
            p=defined(adjusted[k]),
            p_unadjusted=defined(p[k]),
        )
        for k, name in enumerate(names)
    }


def _parts(
    a: Scores, b: Scores, metric: str, protocol: Protocol, members: tuple[Int64 | None, Int64 | None]
) -> dict[str, Part | tuple[str, ...] | None]:
    found: Mix | None = mix_of(a, b, metric, protocol, members)
    if found is None or found.missing:
        return {"same": None, "shares": None, "missing": found.missing if found else ()}
    same, shares = (
        Part(difference=Estimate(value=v, low=low, high=high), p=p)
        for v, low, high, p in zip(found.value, found.low, found.high, found.p, strict=True)
    )
    return {"same": same, "shares": shares, "missing": ()}
