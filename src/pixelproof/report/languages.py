"""Sentences of a page in every language it can be read in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pixelproof.languages import LANGUAGES, Language

Texts = Mapping[Language, str]
"""The same sentence in every language."""


def translated(sentences_in: Callable[[Language], list[str]]) -> list[Texts]:
    """Return sentences that exist in every language, each with its translations."""
    by_language = {tongue: sentences_in(tongue) for tongue in LANGUAGES}
    return [dict(zip(by_language, row, strict=True)) for row in zip(*by_language.values(), strict=True)]
