"""``masks``: what people drew around things on images, as masks to train on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Bool, Int64, UInt8
from pixelproof.data.annotations import IGNORED, Drawing, Places, Shape, read_annotations
from pixelproof.data.images import encode_png, image_size
from pixelproof.data.layouts.listing import split_name
from pixelproof.data.layouts.tables import MASKS
from pixelproof.errors import UserError
from pixelproof.labels import VOID, LabelScheme
from pixelproof.labels.drawn import byte_masks, given_name, name_order
from pixelproof.progress import track
from pixelproof.runs import LABELS_FILE, labels_to_yaml
from pixelproof.runs.atomic import atomic_folder
from pixelproof.runs.files import AnyPath, Paths, as_csv, as_paths, write_text
from pixelproof.schema import parse

FOLDER = "masks"


@dataclass
class Tally:
    """What became of shapes: pixels by class index, how often each class was drawn, and pixels drawn over."""

    pixels: Int64
    shapes: Counter[str]
    covered: int = 0


def draw_masks(annotations: Paths, images: AnyPath | None = None, rest: str | None = None) -> dict[str, Any]:
    """Write ``masks/``, ``masks.csv`` and ``labels.yaml`` into the folder of the images.

    Args:
        annotations: COCO or LabelMe files, CVAT's ``annotations.xml``, YOLO's ``data.yaml``, or folders of these.
        images: The folder that holds the images, also in folders; by default that of the annotations.
        rest: The class of what nothing is drawn around, which else is of no class.

    Returns:
        ``folder``, ``classes`` (by name: ``pixels``, ``shapes``), ``images``, ``left_out`` (images without a class),
        ``missing`` (images that are not there), ``covered`` (pixels that were drawn over with another class),
        ``undrawn`` (shapes without an area, as boxes and points) and ``unoutlined`` (images that were left out since
        such a shape would be of ``rest``).

    Raises:
        UserError: A file cannot be read or contradicts an image, or masks are there already.
    """
    given, rest = as_paths(annotations), given_name(rest, "--rest")
    root = Path(images) if images is not None else _common(given)
    _refuse_existing(root)
    ids, found = read_annotations(given)
    placed = Places(root).of(found)
    kept = _outlined(placed, rest)
    scheme, values = _scheme(ids, [each for drawn in kept.values() for each in drawn], rest)
    tally = Tally(np.zeros(VOID + 1, np.int64), Counter())
    rows, splits = [], _splits(found)
    with atomic_folder(root) as temporary:
        for image, each in track(kept.items(), "draw", len(kept)):
            mask = _drawn(image, each, scheme, rest, tally)
            if (mask == VOID).all():
                continue
            name = image.relative_to(root)
            drawn = f"{FOLDER}/{name.with_suffix('.png').as_posix()}"
            (temporary / drawn).parent.mkdir(parents=True, exist_ok=True)
            (temporary / drawn).write_bytes(encode_png(values[mask]))
            rows.append((name.as_posix(), drawn, _split(name, image, each, splits)))
        if not rows:
            raise UserError(f"no image of {root} has anything drawn that has an area", "give outlines, or --rest")
        write_text(temporary / LABELS_FILE, labels_to_yaml(scheme))
        write_text(temporary / MASKS, _table(rows))
    return {
        "classes": {
            name: {"pixels": int(tally.pixels[k]), "shapes": tally.shapes[name]} for k, name in enumerate(scheme.names)
        },
        "folder": str(root),
        "images": len(rows),
        "left_out": len(kept) - len(rows),
        "missing": len({each.called for each in found})
        - len({each.called for drawn in placed.values() for each in drawn}),
        "covered": tally.covered,
        "undrawn": sum(not shape.drawn for drawn in placed.values() for each in drawn for shape in each.shapes),
        "unoutlined": len(placed) - len(kept),
    }


def _common(given: Sequence[Path]) -> Path:
    """Return the folder of the annotations, where it is one."""
    folders = {path if path.is_dir() else path.parent for path in given}
    if len(folders) > 1:
        raise UserError("the annotations lie in several folders", "say by --images which one holds the images")
    return folders.pop()


def _refuse_existing(root: Path) -> None:
    if not root.is_dir():
        raise UserError(f"{root} is not a folder", "say by --images which one holds the images")
    if there := next((root / name for name in (FOLDER, MASKS, LABELS_FILE) if (root / name).exists()), None):
        raise UserError(f"{there} already exists", f"move it out of {root}, for it may be somebody's work")


def _outlined(placed: dict[Path, list[Drawing]], rest: str | None) -> dict[Path, list[Drawing]]:
    """Return the images to draw masks for: with a rest, those on which each thing has an outline or is of the rest.

    Raises:
        UserError: Nothing on them has an outline.
    """
    shapes = {image: [shape for each in drawn for shape in each.shapes] for image, drawn in placed.items()}
    outlined = {i for i, drawn in shapes.items() if any(shape.drawn and shape.name != IGNORED for shape in drawn)}
    hiding = {i for i, drawn in shapes.items() if rest and any(not s.drawn and s.name != rest for s in drawn)}
    if not outlined:
        raise UserError("nothing that is annotated has an outline and a class", "draw outlines; boxes have none")
    if not outlined - hiding:
        problem = f"each image with an outline has a thing without one too, which --rest would take for '{rest}'"
        raise UserError(problem, "draw outlines around all things, or leave out --rest")
    return {image: drawn for image, drawn in placed.items() if image not in hiding}


def _scheme(ids: dict[str, int], found: Sequence[Drawing], rest: str | None) -> tuple[LabelScheme, UInt8]:
    """Return the classes that are drawn and that of the rest, and the byte of each in masks."""
    drawn = {shape.name for each in found for shape in each.shapes if shape.drawn} - {IGNORED}
    names = sorted(drawn if rest in ids else drawn - {rest}, key=name_order)
    names += [rest] if rest in ids and rest not in names else []
    numbers = {name: ids.get(name, VOID) for name in names}
    if len(set(numbers.values())) < len(numbers) or not all(0 <= number < VOID for number in numbers.values()):
        numbers = {name: place for place, name in enumerate(names)}
    if rest and rest not in numbers:
        numbers[rest] = min({*range(len(numbers) + 1)} - {*numbers.values()})
    if len(numbers) < 2:
        remedy = f"give --rest another class than '{rest}'" if rest else "say by --rest what all else is"
        raise UserError("1 class drawn, and two are needed", remedy)
    if len(numbers) > VOID:
        raise UserError(f"{len(numbers):,} classes are drawn, and {VOID} are possible", "leave some out")
    classes = [{"name": name, "id": n} for name, n in sorted(numbers.items(), key=lambda item: item[1])]
    return byte_masks(parse(LabelScheme, {"task": "segmentation", "classes": classes}, "annotations"))


def _drawn(image: Path, found: Sequence[Drawing], scheme: LabelScheme, rest: str | None, tally: Tally) -> UInt8:
    """Return the class index of each pixel, uint8 [H, W]: of what was drawn last, as the tools show it."""
    height, width = image_size(image)
    ground = scheme.names.index(rest) if rest else VOID
    mask = np.full((height, width), ground, np.uint8)
    for each in found:
        if each.size not in (None, (height, width)):
            problem = f"{each.source} says that {image} has {each.size[1]} x {each.size[0]} pixels"
            raise UserError(f"{problem}, and it has {width} x {height}", "give the images that were annotated")
        for shape in (shape for shape in each.shapes if shape.drawn):
            inside = _mask(each, shape, height, width)
            index = VOID if shape.name == IGNORED else scheme.names.index(shape.name)
            tally.covered += int((inside & (mask != ground) & (mask != index)).sum())
            tally.shapes[shape.name] += 1
            mask[inside] = index
    tally.pixels += np.bincount(mask.ravel(), minlength=VOID + 1)
    return mask


def _mask(each: Drawing, shape: Shape, height: int, width: int) -> Bool:
    try:
        return shape.mask(height, width)
    except ValueError as error:
        raise UserError(f"{each.source}: of a '{shape.name}' on {each.file} {error}", "export it again") from None


def _splits(found: Sequence[Drawing]) -> dict[Path, str]:
    """Return the split that the name of each file of annotations says, where several say different ones."""
    words = {each.source: re.split(r"[^a-z]+", each.source.stem.lower()) for each in found if each.listed}
    said = {file: next(filter(None, map(split_name, map(Path, names))), "") for file, names in words.items()}
    return said if len({*said.values()} - {""}) > 1 else {}


def _split(name: Path, image: Path, found: Sequence[Drawing], splits: dict[Path, str]) -> str:
    """Return the split that a folder of an image, its annotations or their names say; empty where none does."""
    folders = map(split_name, map(Path, name.parts[:-1]))
    folder = next(filter(None, (*folders, *(each.split for each in found))), "")
    said = {splits[each.source]: each.source for each in found if splits.get(each.source)}
    if len(said) > 1 and not folder:
        both = " and ".join(f"{file} ({split})" for split, file in said.items())
        raise UserError(f"{image} is annotated in {both}", "give it to one split")
    return folder or next(iter(said), "")


def _table(rows: Sequence[tuple[str, str, str]]) -> str:
    """Return ``masks.csv``, with splits where any is known."""
    if not any(split for *_, split in rows):
        return as_csv([("filename", "mask"), *((image, mask) for image, mask, _ in rows)])
    return as_csv([("filename", "mask", "split"), *((image, mask, split or "train") for image, mask, split in rows)])
