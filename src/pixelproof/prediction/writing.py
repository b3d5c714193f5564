"""What ``predict`` writes of images: pictures of their masks, or a table of their classes, and probabilities."""

from __future__ import annotations

import csv
import math
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float64, UInt8
from pixelproof.data.images import write_png
from pixelproof.data.reader import as_picture
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme, class_colors, encode_ids
from pixelproof.labels.thresholds import Threshold, reaching
from pixelproof.numbers import counted, room
from pixelproof.prediction.chances import likeliest
from pixelproof.prediction.predictor import Predictor
from pixelproof.progress import track
from pixelproof.runs.predictions_file import (
    COLUMNS,
    GROUP_COLUMNS,
    LOOK_FOR,
    PER_GROUP,
    PREDICTIONS,
    PROBABILITIES,
    PROBABILITY_TABLE,
    probability_file,
    write_classes,
)

Drawing = Literal["mask", "ids", "overlay"]
FOLDERS: dict[Drawing, str] = {"mask": "masks", "ids": "ids", "overlay": "overlays"}
OPACITY = 0.45
ROWS = 256
TOP = 5


def write_answers(
    predictor: Predictor,
    files: Mapping[str, Path],
    folder: Path,
    probabilities: bool,
    thresholds: Sequence[Threshold] = (),
    groups: Mapping[str, str] | None = None,
) -> None:
    """Predict image files and write what was predicted.

    Args:
        predictor: The network.
        files: The image files by the name under which they are predicted.
        folder: To write to.
        probabilities: Whether those of all classes are written, too.
        thresholds: Of a classifier; which of them an image reaches is written, too.
        groups: Of a classifier, the group of each image by its name, for each of which an answer is written, too.

    Raises:
        OSError: The disk is full, or a file is in the way.
        UserError: It has no room for a segmenter's probabilities.
    """
    if predictor.scheme.task == "classification":
        _write_tables(predictor, files, folder, probabilities, thresholds, groups or {})
        return
    if probabilities:
        _require_room(predictor, files.values(), folder)
        write_classes(folder / PROBABILITIES, predictor.scheme)
    for name, file in track(files.items(), "predict", len(files)):
        _write_masks(predictor, file, folder, name, probabilities)


def _require_room(predictor: Predictor, files: Collection[Path], folder: Path) -> None:
    """Refuse a disk that would be full of probabilities after hours of predicting."""
    pixels = sum(math.prod(predictor.reader.size(file)) for file in files)
    size, free = pixels * len(predictor.scheme.classes) * np.float16().nbytes, shutil.disk_usage(folder).free
    if size > free:
        taken = f"the probabilities of {counted(len(files), 'image')} take {room(size)}"
        remedy = "make room, choose an --out on another disk, or predict --part K/N of them"
        raise UserError(f"{taken}, and the disk has {room(free)} free", remedy)


def overlay(image: UInt8, mask: UInt8, colors: UInt8) -> UInt8:
    """Return an image, uint8 [H, W, C], with its mask's colours laid over it, uint8 [H, W, 3]."""
    image = as_picture(image)
    result = np.empty_like(image)
    for top in range(0, len(image), ROWS):  # the sums are eight times as large as the image
        rows = slice(top, top + ROWS)
        mixed = image[rows] * (1 - OPACITY) + colors[mask[rows]] * OPACITY
        result[rows] = mixed.round().astype(np.uint8)
    return result


def drawn(kind: Drawing, scheme: LabelScheme, image: UInt8, mask: UInt8) -> UInt8 | npt.NDArray[np.uint16]:
    """Return one of the pictures that predict writes of a mask.

    Args:
        kind: In the scheme's colours, [H, W, 3], as the scheme's ids, [H, W], or laid over the image, [H, W, 3].
        scheme: The label contract.
        image: uint8 [H, W, C].
        mask: Class indices, uint8 [H, W].
    """
    if kind == "ids":
        ids = encode_ids(scheme, mask)
        return ids.astype(np.uint8) if ids.max() < 256 else ids
    colors = class_colors(scheme)
    return overlay(image, mask, colors) if kind == "overlay" else colors[mask]


def _write_masks(predictor: Predictor, file: Path, out: Path, name: str, probabilities: bool) -> None:
    image = predictor.reader(file)
    if probabilities:
        shape = len(predictor.scheme.classes), *image.shape[:2]
        chances = probability_file(out / PROBABILITIES / f"{name}.npy", shape)
        mask = likeliest(predictor.probability_map(image, chances))
    else:
        mask = predictor.class_map(image)
    for kind, place in FOLDERS.items():
        write_png(out / place / f"{name}.png", drawn(kind, predictor.scheme, image, mask))


def _write_tables(
    predictor: Predictor,
    files: Mapping[str, Path],
    folder: Path,
    probabilities: bool,
    thresholds: Sequence[Threshold],
    groups: Mapping[str, str],
) -> None:
    """Write a classifier's classes, with their probability and the five likeliest, and the probabilities of all.

    Probabilities are at the run's temperature; those of all classes are written to the last digit.
    """
    scheme, columns = predictor.scheme, (*COLUMNS, LOOK_FOR) if thresholds else COLUMNS
    sums: dict[str, Float64] = {}
    with ExitStack() as tables:
        write = tables.enter_context(table(folder / PREDICTIONS, columns))
        if probabilities:
            write_all = tables.enter_context(table(folder / PROBABILITY_TABLE, (COLUMNS[0], *scheme.names)))
        for name, file in track(files.items(), "predict", len(files)):
            chances = predictor.probabilities([predictor.reader(file)])[0]
            write([name, *_answer(chances, scheme, thresholds)])
            if probabilities:
                write_all([name, *chances.tolist()])
            if groups:
                sums[groups[name]] = sums.get(groups[name], 0.0) + chances
    if not groups:
        return
    images = Counter(groups[name] for name in files)
    with table(folder / PER_GROUP, (*GROUP_COLUMNS, *columns[1:])) as write:
        for group, total in sorted(sums.items()):
            # The mean, as evaluation.per_group has it, so that what is known of its answers holds for these.
            write([group, images[group], *_answer(total / images[group], scheme, thresholds)])


def _answer(chances: Float64, scheme: LabelScheme, thresholds: Sequence[Threshold]) -> list[object]:
    """Return what is written of probabilities [K]: behind the first column, the columns of ``predictions.csv``."""
    names, order = scheme.names, np.argsort(-chances, kind="stable")[:TOP].tolist()
    likely = " ".join(f"{names[i]}={chances[i]:.4f}" for i in order)
    row: list[object] = [scheme.classes[order[0]].id, names[order[0]], f"{chances[order[0]]:.6f}", likely]
    return [*row, "; ".join(reaching(chances, scheme, thresholds))] if thresholds else row


@contextmanager
def table(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Sequence[object]], object]]:
    """Open a new CSV with a header and give what writes a row of it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(columns)
        yield rows.writerow
