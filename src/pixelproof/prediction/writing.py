"""What ``predict`` writes of images: pictures of their masks, or a table of their classes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import UInt8
from pixelproof.data.images import write_png
from pixelproof.data.reader import as_picture
from pixelproof.labels import LabelScheme, class_colors, encode_ids
from pixelproof.prediction.predictor import Predictor
from pixelproof.progress import track
from pixelproof.runs import write_text
from pixelproof.runs.predictions_file import COLUMNS, PREDICTIONS

Drawing = Literal["mask", "ids", "overlay"]
FOLDERS: dict[Drawing, str] = {"mask": "masks", "ids": "ids", "overlay": "overlays"}
OPACITY = 0.45
ROWS = 256
TOP = 5


def write_answers(predictor: Predictor, files: Mapping[str, Path], folder: Path) -> None:
    """Predict image files and write what was predicted.

    Args:
        predictor: The network.
        files: The image files by the name under which they are predicted.
        folder: To write to.
    """
    if predictor.scheme.task == "classification":
        write_text(folder / PREDICTIONS, _table(predictor, files))
    else:
        for name, file in track(files.items(), "predict", len(files)):
            _write_masks(predictor, file, folder, name)


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


def _write_masks(predictor: Predictor, file: Path, out: Path, name: str) -> None:
    image = predictor.reader(file)
    mask = predictor.class_map(image)
    for kind, place in FOLDERS.items():
        write_png(out / place / f"{name}.png", drawn(kind, predictor.scheme, image, mask))


def _table(predictor: Predictor, files: Mapping[str, Path]) -> str:
    """Return the CSV of a classifier's predictions: the class, its probability, and the five likeliest classes.

    Probabilities are at the run's temperature.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    names, classes = predictor.scheme.names, predictor.scheme.classes
    for name, file in track(files.items(), "predict", len(files)):
        chances = predictor.probabilities([predictor.reader(file)])[0]
        order = np.argsort(-chances)[:TOP].tolist()
        likely = " ".join(f"{names[i]}={chances[i]:.4f}" for i in order)
        writer.writerow([name, classes[order[0]].id, names[order[0]], f"{chances[order[0]]:.6f}", likely])
    return text.getvalue()
