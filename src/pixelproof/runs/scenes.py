"""Which images belong together: those of one scene, patient or tile, by what their ids have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pixelproof.errors import UserError

TABLE = "table"
"""In the place of a pattern: the groups that tables of the data name."""
ALONE = "none"
"""Likewise: every image stands for itself."""


def scenes_of(ids: Iterable[str], pattern: str | None) -> list[str]:
    """Return the scene of each image.

    Args:
        ids: Ids of the images.
        pattern: A regular expression that is searched in each id; images with an equal first group (or, without
            parentheses, an equal match) belong together. Without one every image is a scene of its own.

    Raises:
        UserError: The pattern is none, or an id does not match it.
    """
    if pattern is None:
        return list(ids)
    return [_required(sample_id, pattern) for sample_id in ids]


def scene_in(sample_id: str, pattern: str) -> str | None:
    """Return what a pattern finds in an id, as ``scenes_of`` does; None where it finds nothing.

    Raises:
        UserError: The pattern is none.
    """
    compiled = expression(pattern)
    found = compiled.search(sample_id)
    return (found and found.group(1 if compiled.groups else 0)) or None


def expression(pattern: str) -> re.Pattern[str]:
    """Return a pattern, compiled.

    Raises:
        UserError: It is no regular expression.
    """
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UserError(f"groups '{pattern}' is not a regular expression: {error}", "correct it") from None


def _required(sample_id: str, pattern: str) -> str:
    if (scene := scene_in(sample_id, pattern)) is None:
        problem = f"groups '{pattern}' finds no group in image '{sample_id}'"
        raise UserError(problem, "give a pattern that fits every id")
    return scene
