"""Which images belong together: those of one scene, patient or tile, by what their ids have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pixelproof.errors import UserError


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
    compiled = expression(pattern)
    return [_scene(sample_id, compiled) for sample_id in ids]


def expression(pattern: str) -> re.Pattern[str]:
    """Return a pattern, compiled.

    Raises:
        UserError: It is no regular expression.
    """
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UserError(f"groups '{pattern}' is not a regular expression: {error}", "correct it") from None


def _scene(sample_id: str, pattern: re.Pattern[str]) -> str:
    found = pattern.search(sample_id)
    key = found and found.group(1 if pattern.groups else 0)
    if not key:
        problem = f"groups '{pattern.pattern}' finds no group in image '{sample_id}'"
        raise UserError(problem, "give a pattern that fits every id")
    return key
