"""``predict``: image files in, masks or a table of classes out."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pixelproof.data.images import read_image, write_png
from pixelproof.data.layouts import MASK_STEM, images_in
from pixelproof.errors import UserError
from pixelproof.labels import class_colors, encode_ids
from pixelproof.prediction.predictor import Predictor
from pixelproof.progress import track
from pixelproof.runs import write_text

UInt8 = npt.NDArray[np.uint8]
OPACITY = 0.45
TOP = 5
MARK = "PREDICTIONS.txt"
"""Stands in a folder that predict has written, so that no other folder's masks are ever removed."""


def predict_files(predictor: Predictor, images: Sequence[Path], out: Path, overwrite: bool = False) -> list[Path]:
    """Predict image files and write what was predicted.

    Segmentation writes ``masks/NAME.png`` in the scheme's colours, ``ids/NAME.png`` with the scheme's ids and
    ``overlays/NAME.png``; classification writes ``predictions.csv``.

    Args:
        predictor: The network.
        images: Files, or folders whose images are taken.
        out: Folder to write to.
        overwrite: Replace what stands in ``out``.

    Returns:
        The files that were predicted.

    Raises:
        UserError: An image cannot be read, two have the same name, or ``out`` holds something already.
    """
    files = gather(images)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        if not overwrite:
            raise UserError(f"{out} already holds something", "choose another --out or give --overwrite")
        if not (out / MARK).is_file():
            raise UserError(f"{out} holds something that predict did not write", "choose another --out")
        _clear(out)
    write_text(out / MARK, "This folder was written by pixelproof predict; --overwrite replaces its predictions.\n")
    if predictor.scheme.task == "classification":
        write_text(out / "predictions.csv", _table(predictor, files))
    else:
        for file in track(files, "predict", len(files)):
            _write_masks(predictor, file, out)
    return files


def gather(paths: Sequence[Path]) -> list[Path]:
    """Return the image files among ``paths``, folders opened one level deep.

    Raises:
        UserError: A path is missing, there are no images, or two have the same name.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += _without_masks(images_in(path))
        elif path.is_file():
            files.append(path)
        else:
            raise UserError(f"{path} does not exist", "give image files or folders of them")
    if not files:
        raise UserError(f"{paths[0]} holds no images" if paths else "no images are given", "give image files")
    seen: dict[str, Path] = {}
    for file in files:
        if (other := seen.setdefault(file.stem, file)) != file:
            raise UserError(f"{other} and {file} would both be written as {file.stem}.png", "predict them one by one")
    return files


def _without_masks(files: list[Path]) -> list[Path]:
    """Leave out NAME_mask where it stands beside the image it belongs to, NAME or NAME_sat."""
    names = {file.stem for file in files}
    bases = names | {name.rsplit("_", 1)[0] for name in names if not MASK_STEM.fullmatch(name)}
    return [f for f in files if not ((match := MASK_STEM.fullmatch(f.stem)) and match.group(1) in bases)]


def overlay(image: UInt8, mask: UInt8, colors: UInt8) -> UInt8:
    """Return the image, uint8 [H, W, 3], with its mask's colours laid over it."""
    mixed = image * (1 - OPACITY) + colors[mask] * OPACITY
    return mixed.round().astype(np.uint8)


def _write_masks(predictor: Predictor, file: Path, out: Path) -> None:
    image = read_image(file)
    mask = predictor.class_map(image)
    colors = class_colors(predictor.scheme)
    ids = encode_ids(predictor.scheme, mask)
    write_png(out / "masks" / f"{file.stem}.png", colors[mask])
    write_png(out / "ids" / f"{file.stem}.png", ids.astype(np.uint8) if ids.max() < 256 else ids)
    write_png(out / "overlays" / f"{file.stem}.png", overlay(image, mask, colors))


def _table(predictor: Predictor, files: list[Path]) -> str:
    """Return the CSV of a classifier's predictions: the class, its probability, and the five likeliest classes.

    Probabilities are at the run's temperature.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["filename", "label", "name", "probability", "top5"])
    names, classes = predictor.scheme.names, predictor.scheme.classes
    for file in track(files, "predict", len(files)):
        chances = predictor.probabilities([read_image(file)])[0]
        order = np.argsort(-chances)[:TOP].tolist()
        likely = " ".join(f"{names[i]}={chances[i]:.4f}" for i in order)
        writer.writerow([file.name, classes[order[0]].id, names[order[0]], f"{chances[order[0]]:.6f}", likely])
    return text.getvalue()


def _clear(out: Path) -> None:
    """Remove what an earlier prediction wrote, and nothing else."""
    for folder in ("masks", "ids", "overlays"):
        shutil.rmtree(out / folder, ignore_errors=True)
    (out / "predictions.csv").unlink(missing_ok=True)
