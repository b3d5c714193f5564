"""The languages in which a comparison speaks."""

from __future__ import annotations

from typing import Final, Literal, get_args

from pixelproof.errors import UserError
from pixelproof.schema import nearest

Language = Literal["en", "zh-Hant"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


def known_language(name: str) -> Language:
    """Return the language of that name.

    Raises:
        UserError: There is none.
    """
    for known in LANGUAGES:
        if known == name:
            return known
    raise UserError(f"there is no language '{name}'", nearest(name, list(LANGUAGES)))
