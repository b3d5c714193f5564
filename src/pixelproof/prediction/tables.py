"""What ``predict`` writes of a classifier: tables of classes, of probabilities, and of one answer for each group."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.labels import LabelScheme
from pixelproof.labels.thresholds import LookFor, Threshold, reaching
from pixelproof.prediction.group_answers import GroupAnswers
from pixelproof.prediction.predictor import Predictor
from pixelproof.progress import track
from pixelproof.runs.predictions_file import (
    COLUMNS,
    GROUP_COLUMNS,
    LOOK_FOR,
    PER_GROUP,
    PREDICTIONS,
    PROBABILITY_TABLE,
)

TOP = 5
Write = Callable[[Sequence[object]], object]


def write_tables(
    predictor: Predictor,
    files: Mapping[str, Path],
    folder: Path,
    probabilities: bool,
    look_for: LookFor,
    groups: Mapping[str, str],
) -> None:
    """Write a classifier's classes, with their probability and the five likeliest, and the probabilities of all.

    Probabilities are at the run's temperature; those of all classes are written to the last digit. Arguments are those
    of ``write_answers``.
    """
    scheme, of_groups = predictor.scheme, GroupAnswers(predictor.scheme, groups, look_for.any_of)
    with ExitStack() as tables:
        write = tables.enter_context(table(folder / PREDICTIONS, _columns(look_for.images)))
        if probabilities:
            write_all = tables.enter_context(table(folder / PROBABILITY_TABLE, (COLUMNS[0], *scheme.names)))
        for name, file in track(files.items(), "predict", len(files)):
            chances = predictor.probabilities([predictor.reader(file)])[0]
            write([name, *_answer(chances, scheme, look_for.images)])
            if probabilities:
                write_all([name, *chances.tolist()])
            of_groups.add(name, chances)
    if groups:
        _write_groups(of_groups, folder, look_for.groups)


def _write_groups(answers: GroupAnswers, folder: Path, thresholds: Sequence[Threshold]) -> None:
    with table(folder / PER_GROUP, (*GROUP_COLUMNS, *_columns(thresholds)[1:])) as write:
        for group, images, chances in answers.rows():
            write([group, images, *_answer(chances, answers.scheme, thresholds)])


def _columns(thresholds: Sequence[Threshold]) -> tuple[str, ...]:
    return (*COLUMNS, LOOK_FOR) if thresholds else COLUMNS


def _answer(chances: Float64, scheme: LabelScheme, thresholds: Sequence[Threshold]) -> list[object]:
    """Return what is written of probabilities [K]: behind the first column, the columns of ``predictions.csv``."""
    names, order = scheme.names, np.argsort(-chances, kind="stable")[:TOP].tolist()
    likely = " ".join(f"{names[i]}={chances[i]:.4f}" for i in order)
    row: list[object] = [scheme.classes[order[0]].id, names[order[0]], f"{chances[order[0]]:.6f}", likely]
    return [*row, "; ".join(reaching(chances, scheme, thresholds))] if thresholds else row


@contextmanager
def table(path: Path, columns: Sequence[str]) -> Iterator[Write]:
    """Open a new CSV with a header and give what writes a row of it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(columns)
        yield rows.writerow
