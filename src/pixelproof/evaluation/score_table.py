"""A table of labels of any tool against true ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np

from pixelproof.array_types import Int64
from pixelproof.data.label_table import ProbabilityTable, header, read_probabilities, read_table
from pixelproof.data.layouts import class_index, class_names
from pixelproof.data.layouts.groups import groups_in
from pixelproof.data.opening import open_data
from pixelproof.data.patches import corrections_among
from pixelproof.data.schemes import scheme_of_keys
from pixelproof.errors import UserError
from pixelproof.evaluation.calibration import confidence_counts
from pixelproof.evaluation.matching import Samples, ids_of, match, require_same_images, scenes_by, without
from pixelproof.evaluation.outcomes import kept, outcomes
from pixelproof.labels import LabelScheme
from pixelproof.runs import ClassificationScores, Source
from pixelproof.runs.labels_file import read_labels_for
from pixelproof.runs.predictions_file import COLUMNS
from pixelproof.runs.scores import Names


def score_table(predictions: Path, truth: Path, labels: Path | None) -> ClassificationScores:
    """Return the scores of a CSV of labels, or of probabilities.

    Args:
        predictions: The table, with a column of file names and one of labels, or one of probabilities for each class.
        truth: Another one, or a data set of labelled images.
        labels: A ``labels.yaml`` for the tables; without it, the labels that stand there are the classes, or those that
            have a column of probabilities.

    Raises:
        UserError: A table cannot be read, an image is missing in one, or a label is of no class.
    """
    if (chances := read_probabilities(predictions)) is not None:
        return _of_probabilities(predictions, chances, truth, labels)
    predicted = read_table(predictions)
    true, scheme, samples, left_out = _true_labels(truth, set(predicted), labels)
    predicted = {name: label for name, label in predicted.items() if name not in left_out}
    require_same_images(predictions, set(predicted), truth, set(true))
    predicted = _named(predictions, predicted, set(scheme.names), truth)

    def indices(table: dict[str, str], path: Path) -> Int64:
        return _indices({name: table[name] for name in true}, path, scheme, truth)

    unknown = np.full(len(true), np.nan)
    return ClassificationScores(
        ids=_ids(samples, true),
        truth=indices(true, truth),
        predicted=indices(predicted, predictions),
        rank=np.full(len(true), -1, np.int64),
        loss=unknown,
        confidence=unknown,
        scheme=scheme,
        source=Source(predictions.stem, **corrections_among(samples.values())),
        groups=_groups(truth, samples, list(true)),
    )


def _indices(table: dict[str, str], path: Path, scheme: LabelScheme, truth: Path) -> Int64:
    """Return the class of each label of a table, int64 [N]."""
    index = class_index(scheme, table.values())
    for name, label in table.items():
        if label not in index:
            problem = f"{path}: '{name}' has label '{label}', which is not a class of {truth}"
            raise UserError(problem, "correct it, or score against the whole data set")
    return np.array([index[label] for label in table.values()], np.int64)


def _of_probabilities(
    predictions: Path, table: ProbabilityTable, truth: Path, labels: Path | None
) -> ClassificationScores:
    """Return the scores of a table of probabilities."""
    true, scheme, samples, left_out = _true_labels(truth, set(table.rows), labels, table.classes)
    require_same_images(predictions, set(table.rows) - left_out, truth, set(true))
    index = class_index(scheme, table.classes)
    if stray := next((name for name in table.classes if name not in index), None):
        raise UserError(f"{predictions} has a column '{stray}', which is no class of {truth}", "remove or rename it")
    places = [index[name] for name in table.classes]
    if missing := next((name for place, name in enumerate(scheme.names) if place not in places), None):
        raise UserError(f"{predictions} has no column for the class '{missing}' of {truth}", "add it")
    chances = np.zeros((len(true), len(places)))
    chances[:, places] = [table.rows[name] for name in true]
    right_class = _indices(true, truth, scheme, truth)
    counts = confidence_counts(chances.max(axis=1), chances.argmax(axis=1) == right_class)
    return ClassificationScores(
        ids=_ids(samples, true),
        truth=right_class,
        **outcomes(chances, right_class),
        scheme=scheme,
        source=Source(predictions.stem, temperatures="given", **corrections_among(samples.values())),
        calibration=counts[:, None],
        probabilities=kept(chances),
        groups=_groups(truth, samples, list(true)),
    )


def _groups(truth: Path, samples: Samples, names: Sequence[str]) -> Names | None:
    """Return the group of each image, str [N], as the data set or the table of true labels says; None without any."""
    if samples:
        return scenes_by(samples, names)
    table = groups_in(truth)
    return np.array([table[name] or name for name in names]) if any(table.values()) else None


def _ids(samples: Samples, names: Iterable[str]) -> tuple[str, ...]:
    ids = ids_of(samples)
    return tuple(ids.get(name, name) for name in names)


def _true_labels(
    truth: Path, wanted: set[str], labels: Path | None, columns: Collection[str] = ()
) -> tuple[dict[str, str], LabelScheme, Samples, set[str]]:
    """Return true labels by file name, the label contract, a data set's samples by file name, and what it leaves out.

    Of a data set, the split that was predicted is taken. A table that has ``columns`` for more classes than the true
    labels name knows more classes.
    """
    if truth.is_dir():
        if labels is not None:
            raise UserError(f"{truth} has classes of its own, so {labels} would not be read", "leave --labels out")
        data = open_data(truth)
        whole = match(data.whole, lambda s: data.place(s.image), wanted, truth)
        samples, left_out = without(whole, data.left_out)
        labelled = {k: data.scheme.names[s.label] for k, s in samples.items() if s.label is not None}
        return labelled, data.scheme, samples, left_out
    table = read_table(truth)
    if labels is not None:
        return table, read_labels_for("classification", labels), {}, set()
    names = class_names(truth.parent)
    keys = set(table.values())
    keys = set(columns) if keys <= set(columns) else keys
    numbered = all(key.isdecimal() for key in keys)
    return table, scheme_of_keys(keys | set(names) if numbered else keys, names, truth), {}, set()


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
    if header(predictions)[: len(COLUMNS)] == list(COLUMNS):
        problem = f"{predictions} is of other classes than {truth}, such as '{next(iter(names.values()))}'"
        raise UserError(problem, "score it against images of the classes that the model knows")
    return predicted
