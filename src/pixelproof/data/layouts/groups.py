"""Which images belong together, of one patient or scene: what a table says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path, PurePosixPath

from pixelproof.data.folder import Sample, place_in
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

    Raises:
        UserError: As of ``add_groups_of``.
    """
    if (path := root / FILE).is_file():
        add_groups_of(path, found)


def add_groups_of(path: Path, found: Found) -> None:
    """Note the group of each image by a table in the data's folder.

    A line names an image by its id, its path or its name, with or without suffix; those of images that are not there
    are passed over. An image with an empty group stands for itself.

    Raises:
        UserError: The table cannot be read, a line may mean several images, or an image has none.
    """
    ids = names_by_image(path.parent, found, chain(*found.splits.values()))
    groups = read_groups(path, ids)
    for split, those in found.splits.items():
        found.splits[split] = [replace(sample, group=groups[sample.image] or None) for sample in those]
    found.tables.append(path)


def ids_by_image(samples: Iterable[Sample]) -> dict[Path, set[str]]:
    """Return the ids of each image."""
    ids: dict[Path, set[str]] = defaultdict(set)
    for sample in samples:
        ids[sample.image].add(sample.id)
    return ids


def names_by_image(root: Path, found: Found, samples: Iterable[Sample]) -> dict[Path, set[str]]:
    """Return the ids of each image and its path in the data set, with suffix and without."""
    names = ids_by_image(samples)
    for image, own in names.items():
        place = found.place(root, image)
        own |= {place, place.removesuffix(image.suffix)}
    return names


def read_groups(path: Path, ids: Mapping[Path, Collection[str]]) -> dict[Path, str]:
    """Return the group of each image by a table, empty where it stands for itself.

    Args:
        path: The table.
        ids: What each image may be called, but for its path from the table's folder and its name.

    Raises:
        UserError: See ``add_groups``.
    """
    known, groups = images_by_name(path.parent, ids), dict[Path, str]()
    for name, group in read_table(path, COLUMNS).items():
        images = known.get(PurePosixPath(name).as_posix(), set())
        if len(images) > 1:
            both = " or ".join(map(str, sorted(images)[:2]))
            raise UserError(f"{path} names '{name}', which may be {both}", "write paths into the table")
        for image in images:
            if groups.setdefault(image, group) != group:
                raise UserError(f"{path} says '{groups[image]}' and '{group}' of {image}", "remove one of the lines")
    if missing := next((image for image in ids if image not in groups), None):
        problem = f"{path} has no line for {missing}"
        raise UserError(problem, "add one; its group may be left empty if it belongs to no other image")
    return groups


def images_by_name(root: Path, ids: Mapping[Path, Collection[str]]) -> dict[str, set[Path]]:
    """Return the images that a line may stand for; a path or id is never unclear because of a name elsewhere."""
    exact: dict[str, set[Path]] = defaultdict(set)
    loose: dict[str, set[Path]] = defaultdict(set)
    for image, own in ids.items():
        relative = place_in(root, {}, image)
        for name in {*own, relative, relative.removesuffix(image.suffix)}:
            exact[name].add(image)
        for name in (image.name, image.stem):
            loose[name].add(image)
    return loose | exact
