"""Names of losses and augmentations, as settings write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator

from pixelproof.plugins import AUGMENTATIONS, PREFIX, plugin_names
from pixelproof.plugins import LOSSES as OF_PACKAGES
from pixelproof.schema import nearest

LOSSES = ("cross-entropy", "focal", "dice", "lovasz")
OF_OVERLAP = {"dice", "lovasz"}
"""Losses that compare areas, and so have nothing to compare in classified images."""


def _losses(value: str) -> str:
    for part in value.split("+"):
        if part not in LOSSES:
            _check_plugin(part, "a loss (several are joined by +)", [*LOSSES, *plugin_names(OF_PACKAGES)])
    return value


def _augmentation(value: str) -> str:
    _check_plugin(value, "an augmentation", plugin_names(AUGMENTATIONS))
    return value


def _check_plugin(name: str, what: str, known: Sequence[str]) -> None:
    """Refuse what is not ``plugin:NAME``; whether a package brings it matters to training alone, and is asked there.

    Raises:
        ValueError: It is not.
    """
    if name.startswith(PREFIX) and name != PREFIX:
        return
    own = f"{PREFIX}{name}"
    raise ValueError(f"'{name}' is not {what}; {nearest(own if own in known else name, [*known, f'{PREFIX}NAME'])}")


Losses = Annotated[str, AfterValidator(_losses)]
"""One or more, joined by ``+``."""
Augmentation = Annotated[str, AfterValidator(_augmentation)]
