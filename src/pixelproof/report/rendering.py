"""How templates become pages: everything escaped, and one script that the page's policy names."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

import jinja2
from markupsafe import Markup

import pixelproof.numbers as numbers

FIGURES = "figures"
"""Folder beside a report, for what does not fit into it and for use in print."""


@lru_cache(maxsize=1)
def templates() -> jinja2.Environment:
    """Return the templates' environment."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("pixelproof.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": numbers.count, "duration": numbers.duration}
    return made


def hashed(script: str) -> dict[str, object]:
    """Return a script and its digest for a template.

    The policy lets this one script run and no other, whatever an artefact might smuggle onto the page.
    """
    return {"script": Markup(script), "script_hash": digest(script)}


def digest(text: str) -> str:
    """Return the SHA-256 of a script or style as a content policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
