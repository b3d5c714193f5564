"""Files of annotations, one or many, of any kind that is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pixelproof.data.annotations.coco as coco
import pixelproof.data.annotations.cvat as cvat
import pixelproof.data.annotations.labelme as labelme
import pixelproof.data.annotations.yolo as yolo
from pixelproof.data.annotations.shapes import Drawing
from pixelproof.data.layouts import folders_below
from pixelproof.errors import UserError
from pixelproof.numbers import room
from pixelproof.progress import say
from pixelproof.runs.files import read_json, read_xml, read_yaml

KNOWN = "give COCO or LabelMe files, CVAT's annotations.xml, or YOLO's data.yaml"
YAML = (".yaml", ".yml")
LARGE = 10e6
"""Bytes of a file from which on it is said that it is being read."""
LARGEST = 1e9
"""Bytes of XML that may be read; in memory it takes several times that."""


def read_annotations(given: Sequence[Path]) -> tuple[dict[str, int], list[Drawing]]:
    """Return the ids of classes by name, none where files differ or say nothing, and all that is drawn.

    Args:
        given: Files, or folders of these; other files of a folder are left out.

    Raises:
        UserError: A file is of none of these kinds, damaged, or contradicts itself, or a folder holds none.
    """
    ids: dict[str, set[int]] = defaultdict(set)
    found: list[Drawing] = []
    for file, asked in _files(given).items():
        if (read := _read(file)) is not None:
            named, drawn = read
            found += drawn
            for name, number in named.items():
                ids[name].add(number)
        elif asked:
            raise UserError(f"{file} holds no annotations that are read", KNOWN)
        else:
            say(f"note: {file} holds no annotations, and is left out")
    if not found:
        raise UserError(f"{' and '.join(map(str, given))} hold no annotations of an image", KNOWN)
    agreed = {name: min(numbers) for name, numbers in ids.items() if len(numbers) == 1}
    return agreed if len(agreed) == len(ids) else {}, found


def _files(given: Iterable[Path]) -> dict[Path, bool]:
    """Return the files, each once, and whether somebody named them and not the folder they lie in."""
    files: dict[Path, tuple[Path, bool]] = {}
    for path in given:
        for file in _inside(path) if path.is_dir() else [path]:
            files.setdefault(file.resolve(), (file, file == path))
    return dict(files.values())


def _inside(given: Path) -> list[Path]:
    files = [file for folder in folders_below(given) for file in sorted(folder.iterdir()) if _may_be_one(file)]
    if not files:
        raise UserError(f"{given} holds no annotations", KNOWN)
    return files


def _may_be_one(file: Path) -> bool:
    named = file.name in (yolo.USUAL, cvat.USUAL) or file.suffix.lower() == ".json"
    return named and not file.name.startswith(".") and file.is_file()


def _read(file: Path) -> tuple[dict[str, int], list[Drawing]] | None:
    """Return the ids of classes by name, none of LabelMe, and what is drawn; None of a file of another kind."""
    size = file.stat().st_size if file.is_file() else 0
    if size > LARGE:
        say(f"reading {file}, {room(size)}")
    if file.suffix.lower() in YAML:
        values = read_yaml(file)
        return yolo.read_yolo(file, values) if isinstance(values, dict) and values.keys() >= yolo.KEYS else None
    if file.suffix.lower() == ".xml":
        if size > LARGEST:
            raise UserError(f"{file} has {room(size)}, more than is read at once", "export task by task and give all")
        root = read_xml(file)
        return cvat.read_cvat(file, root) if root.tag == cvat.ROOT else None
    values = read_json(file)
    if not isinstance(values, dict):
        return None
    if values.keys() >= coco.KEYS:
        return coco.read_coco(file, values)
    if values.keys() >= labelme.KEYS:
        return {}, [labelme.read_labelme(file, values)]
    return None
