"""Masks of any tool against true ones, image by image."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import numpy as np

from pixelproof.data import Sample
from pixelproof.data.folder import with_left_out
from pixelproof.data.layouts import find_layout, folders_below, images_in
from pixelproof.data.layouts.folders_file import is_united
from pixelproof.data.masks import read_mask
from pixelproof.data.patches import corrections_among, read_truth
from pixelproof.data.schemes import find_scheme, observed_colors
from pixelproof.errors import UserError
from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.evaluation.counts import confusion_counts
from pixelproof.evaluation.matching import Samples, ids_of, match, require_same_images, scenes_by, without
from pixelproof.labels import PRESETS, LabelScheme, matching_presets
from pixelproof.numbers import dimensions
from pixelproof.progress import track
from pixelproof.runs import LABELS_FILE, Boundaries, SegmentationScores, Source, has_classes
from pixelproof.runs.labels_file import read_labels_for

_IMAGE_SUFFIX = re.compile(r"[_-](sat|image|img|rgb)$", re.IGNORECASE)
_SUFFIX = re.compile(r"[_-](mask|label|labels|gt|seg|pred|prediction)$", re.IGNORECASE)


def score_masks(predictions: Path, truth: Path, labels: Path | None) -> SegmentationScores:
    """Return the scores of a folder of masks.

    Args:
        predictions: The folder, or one that ``predict`` has written.
        truth: A folder of masks, or a data set of images with masks.
        labels: A ``labels.yaml``; by default the one beside the truth, else the preset that its masks fit.

    Raises:
        UserError: A mask is missing, unreadable or of another size than its truth, or what it means is not known.
    """
    scheme = _written_scheme(truth, labels)
    colored = scheme is None or all(label.color is not None for label in scheme.classes)
    predicted, true, samples = _matched_masks(predictions, truth, "masks" if colored else "ids")
    require_same_images(predictions, set(predicted), truth, set(true))
    scheme = scheme or _fitting_preset(truth, list(true.values()))
    counts = np.zeros((len(true), len(scheme.classes) + 1, len(scheme.classes) + 1), np.int64)
    boundaries = []
    for index, stem in enumerate(track(true, "score", len(true))):
        a = read_truth(samples[stem], scheme) if stem in samples else read_mask(true[stem], scheme)
        b = read_mask(predicted[stem], scheme)
        if a.shape != b.shape:
            sizes = f"{dimensions(b.shape)} and {dimensions(a.shape)}"
            raise UserError(f"{predicted[stem]} and its truth are {sizes} pixels", "predict at the truth's size")
        counts[index] = confusion_counts(a, b, len(scheme.classes))
        boundaries.append(boundary_counts(a, b, scheme.scored))
    ids, groups = ids_of(samples), scenes_by(samples, list(true))
    return SegmentationScores(
        ids=tuple(ids.get(name, name) for name in true),
        confusion=counts,
        scheme=scheme,
        source=Source(predictions.name, **corrections_among(samples.values())),
        boundaries=Boundaries.stack(boundaries),
        groups=groups,
    )


def _matched_masks(predictions: Path, truth: Path, written: str) -> tuple[dict[str, Path], dict[str, Path], Samples]:
    """Return predicted and true masks by name, and samples by name where the truth is a data set.

    Masks in folders of ``predictions`` are left out where the truth has none such. Of what predict has written, the
    folder ``written`` is read.
    """
    if not images_in(predictions) and (predictions / written).is_dir():
        predictions /= written
    direct = images_in(predictions)
    below = [file for folder in folders_below(predictions) for file in images_in(folder)]
    for files in (below, direct) if direct else (below,):
        named = _masks(predictions, files)
        predicted = {_IMAGE_SUFFIX.sub("", name): path for name, path in named.items()}
        true, samples, left_out = _true_masks(truth, set(predicted))
        predicted = {name: path for name, path in predicted.items() if name not in left_out}
        if set(predicted) == set(true):
            break
    return predicted, true, samples


def _masks(folder: Path, files: list[Path]) -> dict[str, Path]:
    """Return mask files by the name of their image, without the images that lie beside files named as their masks."""
    names = [(file.relative_to(folder).with_suffix("").as_posix(), file) for file in files]
    named = {_SUFFIX.sub("", name) for name, _ in names if _SUFFIX.search(name)}
    masks: dict[str, Path] = {}
    for name, file in names:
        if not _SUFFIX.search(name) and (name in named or _IMAGE_SUFFIX.sub("", name) in named):
            continue  # an image beside its mask
        if (other := masks.setdefault(_SUFFIX.sub("", name), file)) != file:
            raise UserError(f"{other} and {file} would both be the mask of one image", "remove one of them")
    if not masks:
        raise UserError(f"{folder} holds no masks", "give a folder of mask images")
    return masks


def _true_masks(truth: Path, wanted: set[str]) -> tuple[dict[str, Path], Samples, set[str]]:
    """Return masks by name, of a folder or of the split of a data set that was predicted.

    Its samples by name follow, and the names of images that are left out of it.
    """
    if not is_united(truth) and (files := images_in(truth)):
        return _masks(truth, files), {}, set()

    def place(sample: Sample) -> str:
        return _IMAGE_SUFFIX.sub("", PurePosixPath(found.place(truth, sample.image)).with_suffix("").as_posix())

    found = find_layout(truth)
    whole = match(with_left_out(found.splits, found.left_out), place, wanted, truth)
    samples, left_out = without(whole, found.left_out)
    return {name: sample.mask for name, sample in samples.items() if sample.mask is not None}, samples, left_out


def _written_scheme(truth: Path, labels: Path | None) -> LabelScheme | None:
    """Return what a ``labels.yaml`` says of the masks, or several folders that are one; None if there is none."""
    if labels is None and is_united(truth):
        return find_scheme(truth, find_layout(truth))
    for path in (labels, truth / LABELS_FILE, truth.parent / LABELS_FILE):
        if path is not None and (has_classes(path) or path == labels):
            return read_labels_for("segmentation", path)
    return None


def _fitting_preset(truth: Path, masks: list[Path]) -> LabelScheme:
    fitting = matching_presets(observed_colors(masks))
    if len(fitting) != 1:
        what = f"fit the presets {' and '.join(fitting)}" if fitting else "are of no known data set"
        raise UserError(f"the masks in {truth} {what}", f"give --labels, or put a {LABELS_FILE} beside them")
    return PRESETS[fitting[0]]
