"""The label contract of masks that are drawn anew."""

from __future__ import annotations

import math

import numpy as np

from pixelproof.array_types import UInt8
from pixelproof.errors import UserError
from pixelproof.labels.palettes import class_colors
from pixelproof.labels.scheme import VOID, LabelScheme


def class_name(text: str) -> str:
    """Return a name in one line, without characters that are none, such as those that colour a terminal.

    >>> class_name("  bare   soil ")
    'bare soil'
    """
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def given_name(text: str | None, option: str) -> str | None:
    """Return the name of a class that somebody gave by an option, None where none is.

    Raises:
        UserError: It is blank.
    """
    if text is None:
        return None
    if not (name := class_name(text)):
        raise UserError(f"{option} gives no name", "give the name of a class")
    return name


def name_order(name: str) -> tuple[bool, float, str]:
    """Return by what names of classes are sorted: numbers first, by value.

    >>> sorted(["b", "10", "a", "9"], key=name_order)
    ['9', '10', 'a', 'b']
    """
    try:
        value = float(name)
    except ValueError:
        value = math.nan
    return (False, value, name) if math.isfinite(value) else (True, 0.0, name)


def byte_masks(scheme: LabelScheme) -> tuple[LabelScheme, UInt8]:
    """Return a scheme whose masks are bytes, with colours for all, and the byte of each class index, uint8 [256].

    Ids stay as they are where a byte beside ``VOID`` holds them; else they are the classes' places.
    """
    kept = max(scheme.ids) < VOID
    numbers = list(scheme.ids) if kept else list(range(len(scheme.ids)))
    colors = class_colors(scheme).tolist()
    classes = tuple(
        each.model_copy(update={"id": number, "color": tuple(color), "aliases": (), "alias_ids": ()})
        for each, number, color in zip(scheme.classes, numbers, colors, strict=False)
    )
    values = np.full(VOID + 1, VOID, np.uint8)
    values[: len(numbers)] = numbers
    return LabelScheme(task="segmentation", classes=classes, void_ids=(VOID,)), values
