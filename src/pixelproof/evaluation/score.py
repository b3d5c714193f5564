"""``score``: the same figures for masks and tables that any tool made. No model is needed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pixelproof.config import Task
from pixelproof.data import Sample
from pixelproof.data.layouts import class_index, class_names, find_layout, folders_below, images_in
from pixelproof.data.masks import read_mask
from pixelproof.data.opening import observed_colors, open_data, scheme_of_keys
from pixelproof.errors import UserError
from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.evaluation.counts import confusion_counts
from pixelproof.evaluation.matching import ids_of, match
from pixelproof.labels import PRESETS, LabelScheme, matching_presets
from pixelproof.progress import track
from pixelproof.runs import (
    LABELS_FILE,
    Boundaries,
    ClassificationScores,
    Scores,
    SegmentationScores,
    Source,
    has_classes,
    load_scores,
    read_labels,
)
from pixelproof.runs.files import read_text
from pixelproof.runs.predictions_file import COLUMNS

_FILE_COLUMNS = ("filename", "file", "image", "image_id", "id", "name")
_LABEL_COLUMNS = ("label", "class", "prediction", "predicted", "target", "class_id")
_IMAGE_SUFFIX = re.compile(r"[_-](sat|image|img|rgb)$", re.IGNORECASE)
_SUFFIX = re.compile(r"[_-](mask|label|labels|gt|seg|pred|prediction)$", re.IGNORECASE)


def score(predictions: Path, truth: Path | None = None, labels: Path | None = None) -> Scores:
    """Return the scores of predictions against the truth.

    Args:
        predictions: A folder of masks, a CSV of labels, or a score file, which is only read.
        truth: A folder of masks or labelled images, or a CSV of labels; not needed for a score file.
        labels: A ``labels.yaml``; by default the one beside the truth, else the preset that the masks fit.

    Raises:
        UserError: Files are missing, unreadable or of differing size, or the two sides do not hold the same images.
    """
    predictions, truth, labels = Path(predictions), truth and Path(truth), labels and Path(labels)
    if predictions.suffix == ".npz":
        if truth is not None or labels is not None:
            problem = f"the score file {predictions} holds its truth and labels, so {truth or labels} would not be read"
            raise UserError(problem, "leave it out, or score the predictions themselves")
        return load_scores(predictions)
    if truth is None:
        raise UserError(f"there is nothing to score {predictions} against", "give the truth as second argument")
    for path in (predictions, truth):
        if not path.exists():
            raise UserError(f"{path} does not exist", "check the path")
    if predictions.is_dir():
        return _score_masks(predictions, truth, labels)
    return _score_table(predictions, truth, labels)


def _score_masks(predictions: Path, truth: Path, labels: Path | None) -> SegmentationScores:
    predicted, true, ids = _matched_masks(predictions, truth)
    _same_images(predictions, set(predicted), truth, set(true))
    scheme = _mask_scheme(truth, list(true.values()), labels)
    counts = np.zeros((len(true), len(scheme.classes) + 1, len(scheme.classes) + 1), np.int64)
    boundaries = []
    for index, stem in enumerate(track(true, "score", len(true))):
        a, b = read_mask(true[stem], scheme), read_mask(predicted[stem], scheme)
        if a.shape != b.shape:
            sizes = " and ".join(f"{w}x{h}" for h, w in (b.shape, a.shape))
            raise UserError(f"{predicted[stem]} and its truth are {sizes} pixels", "predict at the truth's size")
        counts[index] = confusion_counts(a, b, len(scheme.classes))
        boundaries.append(boundary_counts(a, b, scheme.scored))
    names = tuple(ids.get(name, name) for name in true)
    return SegmentationScores(names, counts, scheme, Source(predictions.name), Boundaries.stack(boundaries))


def _matched_masks(predictions: Path, truth: Path) -> tuple[dict[str, Path], dict[str, Path], dict[str, str]]:
    """Return predicted and true masks by name, and sample ids by name where the truth is a data set.

    Masks in folders of ``predictions`` are left out where the truth has none such.
    """
    if not images_in(predictions) and (predictions / "masks").is_dir():
        predictions /= "masks"  # what predict has written
    direct = images_in(predictions)
    below = [file for folder in folders_below(predictions) for file in images_in(folder)]
    for files in (below, direct) if direct else (below,):
        named = _masks(predictions, files)
        predicted = {_IMAGE_SUFFIX.sub("", name): path for name, path in named.items()}
        true, ids = _true_masks(truth, set(predicted))
        if set(predicted) == set(true):
            break
    return predicted, true, ids


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


def _true_masks(truth: Path, wanted: set[str]) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the masks of a folder of masks, or of the split of a data set that was predicted, and the samples' ids."""
    if files := images_in(truth):
        return _masks(truth, files), {}

    def place(sample: Sample) -> str:
        return _IMAGE_SUFFIX.sub("", sample.image.relative_to(truth).with_suffix("").as_posix())

    samples = match(find_layout(truth).splits, place, wanted, truth)
    return {name: sample.mask for name, sample in samples.items() if sample.mask is not None}, ids_of(samples)


