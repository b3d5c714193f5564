"""``predict``: image files in, masks or a table of classes out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.data.checking import check_images, unreadable
from pixelproof.data.layouts import (
    IMAGE_SUFFIXES,
)
from pixelproof.data.reader import ImageReader
from pixelproof.errors import UserError, printable
from pixelproof.labels.thresholds import NOTHING, LookFor
from pixelproof.numbers import counted
from pixelproof.prediction.gathering import MARK, gather, refuse_unstorable
from pixelproof.prediction.grouping import groups_of
from pixelproof.prediction.predictor import Predictor
from pixelproof.prediction.tables import table
from pixelproof.prediction.writing import FOLDERS, write_answers
from pixelproof.progress import say
from pixelproof.runs import write_text
from pixelproof.runs.atomic import atomic_folder
from pixelproof.runs.leftovers import is_leftover
from pixelproof.runs.locks import alone_in
from pixelproof.runs.predictions_file import PER_GROUP, PREDICTIONS, PROBABILITIES, PROBABILITY_TABLE

EVERYTHING = slice(None)
LEFT_OUT = "left_out.csv"
FILES = IMAGE_SUFFIXES | {".csv", ".json", ".npy", ".npz", ".txt"}
"""Ends of names that are of files, and not of a folder."""
WRITTEN = (*FOLDERS.values(), PROBABILITIES, PREDICTIONS, PER_GROUP, PROBABILITY_TABLE, LEFT_OUT)


def predict_files(
    predictor: Predictor,
    images: Sequence[Path],
    out: Path,
    overwrite: bool = False,
    part: slice = EVERYTHING,
    probabilities: bool = False,
    skip: bool = False,
    look_for: LookFor = NOTHING,
    per_group: str | None = None,
) -> list[Path]:
    """Predict image files and write what was predicted, all of it or nothing.

    Segmentation writes ``masks/NAME.png`` in the scheme's colours, ``ids/NAME.png`` with the scheme's ids and
    ``overlays/NAME.png``; classification writes ``predictions.csv``. Images of a folder keep their place in it.
    Probabilities of all classes are ``probabilities/NAME.npy``, float16 [K, H, W], or ``probabilities.csv``.

    Args:
        predictor: The network.
        images: Files, or folders whose images are taken, further folders in them included.
        out: Folder to write to.
        overwrite: Replace what stands in ``out``.
        part: Which of the images to predict.
        probabilities: Write those of all classes, too.
        skip: Leave out images that cannot be read, and write which and why to ``left_out.csv``.
        look_for: See ``write_answers``.
        per_group: What names groups of images, for each of which an answer is written, too; see ``groups_of``.

    Returns:
        The files that were predicted.

    Raises:
        UserError: An image cannot be read, or with ``skip`` none can; two have the same name, ``out`` holds something
            already, another process writes there, or the disk has no room for probabilities.
    """
    # By name, so that all who predict a part of the same images mean the same one.
    files = dict(sorted(gather(images, predictor.scheme.task).items())[part])
    groups = None if per_group is None else groups_of(files, per_group)
    if probabilities and predictor.scheme.task == "segmentation":
        refuse_unstorable(files)
    refuse_taken(out, overwrite)
    broken = _left_out(files, predictor.reader) if skip else {}
    if not skip:
        check_images(list(files.values()), predictor.reader)
    with atomic_folder(out, WRITTEN) as folder, alone_in(out):
        write_text(folder / MARK, "This folder was written by pixelproof predict; --overwrite replaces its contents.\n")
        write_answers(predictor, files, folder, probabilities, look_for, groups)
        if broken:
            with table(folder / LEFT_OUT, ["filename", "reason"]) as write:
                for name, error in broken.items():
                    write([printable(name), printable(error.problem)])
        refuse_taken(out, overwrite)  # by what another process has written meanwhile
    return list(files.values())


def _left_out(files: dict[str, Path], reader: ImageReader) -> dict[str, UserError]:
    """Take the images that cannot be read out of ``files``, and return why.

    Raises:
        UserError: None can be read.
    """
    broken = unreadable(files, reader)
    if len(broken) == len(files):
        raise next(iter(broken.values()))
    for name in broken:
        del files[name]
    if broken:
        say(f"warning: {counted(len(broken), 'image')} left out, as they cannot be read; {LEFT_OUT} says which and why")
    return broken


def refuse_taken(out: Path, overwrite: bool) -> None:
    """Refuse a folder to write predictions to that is called as a file, or holds something they may not replace.

    Raises:
        UserError: It does.
    """
    if out.suffix.lower() in FILES and not out.is_dir():
        raise UserError(f"--out {out} is called as a file, and predictions are written to a folder", "name a folder")
    if not out.exists() or (out.is_dir() and all(is_leftover(entry) for entry in out.iterdir())):
        return
    if not overwrite:
        raise UserError(f"{out} already holds something", "choose another --out or give --overwrite")
    if not (out / MARK).is_file():
        raise UserError(f"{out} holds something that predict did not write", "choose another --out")
