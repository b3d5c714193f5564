"""What the page shows of a data set: what is wrong with it, how much there is of each class, and examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pixelproof.labels import VOID, LabelScheme, class_colors
from pixelproof.labels.palettes import hex_color
from pixelproof.numbers import count, counted, significant
from pixelproof.report.figures.masks import colored, outlined
from pixelproof.report.pictures import Picture, Tile, flat_uri, photo_uri, small_uri
from pixelproof.runs.diagnosis_file import DiagnosisRecord, FindingRecord
from pixelproof.runs.diagnosis_folder import Illustrated
from pixelproof.runs.shown import Labelled

SAID = 4  # classes of an example
SIZES = 3


@dataclass(frozen=True)
class Complaint:
    """A finding with its pictures."""

    finding: FindingRecord
    tiles: list[Tile]
    files: str
    """How many there are, in words."""


@dataclass(frozen=True)
class ClassAmount:
    """How much there is of a class: in each split, and of the first one as a bar, in percent of the longest."""

    name: str
    color: str
    bar: float
    cells: list[str]


@dataclass(frozen=True)
class Example:
    """One image with its mask."""

    id: str
    size: str
    classes: str
    pictures: list[Picture]


def diagnosed(found: Illustrated) -> dict[str, object]:
    """Return all that ``diagnosis.html.j2`` shows."""
    record = found.record
    masks = record.task == "segmentation"
    return {
        "title": f"Is {record.data} ready to train on?",
        "data": _data(record),
        "verdict": record.verdict,
        "list": _list(record),
        "complaints": [_complaint(finding, found) for finding in record.findings],
        "unit": "% of pixels" if masks else "images",
        "splits": list(record.amounts),
        "amounts": list(_amounts(record)),
        "galleries": [(name, tiles) for name in record.examples if (tiles := _gallery(name, found))],
        "examples": [_example(each, record.scheme) for each in found.examples] if record.scheme else [],
    }


def _data(record: DiagnosisRecord) -> str:
    sizes = [size.replace("x", "×") for size in record.sizes][:SIZES]
    more = f" and {count(record.size_count - len(sizes))} more" if record.size_count > len(sizes) else ""
    facts = [record.task, record.layout]
    facts += [counted(len(record.scheme.classes), "class")] if record.scheme else []
    facts += [f"{split} {count(images)}" for split, images in record.splits.items()]
    return " · ".join([*facts, ", ".join(sizes) + more + " pixels"])


def _list(record: DiagnosisRecord) -> str:
    """Say what the list of images to leave out holds; empty where there is none."""
    if not record.proposed and not record.doubtful:
        return ""
    further = f"{counted(record.doubtful, 'image')} as comments, for a person to decide" if record.doubtful else ""
    sure = counted(record.proposed, "image") if record.proposed else ""
    return f"lists what may be left out: {', and '.join(filter(None, (sure, further)))}"


def _complaint(finding: FindingRecord, found: Illustrated) -> Complaint:
    tiles = [tile for key, label in finding.samples.items() if (tile := _tile(key, label, found))]
    listed = f", of which the first {len(finding.files)}" if len(finding.files) < finding.count else ""
    return Complaint(finding, tiles, counted(finding.count, "file") + listed)


def _tile(key: str, label: str, found: Illustrated) -> Tile | None:
    """Return a sample's image, its mask beside it; None where neither could be read."""
    image, mask = (pictures.by_id.get(key) for pictures in (found.images, found.masks))
    pictures = [] if image is None else [Picture(small_uri(image), f"Image {key}", key)]
    pictures += [] if mask is None else [Picture(small_uri(mask), f"Mask of {key}", key)]
    if not pictures:
        return None
    return Tile(pictures[0], (label,) if label else (), pictures[1] if len(pictures) > 1 else None)


def _amounts(record: DiagnosisRecord) -> Iterator[ClassAmount]:
    """Yield how much there is of each class, in the order of the contract, and of void last."""
    splits = list(record.amounts.values())
    names = list(dict.fromkeys(name for split in splits for name in split))
    colors = _colors(record.scheme) if record.scheme and record.task == "segmentation" else {}
    longest = max(splits[0].values(), default=0) if splits else 0
    for name in names:
        values = [split.get(name, 0) for split in splits]
        cells = [significant(value, 3) if colors else count(value) for value in values]
        yield ClassAmount(name, colors.get(name, ""), 100 * values[0] / longest if longest else 0, cells)


def _colors(scheme: LabelScheme) -> dict[str, str]:
    colors = [hex_color(rgb) for rgb in class_colors(scheme).tolist()]
    return {"void": colors[VOID]} | dict(zip(scheme.names, colors, strict=False))


def _gallery(name: str, found: Illustrated) -> list[Tile]:
    pictures = found.classes.by_id
    return [
        Tile(Picture(small_uri(pictures[key]), f"{name}: {key}", key), ())
        for key in found.record.examples[name]
        if key in pictures
    ]


def _example(each: Labelled, scheme: LabelScheme) -> Example:
    height, width = each.truth.shape
    pictures = [
        Picture(photo_uri(each.image), f"Image {each.id}", "Image"),
        Picture(photo_uri(outlined(each.image, each.truth, scheme)), f"Outlines of the mask of {each.id}", "Outlines"),
        Picture(flat_uri(colored(each.truth, scheme)), f"Mask of {each.id}", "Mask"),
    ]
    return Example(each.id, f"{width}×{height}", _classes(each, scheme), pictures)


def _classes(each: Labelled, scheme: LabelScheme) -> str:
    """Return what a mask holds most of, in words."""
    pixels = np.bincount(each.truth.ravel(), minlength=VOID + 1)
    names = dict(enumerate(scheme.names)) | {VOID: "void"}
    most = [k for k in np.argsort(-pixels, kind="stable").tolist() if pixels[k] and k in names][:SAID]
    return ", ".join(f"{names[k]} {significant(100 * float(pixels[k]) / pixels.sum(), 2)}%" for k in most)
