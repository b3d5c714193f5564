"""The masks of chosen images: picture and truth, and each model's mask and errors beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.errors import UserError
from pixelproof.evaluation import confusion_counts, mean_iou, pixel_accuracy
from pixelproof.labels import VOID, LabelScheme
from pixelproof.numbers import score, share
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.figures.masks import colored, error_map, mask_figure
from pixelproof.report.pictures import Picture, flat_uri, photo_uri
from pixelproof.runs import SegmentationScores, Shown


@dataclass(frozen=True)
class Attempt:
    """What one model made of an image; no pictures where it has not predicted it."""

    model: str
    mask: Picture | None = None
    errors: Picture | None = None
    miou: str = ""
    accuracy: str = ""


@dataclass(frozen=True)
class Exhibit:
    """One image with its truth and every model's attempt."""

    id: str
    size: str
    image: Picture
    truth: Picture
    attempts: list[Attempt]


def exhibits(part: PartArtefacts, chosen: Sequence[str]) -> list[Exhibit]:
    """Return the chosen images of a part, in their order, without those that no model has predicted."""
    if part.scheme is None:
        return []
    ids = [i for i in chosen if any(i in model.shown for model in part.models)]
    return [_exhibit({model.name: model.shown.get(i) for model in part.models}, part.scheme) for i in ids]


def exhibits_of(model: str, images: Sequence[Shown], scheme: LabelScheme | None) -> list[Exhibit]:
    """Return images that one model has predicted, in their order."""
    return [_exhibit({model: shown}, scheme) for shown in images] if scheme is not None else []


def has_void(part: PartArtefacts) -> bool:
    """Return whether any shown truth holds pixels that nobody is scored on."""
    if part.scheme is None:
        return False
    unscored = [VOID, *np.flatnonzero(~part.scheme.scored)]
    return any(np.isin(shown.truth, unscored).any() for model in part.models for shown in model.shown.values())


def printed(part: PartArtefacts) -> bytes | None:
    """Return the part's masks as one PNG for use in print; None if there are none."""
    rows = [[model.shown.get(i) for model in part.models] for i in part.record.shown]
    rows = [row for row in rows if any(row)]
    if part.scheme is None or not rows:
        return None
    return mask_figure(rows, [model.name for model in part.models], part.scheme)


def _exhibit(predicted: Mapping[str, Shown | None], scheme: LabelScheme) -> Exhibit:
    """Return one image with what each model, by its name, made of it; None where it has not predicted it."""
    first = next(shown for shown in predicted.values() if shown is not None)
    height, width = first.truth.shape
    return Exhibit(
        id=first.id,
        size=f"{width}×{height}",
        image=Picture(photo_uri(first.image), f"Image {first.id}", "Image"),
        truth=Picture(flat_uri(colored(first.truth, scheme)), f"True mask of image {first.id}", "Truth"),
        attempts=[_attempt(model, shown, scheme) for model, shown in predicted.items()],
    )


def _attempt(model: str, shown: Shown | None, scheme: LabelScheme) -> Attempt:
    if shown is None:
        return Attempt(model)
    scores = _scored(shown, model, scheme)
    miou, right = score(mean_iou(scores, "unknown_counted"), 3), share(pixel_accuracy(scores))
    mask = flat_uri(colored(shown.prediction, scheme))
    errors = flat_uri(error_map(shown, scheme))
    alt = f"of image {shown.id} by {model}, mIoU {miou}, {right} of pixels right"
    return Attempt(
        model,
        Picture(mask, f"Mask {alt}", model),
        Picture(errors, f"Errors in the mask {alt}", f"{model}: errors"),
        miou,
        right,
    )


def _scored(shown: Shown, model: str, scheme: LabelScheme) -> SegmentationScores:
    """Count one image's pixels, so that its figures follow the same rules as all others."""
    try:
        if shown.image.shape != (*shown.truth.shape, 3):
            raise ValueError("picture and truth differ in size")
        counts = confusion_counts(shown.truth, shown.prediction, len(scheme.classes))
    except ValueError as error:
        what = f"the prediction of image '{shown.id}' that {model} keeps"
        raise UserError(f"{what} does not fit the label contract: {error}", "evaluate the run again") from None
    return SegmentationScores((shown.id,), counts[None], scheme)