def _mask_scheme(truth: Path, masks: list[Path], labels: Path | None) -> LabelScheme:
    for path in (labels, truth / LABELS_FILE, truth.parent / LABELS_FILE):
        if path is not None and (has_classes(path) or path == labels):
            return _labels_for("segmentation", path)
    fitting = matching_presets(observed_colors(masks))
    if len(fitting) != 1:
        what = f"fit the presets {' and '.join(fitting)}" if fitting else "are of no known data set"
        raise UserError(f"the masks in {truth} {what}", f"give --labels, or put a {LABELS_FILE} beside them")
    return PRESETS[fitting[0]]


def _labels_for(task: Task, path: Path) -> LabelScheme:
    """Read a ``labels.yaml`` that must be for the task of what is scored."""
    scheme = read_labels(path)
    if scheme.task != task:
        problem = f"{path} is for {scheme.task}, and what is scored is a {task}"
        raise UserError(problem, f"give --labels that are for {task}")
    return scheme


def _score_table(predictions: Path, truth: Path, labels: Path | None) -> ClassificationScores:
    predicted = read_table(predictions)
    true, scheme, ids = _true_labels(truth, set(predicted), labels)
    _same_images(predictions, set(predicted), truth, set(true))
    index = class_index(scheme)
    predicted = _named(predictions, predicted, set(index), truth)

    def indices(table: dict[str, str], path: Path) -> np.ndarray:
        for name in true:
            if table[name] not in index:
                problem = f"{path}: '{name}' has label '{table[name]}', which is not a class of {truth}"
                raise UserError(problem, "correct it, or score against the whole data set")
        return np.array([index[table[name]] for name in true], np.int64)

    unknown = np.full(len(true), np.nan)
    return ClassificationScores(
        ids=tuple(ids.get(name, name) for name in true),
        truth=indices(true, truth),
        predicted=indices(predicted, predictions),
        rank=np.full(len(true), -1, np.int64),
        loss=unknown,
        confidence=unknown,
        scheme=scheme,
        source=Source(predictions.stem),
    )


def _true_labels(
    truth: Path, wanted: set[str], labels: Path | None
) -> tuple[dict[str, str], LabelScheme, dict[str, str]]:
    """Return true labels by file name, the label contract, and a data set's sample ids by file name.

    Of a data set, the split that was predicted is taken.
    """
    if truth.is_dir():
        if labels is not None:
            raise UserError(f"{truth} has classes of its own, so {labels} would not be read", "leave --labels out")
        data = open_data(truth)
        samples = match(data.splits, lambda s: s.image.relative_to(truth).as_posix(), wanted, truth)
        labelled = {k: data.scheme.names[s.label] for k, s in samples.items() if s.label is not None}
        return labelled, data.scheme, ids_of(samples)
    table = read_table(truth)
    if labels is not None:
        return table, _labels_for("classification", labels), {}
    names = class_names(truth.parent)
    keys = set(table.values())
    numbered = all(key.isdecimal() for key in keys)
    return table, scheme_of_keys(keys | set(names) if numbered else keys, names, truth), {}


def _named(predictions: Path, predicted: dict[str, str], known: set[str], truth: Path) -> dict[str, str]:
    """Return predictions by class name where the table has a column of these: ids depend on the classes there are.

    Raises:
        UserError: It is a table of ours whose classes are others than those of the truth.
    """
    try:
        names = read_table(predictions, ("name",))
    except UserError:
        return predicted
    if not known.isdisjoint(names.values()):
        return names
    if _header(_rows(predictions)) == list(COLUMNS):
        problem = f"{predictions} is of other classes than {truth}, such as '{next(iter(names.values()))}'"
        raise UserError(problem, "score it against images of the classes that the model knows")
    return predicted


def _rows(path: Path) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(read_text(path))))
    except csv.Error as error:
        raise UserError(f"{path} cannot be read as CSV: {error}", "correct it") from None


def _header(rows: list[list[str]]) -> list[str]:
    return [cell.strip().lower() for cell in rows[0]] if rows else []


def read_table(path: Path, columns: Sequence[str] = _LABEL_COLUMNS) -> dict[str, str]:
    """Return labels by file name from a CSV with a header; the first of ``columns`` that it has is the label.

    Raises:
        UserError: It cannot be read, has no columns for file and label, or names a file twice.
    """
    rows = _rows(path)
    header = _header(rows)
    file = next((header.index(name) for name in _FILE_COLUMNS if name in header), None)
    label = next((header.index(name) for name in columns if name in header), None)
    if file is None or label is None or file == label:
        raise UserError(f"{path} has no columns for file name and label", "start it with the line 'filename,label'")
    table: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != len(header):
            raise UserError(f"{path}, line {number}: {len(row)} cells, expected {len(header)}", "correct the line")
        name = row[file].strip()
        if name in table:
            raise UserError(f"{path}, line {number}: '{name}' stands twice", "remove one of the lines")
        table[name] = row[label].strip()
    if not table:
        raise UserError(f"{path} holds no labels", "add a line for each image")
    return table


def _same_images(predictions: Path, predicted: set[str], truth: Path, true: set[str]) -> None:
    for here, there, have, miss in ((predictions, truth, predicted, true), (truth, predictions, true, predicted)):
        if missing := sorted(miss - have):
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise UserError(f"{here} has nothing for '{missing[0]}'{more} of {there}", "score the same images")
