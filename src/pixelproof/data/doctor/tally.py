"""What a mask's values mean under a scheme, and how much of each class there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pixelproof.array_types import Int64, UInt8
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.folder import Sample
from pixelproof.data.layouts import class_index
from pixelproof.data.masks import decode_mask_values
from pixelproof.data.patches import read_truth
from pixelproof.data.proposal import MaskValues
from pixelproof.errors import UserError
from pixelproof.labels import VOID, LabelScheme, UnknownValuesError


@dataclass(frozen=True)
class Tally:
    """One mask under the scheme.

    Attributes:
        pixels: Pixels by class index, void last, int64 [256].
        unknown: The ids or colours that the scheme does not name, None if there are none.
        inexact: The colours that are no class's own but are read as one, None if there are none.
        problem: Why the mask cannot be decoded at all.
    """

    pixels: Int64 = field(default_factory=lambda: np.zeros(VOID + 1, np.int64))
    unknown: MaskValues | None = None
    inexact: MaskValues | None = None
    problem: UserError | None = None


@dataclass(frozen=True)
class Reading:
    """A data set under its label contract.

    Attributes:
        survey: The files.
        scheme: The label contract, or the proposal for one.
        masks: What each readable mask holds.
        amounts: How much of each class a split holds: images, int64 [K], or pixels with void last, int64 [256].
    """

    survey: Survey
    scheme: LabelScheme
    masks: Mapping[Path, Tally]
    amounts: Mapping[str, Int64]


def read_under(scheme: LabelScheme, survey: Survey) -> Reading:
    """Read a data set's labels as ``scheme`` says."""
    masks = {path: tally(path, look.values, scheme) for path, look in survey.masks.items()}
    for sample in survey.samples:
        if sample.mask in masks and sample.corrected:
            masks[sample.mask] = _corrected(sample, scheme, masks[sample.mask])
    return Reading(survey, scheme, masks, _amounts(survey, scheme, masks))


def _corrected(sample: Sample, scheme: LabelScheme, as_stored: Tally) -> Tally:
    """Return the tally of a mask with its corrections; as it is stored where they do not fit it."""
    try:
        return replace(as_stored, pixels=count_classes(read_truth(sample, scheme)))
    except UserError as error:
        return as_stored if as_stored.unknown else replace(as_stored, problem=as_stored.problem or error)


def count_classes(truth: UInt8) -> Int64:
    """Return how many pixels of a decoded mask, uint8 of any shape, are of each class, int64 [256]."""
    return np.bincount(truth.reshape(-1), minlength=VOID + 1).astype(np.int64)


def tally(path: Path, values: MaskValues, scheme: LabelScheme) -> Tally:
    """Decode a mask's counted values as training would decode its pixels."""
    try:
        decoded = decode_mask_values(path, values.ids, values.colors, scheme)
    except UnknownValuesError as error:
        return _without(path, values, scheme, error)
    except UserError as error:
        return Tally(problem=error)
    pixels = np.bincount(decoded, weights=values.counts, minlength=VOID + 1).astype(np.int64)
    return Tally(pixels, inexact=_inexact(values, decoded, scheme))


def _amounts(survey: Survey, scheme: LabelScheme, masks: Mapping[Path, Tally]) -> dict[str, Int64]:
    index = class_index(scheme, survey.found.class_of.values())
    totals: dict[str, Int64] = {}
    for split, samples in survey.found.splits.items():
        if survey.found.task == "segmentation":
            counted = [masks[s.mask].pixels for s in samples if s.mask and s.mask in masks]
            totals[split] = np.sum([Tally().pixels, *counted], axis=0, dtype=np.int64)
        else:
            labels = [index[name] for s in samples if (name := survey.found.class_of[s.image]) in index]
            totals[split] = np.bincount(np.array(labels, np.int64), minlength=len(scheme.classes))
    return totals


def _without(path: Path, values: MaskValues, scheme: LabelScheme, error: UnknownValuesError) -> Tally:
    """Return the tally of the values that the scheme names, with those that it does not."""
    read = replace(values, ids=None) if error.kind == "colour" else replace(values, colors=None)
    bad = np.array([value in error.counts for value in read.named()])
    rest = Tally() if bad.all() else tally(path, values.only(~bad), scheme)
    return replace(rest, unknown=read.only(bad))


def _inexact(values: MaskValues, decoded: UInt8, scheme: LabelScheme) -> MaskValues | None:
    if values.colors is None or values.ids is not None:
        return None
    own = np.zeros((VOID + 1, 3), np.uint8)
    own[: len(scheme.classes)] = [c.color or (0, 0, 0) for c in scheme.classes]
    other = (decoded != VOID) & (values.colors != own[decoded]).any(axis=1)
    return values.only(other) if other.any() else None
