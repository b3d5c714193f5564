"""Which images belong together, of one patient or scene: what a table says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pixelproof.data.folder import Sample
from pixelproof.data.label_table import header, read_table
from pixelproof.data.layouts.found import Found
from pixelproof.errors import UserError

FILE = "groups.csv"
COLUMNS = ("group", "group_id", "patient", "patient_id", "subject", "subject_id", "scene", "scene_id")


def groups_in(table: Path) -> dict[str, str]:
    """Return the groups that a table of labels or masks names beside them, by file name; empty if it names none."""
    return read_table(table, COLUMNS) if not {*header(table)}.isdisjoint(COLUMNS) else {}


def add_groups(root: Path, found: Found) -> None:
    """Note the group of each image where ``groups.csv``, columns filename and group, stands in the data's folder.

    A line names an image by its id, its path or its name, with or without suffix; those of images that are not there
    are passed over. An image with an empty group stands for itself.

    Raises:
        UserError: The table cannot be read, a line may mean several images, or an image has none.
    """
    path = root / FILE
    if not path.is_file():
        return
    samples = [sample for samples in found.splits.values() for sample in samples]
    known, groups = images_by_name(root, samples), dict[Path, str]()
    for name, group in read_table(path, COLUMNS).items():
        images = known.get(PurePosixPath(name).as_posix(), set())
        if len(images) > 1:
            both = " or ".join(map(str, sorted(images)[:2]))
            raise UserError(f"{path} names '{name}', which may be {both}", "write paths into the table")
        for image in images:
            if groups.setdefault(image, group) != group:
                raise UserError(f"{path} says '{groups[image]}' and '{group}' of {image}", "remove one of the lines")
    if missing := next((sample.image for sample in samples if sample.image not in groups), None):
        problem = f"{path} has no line for {missing}"
        raise UserError(problem, "add one; its group may be left empty if it belongs to no other image")
    for split, those in found.splits.items():
        found.splits[split] = [replace(sample, group=groups[sample.image] or None) for sample in those]
    found.tables.append(path)


def images_by_name(root: Path, samples: Iterable[Sample]) -> dict[str, set[Path]]:
    """Return the images that a line may stand for; a path or id is never unclear because of a name elsewhere."""
    exact: dict[str, set[Path]] = defaultdict(set)
    loose: dict[str, set[Path]] = defaultdict(set)
    for sample in samples:
        relative = sample.image.relative_to(root)
        for name in {sample.id, relative.as_posix(), relative.with_suffix("").as_posix()}:
            exact[name].add(sample.image)
        for name in (sample.image.name, sample.image.stem):
            loose[name].add(sample.image)
    return loose | exact
