"""``predict``: image files in, masks or a table of classes out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import UInt8
from pixelproof.config import Task
from pixelproof.data.checking import check_images
from pixelproof.data.images import write_png
from pixelproof.data.layouts import folders_below, folders_in, images_in, without_mask_folders, without_masks
from pixelproof.data.reader import as_picture
from pixelproof.errors import UserError, require_utf8
from pixelproof.labels import LabelScheme, class_colors, encode_ids
from pixelproof.numbers import counted
from pixelproof.prediction.predictor import Predictor
from pixelproof.progress import say_once, track
from pixelproof.runs import write_text
from pixelproof.runs.atomic import atomic_folder, is_leftover
from pixelproof.runs.locks import alone_in
from pixelproof.runs.names import check_length
from pixelproof.runs.predictions_file import COLUMNS, PREDICTIONS

Drawing = Literal["mask", "ids", "overlay"]
FOLDERS: dict[Drawing, str] = {"mask": "masks", "ids": "ids", "overlay": "overlays"}
OPACITY = 0.45
ROWS = 256
TOP = 5
EVERYTHING = slice(None)
MARK = "PREDICTIONS.txt"
"""Stands in a folder that predict has written, so that no other folder's masks are ever removed."""


def predict_files(
    predictor: Predictor, images: Sequence[Path], out: Path, overwrite: bool = False, part: slice = EVERYTHING
) -> list[Path]:
    """Predict image files and write what was predicted, all of it or nothing.

    Segmentation writes ``masks/NAME.png`` in the scheme's colours, ``ids/NAME.png`` with the scheme's ids and
    ``overlays/NAME.png``; classification writes ``predictions.csv``. Images of a folder keep their place in it.

    Args:
        predictor: The network.
        images: Files, or folders whose images are taken, further folders in them included.
        out: Folder to write to.
        overwrite: Replace what stands in ``out``.
        part: Which of the images to predict.

    Returns:
        The files that were predicted.

    Raises:
        UserError: An image cannot be read, two have the same name, ``out`` holds something already, or another process
            writes there.
    """
    # By name, so that all who predict a part of the same images mean the same one.
    files = dict(sorted(gather(images, predictor.scheme.task).items())[part])
    refuse_taken(out, overwrite)
    check_images(list(files.values()), predictor.reader)
    with atomic_folder(out, replaced=(*FOLDERS.values(), PREDICTIONS)) as folder, alone_in(out):
        write_text(folder / MARK, "This folder was written by pixelproof predict; --overwrite replaces its contents.\n")
        if predictor.scheme.task == "classification":
            write_text(folder / PREDICTIONS, _table(predictor, files))
        else:
            for name, file in track(files.items(), "predict", len(files)):
                _write_masks(predictor, file, folder, name)
        refuse_taken(out, overwrite)  # by what another process has written meanwhile
    return list(files.values())


def gather(paths: Sequence[Path], task: Task, *, drawn: bool = False) -> dict[str, Path]:
    """Return the image files among ``paths`` by the name under which they are predicted.

    That is the file's name, with its place in the folder that was given, without suffix where pictures are written.
    Hidden files and earlier predictions are left out, and for segmentation masks that lie beside their images.

    Args:
        paths: Files, or folders of them.
        task: What the network does with them.
        drawn: Whether a picture is written of each image, as segmentation always does.

    Raises:
        UserError: A path is missing, there are no images, two have the same name, or a table cannot hold a name.
    """
    files: dict[str, Path] = {}
    drawn = drawn or task == "segmentation"
    for path in paths:
        for file, place in _images_of(path, task):
            name = (place.with_suffix("") if drawn else place).as_posix()
            if not drawn:  # a table holds text alone
                require_utf8(name)
            if (other := files.setdefault(name, file)) != file:
                raise UserError(f"{other} and {file} would both be predicted as '{name}'", "predict them one by one")
    if not files:
        raise UserError(f"{paths[0]} holds no images" if paths else "no images are given", "give image files")
    if drawn:
        _refuse_undrawable(files)
    return files


def _refuse_undrawable(files: Mapping[str, Path]) -> None:
    """Refuse names of which no picture can be called.

    Raises:
        UserError: One is too long, or the picture would stand where a folder does.
    """
    folders = {str(folder) for name in files for folder in PurePosixPath(name).parents}
    for name, file in files.items():
        check_length(file)
        if f"{name}.png" in folders:
            raise UserError(f"the picture of {file} would be called as the folder {name}.png is", "rename one of them")


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


def _images_of(path: Path, task: Task) -> Iterator[tuple[Path, Path]]:
    """Yield the image files that a path stands for, and the place of each in it."""
    if path.is_dir():
        files = _without_masks(path) if task == "segmentation" else _below(path)
        yield from ((file, file.relative_to(path)) for file in files)
    elif path.is_file():
        yield path, Path(path.name)
    else:
        raise UserError(f"{path} does not exist", "give image files or folders of them")


def _below(root: Path) -> Iterator[Path]:
    """Yield the images in a folder and below, earlier predictions aside."""
    for folder in folders_below(root, _unpredicted):
        yield from images_in(folder)


def _without_masks(root: Path) -> Iterator[Path]:
    """Yield the images in a folder and below but for masks that lie beside images, and say how many these are."""
    masks = 0

    def inside(folder: Path) -> list[Path]:
        nonlocal masks
        folders = _unpredicted(folder)
        kept = without_mask_folders(folders)
        masks += sum(len(images_in(f)) for f in folders if f not in kept)
        return kept

    for folder in folders_below(root, inside):
        images = images_in(folder)
        files = without_masks(images)
        masks += len(images) - len(files)
        yield from files
    if masks:
        say_once(f"note: {counted(masks, 'file')} in {root} left out as the masks of images")


def _unpredicted(folder: Path) -> list[Path]:
    """Return the folders in a folder that predict has not written."""
    return [inner for inner in folders_in(folder) if not (inner / MARK).is_file()]


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


def refuse_taken(out: Path, overwrite: bool) -> None:
    """Refuse a folder to write predictions to that holds something that they may not replace.

    Raises:
        UserError: It does.
    """
    if not out.exists() or (out.is_dir() and all(is_leftover(entry) for entry in out.iterdir())):
        return
    if not overwrite:
        raise UserError(f"{out} already holds something", "choose another --out or give --overwrite")
    if not (out / MARK).is_file():
        raise UserError(f"{out} holds something that predict did not write", "choose another --out")
