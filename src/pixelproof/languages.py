"""The languages in which a comparison speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, get_args

from pixelproof.schema import one_of

Language = Literal["en", "zh-Hant"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
Texts = Mapping[Language, str]
"""The same sentence in every language."""


def known_language(name: str) -> Language:
    """Return the language of that name.

    Raises:
        UserError: There is none.
    """
    return one_of(name, LANGUAGES, "language")


def translated(sentences_in: Callable[[Language], list[str]]) -> list[Texts]:
    """Return sentences that exist in every language, each with its translations."""
    by_language = {tongue: sentences_in(tongue) for tongue in LANGUAGES}
    return [dict(zip(by_language, row, strict=True)) for row in zip(*by_language.values(), strict=True)]
