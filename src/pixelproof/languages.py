"""The languages in which a comparison speaks."""

from __future__ import annotations

from typing import Final, Literal, get_args

from pixelproof.schema import one_of

Language = Literal["en", "zh-Hant"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


def known_language(name: str) -> Language:
    """Return the language of that name.

    Raises:
        UserError: There is none.
    """
    return one_of(name, LANGUAGES, "language")
