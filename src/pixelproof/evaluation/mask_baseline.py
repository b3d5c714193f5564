"""What answers that look at no image would reach on masks, such as the most frequent class everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.evaluation.baseline import NAMED
from pixelproof.evaluation.intervals import mask_figures
from pixelproof.evaluation.metrics import PROTOCOL, Protocol, class_counts
from pixelproof.evaluation.resampling import by_unit, left_out, reach_of
from pixelproof.evaluation.units import members_of
from pixelproof.numbers import first_of, score, share
from pixelproof.runs import SegmentationScores


@dataclass(frozen=True)
class Beside:
    """A figure of the model beside that of answers that look at no image, on the same images.

    Attributes:
        reached: What those would reach, 0..1.
        better: Whether even the low end of the 95% interval of the difference is above 0.
        worse: Whether even the high end is below.
    """

    reached: float
    better: bool
    worse: bool


@dataclass(frozen=True)
class MaskBaseline:
    """The model beside answers that look at no image.

    Attributes:
        name: The most frequent class, and beside always answering that:
        miou: Mean IoU of both.
        pixel_accuracy: The share of pixels that is right, of both.
        by_lot: Mean IoU beside answering each class as often as the model does, but anywhere: of classes that are as
            frequent as each other, that has a higher one than any one class.
        never: Classes with pixels here that the model never answers.
        lost: Share of the pixels of scored classes that are of these.
    """

    name: str
    miou: Beside
    pixel_accuracy: Beside
    by_lot: Beside
    never: tuple[str, ...]
    lost: float

    @property
    def better_by(self) -> tuple[str, ...]:
        """The figures by which the model is shown to be better than all of these."""
        told = {"miou": self.miou.better and self.by_lot.better, "pixel_accuracy": self.pixel_accuracy.better}
        return tuple(figure for figure, better in told.items() if better)


def mask_baseline(scores: SegmentationScores, protocol: Protocol = PROTOCOL) -> MaskBaseline | None:
    """Return how the model does beside them; None where fewer than two scored classes have pixels: nothing tells."""
    _, true, predicted = class_counts(scores.confusion.sum(axis=0), scores.scheme.scored, protocol)
    if (true > 0).sum() < 2:
        return None
    names, most = scores.scheme.names, int(true.argmax())
    miou, right = _beside(scores, np.eye(len(true) + 1)[most], protocol)
    answered = scores.confusion[:, :-1].sum(axis=(0, 1)).astype(np.float64)
    never = (true > 0) & (predicted == 0)
    return MaskBaseline(
        name=names[most],
        miou=miou,
        pixel_accuracy=right,
        by_lot=_beside(scores, answered / answered.sum(), protocol)[0],
        never=tuple(names[index] for index in np.flatnonzero(never)),
        lost=float(true[never].sum() / true.sum()),
    )


def mask_baseline_lines(scores: SegmentationScores) -> list[str]:
    """Return what the most frequent class would reach, and where the model is not better, or never answers a class.

    The first sentence is of the images alone, and so of all models that are scored on them.
    """
    if (found := mask_baseline(scores)) is None:
        return []
    part = share(found.pixel_accuracy.reached, 2)
    said = f"Always answering {found.name}, the most frequent class, would be right at {part} of the pixels"
    lines = [f"{said}: mIoU {score(found.miou.reached)}."]
    figures = {"mIoU": found.miou, "pixel accuracy": found.pixel_accuracy}
    worse = [name for name, beside in figures.items() if beside.worse]
    alike = [name for name, beside in figures.items() if not beside.worse and not beside.better]
    lines += [f"The model is worse than that in {' and '.join(worse)}."] if worse else []
    lines += [f"The model is not shown to be better than that in {' or '.join(alike)}."] if alike else []
    if found.miou.better and not found.by_lot.better:
        lot = f"answering by lot, each class as often as it does: mIoU {score(found.by_lot.reached)}"
        lines.append(f"The model is not shown to be better than {lot}.")
    if found.never:
        lost = f"of which {share(found.lost)} of the pixels are"
        lines.append(f"It never answers {first_of(found.never, NAMED)}, {lost}.")
    return lines


def _beside(scores: SegmentationScores, shares: Float64, protocol: Protocol) -> tuple[Beside, Beside]:
    """Return mean IoU and pixel accuracy beside answering each class, void last, on such shares [K+1] of any pixels."""
    answers = scores.confusion.sum(axis=-1, keepdims=True) * shares
    own, others = (class_counts(counts, scores.scheme.scored, protocol) for counts in (scores.confusion, answers))
    units = by_unit(np.stack([own, others], axis=1), members_of(scores))
    reached, gain = mask_figures(others.sum(axis=0))[-2:], _gains(units.sum(axis=0))
    reach = reach_of(left_out(units, _gains), np.full(2, len(units)))
    miou, right = (
        Beside(float(one), bool(by - about > 0), bool(by + about < 0))
        for one, by, about in zip(reached, gain, reach, strict=True)
    )
    return miou, right


def _gains(sums: Float64) -> Float64:
    """Return by how much mIoU and pixel accuracy are above those of others, [..., 2], from [..., 2, 3, K]."""
    figures = mask_figures(sums)[..., -2:]
    gains: Float64 = figures[..., 0, :] - figures[..., 1, :]
    return gains
