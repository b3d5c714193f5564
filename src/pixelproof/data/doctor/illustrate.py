"""The pictures of a diagnosis: the images that findings are about, and some of each class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial

import numpy as np

from pixelproof.array_types import UInt8
from pixelproof.data.doctor.diagnosis import Diagnosis
from pixelproof.data.doctor.examples import Placed, class_names, of_classes, of_masks
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.folder import Sample
from pixelproof.data.masks import Ids, read_mask_values
from pixelproof.data.patches import read_truth
from pixelproof.data.reader import ImageReader
from pixelproof.data.thumbnails import thumbnail
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme, class_colors, distinct_colors
from pixelproof.progress import track
from pixelproof.runs.diagnosis_file import DiagnosisRecord, FindingRecord
from pixelproof.runs.diagnosis_folder import Illustrated
from pixelproof.runs.thumbnails import NO_THUMBNAILS, Thumbnails

PICTURED = 12
"""Images of a finding that are shown."""
LARGE, SMALL = 160, 64
"""Pixels a side of the pictures of findings, and of examples of a class."""
MOST_COLORS = 64


def illustrate(diagnosis: Diagnosis, data: str) -> Illustrated:
    """Return a diagnosis with its pictures, of files that are read again.

    Args:
        diagnosis: What was found.
        data: What the page calls the data.
    """
    survey = diagnosis.survey
    places = _places(survey)
    about = {finding: _samples(places, finding) for finding in diagnosis.findings}
    named = list(dict.fromkeys(each for placed in about.values() for each in placed))
    classification = survey.found.task == "classification"
    classes = of_classes(survey, diagnosis.scheme) if classification and diagnosis.scheme else {}
    examples = [each for placed in classes.values() for each in placed]
    return Illustrated(
        record=_record(diagnosis, data, about, classes),
        leave_out=list(diagnosis.leave_out),
        images=_pictures(named, partial(_image, reader=survey.reader, side=LARGE)),
        masks=_pictures(named, partial(_mask, scheme=diagnosis.scheme)),
        classes=_pictures(examples, partial(_image, reader=survey.reader, side=SMALL)),
        examples=[] if classification or diagnosis.reading is None else of_masks(diagnosis.reading),
    )


def _record(
    diagnosis: Diagnosis, data: str, about: Mapping[Finding, list[Placed]], classes: Mapping[str, list[Placed]]
) -> DiagnosisRecord:
    summary, called = diagnosis.summary, class_names(diagnosis.survey, diagnosis.scheme)
    findings = [
        FindingRecord(**asdict(finding), samples={each.key: called.get(each.sample.image, "") for each in placed})
        for finding, placed in about.items()
    ]
    return DiagnosisRecord(
        data=data,
        **{key: summary[key] for key in ("task", "layout", "splits", "sizes", "size_count")},
        amounts=summary.get("images_per_class") or summary.get("pixel_shares") or {},
        scheme=diagnosis.scheme,
        findings=tuple(findings),
        proposed=sum(entry.sure for entry in diagnosis.leave_out),
        doubtful=sum(not entry.sure for entry in diagnosis.leave_out),
        examples={name: tuple(each.key for each in placed) for name, placed in classes.items()},
    )


def _samples(places: Mapping[str, Placed], finding: Finding) -> list[Placed]:
    """Return the first samples whose image or mask a finding names, in its order."""
    return list(dict.fromkeys(places[name] for name in finding.files if name in places))[:PICTURED]


def _places(survey: Survey) -> dict[str, Placed]:
    """Return the sample of each file by the name that findings give it."""
    return {
        survey.name(path): Placed(split, sample)
        for split, samples in survey.found.splits.items()
        for sample in samples
        for path in (sample.image, sample.mask)
        if path is not None
    }


def _pictures(placed: Sequence[Placed], draw: Callable[[Sample], UInt8 | None]) -> Thumbnails:
    """Return a picture of each sample of which one can be drawn."""
    drawn = {each.key: draw(each.sample) for each in track(placed, "pictures", len(placed))}
    kept = {key: picture for key, picture in drawn.items() if picture is not None}
    return Thumbnails(tuple(kept), np.stack(list(kept.values()))) if kept else NO_THUMBNAILS


def _image(sample: Sample, reader: ImageReader, side: int) -> UInt8 | None:
    try:
        return thumbnail(reader(sample.image), side)
    except UserError:  # which is a finding of its own
        return None


def _mask(sample: Sample, scheme: LabelScheme | None) -> UInt8 | None:
    """Return a mask in its classes' colours; where it cannot be read as such, in its own or in any that differ."""
    if sample.mask is None:
        return None
    with suppress(UserError):
        if scheme is not None:
            return thumbnail(class_colors(scheme)[read_truth(sample, scheme)], LARGE, flat=True)
    with suppress(UserError):
        ids, colors = read_mask_values(sample.mask)
        if colors is None:
            assert ids is not None
            colors = _told_apart(ids)
        return thumbnail(colors, LARGE, flat=True)
    return None


def _told_apart(ids: Ids) -> UInt8:
    """Return a colour for each id, uint8 [H, W, 3]; of very many, some share one."""
    values, places = np.unique(ids, return_inverse=True)
    colors: UInt8 = distinct_colors(min(len(values), MOST_COLORS))[places.reshape(ids.shape) % MOST_COLORS]
    return colors
