"""What ``predict`` writes of images: pictures of their masks and probabilities; ``tables`` has what classifiers say."""

from __future__ import annotations

import math
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import UInt8
from pixelproof.data.images import write_png
from pixelproof.data.reader import as_picture
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme, class_colors, encode_ids
from pixelproof.labels.thresholds import NOTHING, LookFor
from pixelproof.numbers import counted, room
from pixelproof.prediction.chances import likeliest
from pixelproof.prediction.predictor import Predictor
from pixelproof.prediction.tables import write_tables
from pixelproof.progress import track
from pixelproof.runs.predictions_file import PROBABILITIES, probability_file, write_classes

Drawing = Literal["mask", "ids", "overlay"]
FOLDERS: dict[Drawing, str] = {"mask": "masks", "ids": "ids", "overlay": "overlays"}
OPACITY = 0.45
ROWS = 256


def write_answers(
    predictor: Predictor,
    files: Mapping[str, Path],
    folder: Path,
    probabilities: bool,
    look_for: LookFor = NOTHING,
    groups: Mapping[str, str] | None = None,
) -> None:
    """Predict image files and write what was predicted.

    Args:
        predictor: The network.
        files: The image files by the name under which they are predicted.
        folder: To write to.
        probabilities: Whether those of all classes are written, too.
        look_for: Of a classifier; which thresholds an image, or a group of them, reaches is written, too.
        groups: Of a classifier, the group of each image by its name, for each of which an answer is written, too.

    Raises:
        OSError: The disk is full, or a file is in the way.
        UserError: It has no room for a segmenter's probabilities.
    """
    if predictor.scheme.task == "classification":
        write_tables(predictor, files, folder, probabilities, look_for, groups or {})
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
