"""What the labels of a folder mean: its own ``labels.yaml``, else its class names, else what its masks fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pixelproof.data.layouts.classes import class_index, class_names
from pixelproof.data.layouts.found import Found
from pixelproof.data.masks import read_mask_values
from pixelproof.data.spread import spread
from pixelproof.errors import UserError
from pixelproof.labels import LARGEST_ID, PRESETS, Color, LabelScheme, count_colors, matching_presets
from pixelproof.runs import LABELS_FILE, has_classes, named_task, read_labels
from pixelproof.schema import parse

_MASKS_LOOKED_AT = 40


def find_scheme(root: Path, found: Found) -> LabelScheme:
    """Return the label contract: ``labels.yaml``, else that of several folders, the class names, the preset masks fit.

    Raises:
        UserError: Masks fit no preset or several, or ``labels.yaml`` is for another task.
    """
    if has_classes(root / LABELS_FILE):
        return read_labels(root / LABELS_FILE)
    check_task(root, found, named_task(root / LABELS_FILE))
    if found.scheme is not None:
        return found.scheme
    if found.task == "classification":
        return scheme_of_classes(root, found)
    masks = [sample.mask for samples in found.splits.values() for sample in samples if sample.mask]
    fitting = matching_presets(observed_colors(masks))
    if len(fitting) == 1:
        return PRESETS[fitting[0]]
    if fitting:
        raise UserError(
            f"the masks in {root} fit the presets {' and '.join(fitting)}",
            f"write 'preset: {fitting[0]}' or another into {root / LABELS_FILE}",
        )
    raise UserError(
        f"{root} has no {LABELS_FILE} that names classes and its masks are of no known data set",
        f"run 'pixelproof doctor {root} --write-labels' for a proposal and correct its names",
    )


def check_task(root: Path, found: Found, task: str | None) -> None:
    """Refuse a ``labels.yaml`` that is for another task than the files are laid out for; None is for any."""
    if task not in (None, found.task):
        raise UserError(
            f"{root / LABELS_FILE} is for {task}, but the files are laid out for {found.task}",
            "correct 'task:' or the layout",
        )


def observed_colors(masks: list[Path]) -> set[Color]:
    """Return the colours in up to 40 masks, evenly spread; empty if any of them is an index mask."""
    colors: set[Color] = set()
    for path in spread(masks, _MASKS_LOOKED_AT):
        rgb = read_mask_values(path)[1]
        if rgb is None:
            return set()
        colors |= set(count_colors(rgb))
    return colors


def in_order(names: Iterable[str]) -> list[str]:
    """Return class names sorted, by value where all are numbers."""
    names = set(names)
    return sorted(names, key=int) if all(name.isdecimal() for name in names) else sorted(names)


def scheme_of_classes(root: Path, found: Found) -> LabelScheme:
    """Return the label contract that class names give, with the names that ``id2label.json`` has for numbers.

    Raises:
        UserError: Two classes have the same name or id, or names are numbers that are also ids of other classes.
    """
    names = class_names(root)
    scheme = scheme_of_keys(found.class_of.values(), names, root / "id2label.json" if names else root)
    class_index(scheme, found.class_of.values())
    return scheme


def scheme_of_keys(keys: Iterable[str], names: Mapping[str, str], where: Path) -> LabelScheme:
    """Return the label contract of classes that are called by number or by name.

    Args:
        keys: What the classes are called; numbers become their ids.
        names: Names by number, where there are any.
        where: Where they were found, for the message.

    Raises:
        UserError: Two classes have the same name or id, or one has no name.
    """
    ordered = in_order(keys)
    numbered = all(key.isdecimal() and int(key) <= LARGEST_ID for key in ordered)
    # What is no id is known by its name alone, so that stays.
    classes: list[dict[str, str | int]] = (
        [{"name": names.get(key, key), "id": int(key)} for key in ordered]
        if numbered
        else [{"name": key, "id": index} for index, key in enumerate(ordered)]
    )
    return parse(LabelScheme, {"task": "classification", "classes": classes}, str(where))
