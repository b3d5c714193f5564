"""``score``: the same figures for masks and tables that any tool made. No model is needed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from pixelproof.data import Sample
from pixelproof.data.images import read_mask
from pixelproof.data.layouts import class_names, find_layout, images_in
from pixelproof.data.opening import in_order, observed_colors, open_data
from pixelproof.errors import UserError
from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.evaluation.counts import confusion_counts
from pixelproof.labels import PRESETS, LabelClass, LabelScheme, matching_presets
from pixelproof.progress import track
from pixelproof.runs import (
    Boundaries,
    LABELS_FILE,
    ClassificationScores,
    Scores,
    SegmentationScores,
    Source,
    has_classes,
    load_scores,
    read_labels,
)
from pixelproof.runs.atomic import read_text

Table = TypeVar("Table", dict[str, str], dict[str, Path])
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
    predicted = {_IMAGE_SUFFIX.sub("", name): path for name, path in _masks(predictions).items()}
    true = _masks(truth) if images_in(truth) else _masks_of_split(truth, set(predicted))
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
    return SegmentationScores(tuple(true), counts, scheme, Source(predictions.name), Boundaries.stack(boundaries))


def _masks(folder: Path) -> dict[str, Path]:
    """Return mask files by the name of their image; where images lie beside them, only files named as masks."""
    files = images_in(folder)
    named = {_SUFFIX.sub("", f.stem): f for f in files if _SUFFIX.search(f.stem)}
    masks = named or {f.stem: f for f in files}
    if not masks:
        raise UserError(f"{folder} holds no masks", "give a folder of mask images")
    return masks


def _masks_of_split(root: Path, wanted: set[str]) -> dict[str, Path]:
    """Return the masks of the split of a data set that was predicted."""
    splits = find_layout(root).splits.values()
    return _best([{s.id: s.mask for s in samples if s.mask is not None} for samples in splits], wanted)


def _best(tables: list[Table], wanted: set[str]) -> Table:
    """Return the table that holds most of ``wanted`` and little else: names repeat between splits."""
    return max(tables, key=lambda table: (len(wanted & set(table)), -len(table)))


def _mask_scheme(truth: Path, masks: list[Path], labels: Path | None) -> LabelScheme:
    for path in (labels, truth / LABELS_FILE, truth.parent / LABELS_FILE):
        if path is not None and (has_classes(path) or path == labels):
            return read_labels(path)
    fitting = matching_presets(observed_colors(masks))
    if len(fitting) != 1:
        what = f"fit the presets {' and '.join(fitting)}" if fitting else "are of no known data set"
        raise UserError(f"the masks in {truth} {what}", f"give --labels, or put a {LABELS_FILE} beside them")
    return PRESETS[fitting[0]]


def _score_table(predictions: Path, truth: Path, labels: Path | None) -> ClassificationScores:
    predicted = read_table(predictions)
    true, scheme = _true_labels(truth, set(predicted), labels)
    _same_images(predictions, set(predicted), truth, set(true))
    index = {str(c.id): i for i, c in enumerate(scheme.classes)} | {c.name: i for i, c in enumerate(scheme.classes)}

    def indices(table: dict[str, str], path: Path) -> np.ndarray:
        for name in true:
            if table[name] not in index:
                raise UserError(f"{path}: '{name}' has label '{table[name]}', which is no class", "correct it")
        return np.array([index[table[name]] for name in true], np.int64)

    unknown = np.full(len(true), np.nan)
    return ClassificationScores(
        ids=tuple(true),
        truth=indices(true, truth),
        predicted=indices(predicted, predictions),
        rank=np.full(len(true), -1, np.int64),
        loss=unknown,
        confidence=unknown,
        scheme=scheme,
        source=Source(predictions.stem),
    )


def _true_labels(truth: Path, wanted: set[str], labels: Path | None) -> tuple[dict[str, str], LabelScheme]:
    """Return true labels by file name, and the label contract; a data set's split is the one that was predicted."""
    if truth.is_dir():
        data = open_data(truth)
        tables = [table for samples in data.splits.values() for table in _tables(samples, data.scheme)]
        return _best(tables, wanted), data.scheme
    table = read_table(truth)
    if labels is not None:
        return table, read_labels(labels)
    names = class_names(truth.parent)
    keys = in_order(table.values())
    numbered = all(key.isdecimal() for key in keys)
    keys = in_order({*keys, *names}) if numbered else keys
    classes = [LabelClass(name=names.get(k, k), id=int(k) if numbered else i) for i, k in enumerate(keys)]
    return table, LabelScheme(task="classification", classes=tuple(classes))


def _tables(samples: Sequence[Sample], scheme: LabelScheme) -> list[dict[str, str]]:
    """Return true labels by sample id and, where file names do not repeat, by file name."""
    by_id = {s.id: scheme.names[s.label] for s in samples if s.label is not None}
    by_name = {Path(sample_id).name: label for sample_id, label in by_id.items()}
    return [by_id, by_name] if len(by_name) == len(by_id) else [by_id]


def read_table(path: Path) -> dict[str, str]:
    """Return labels by file name from a CSV with a header.

    Raises:
        UserError: It cannot be read, has no columns for file and label, or names a file twice.
    """
    rows = list(csv.reader(io.StringIO(read_text(path))))
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    file = next((header.index(name) for name in _FILE_COLUMNS if name in header), None)
    label = next((header.index(name) for name in _LABEL_COLUMNS if name in header), None)
    if file is None or label is None:
        raise UserError(f"{path} has no columns for file name and label", "start it with the line 'filename,label'")
    table: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != len(header):
            raise UserError(f"{path}, line {number}: {len(row)} cells, expected {len(header)}", "correct the line")
        if row[file] in table:
            raise UserError(f"{path}, line {number}: '{row[file]}' stands twice", "remove one of the lines")
        table[row[file].strip()] = row[label].strip()
    if not table:
        raise UserError(f"{path} holds no labels", "add a line for each image")
    return table


def _same_images(predictions: Path, predicted: set[str], truth: Path, true: set[str]) -> None:
    for here, there, have, miss in ((predictions, truth, predicted, true), (truth, predictions, true, predicted)):
        if missing := sorted(miss - have):
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise UserError(f"{here} has nothing for '{missing[0]}'{more} of {there}", "score the same images")
