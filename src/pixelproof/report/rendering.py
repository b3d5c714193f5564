"""How templates become pages: everything escaped, and one script that the page's policy names."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from functools import lru_cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

import pixelproof.numbers as numbers
from pixelproof.languages import LANGUAGES, Language
from pixelproof.runs.packages import version

FIGURES = "figures"
"""Folder beside a report, for what does not fit into it and for use in print."""

_MAKERS = ("pixelproof", "matplotlib", "numpy", "pillow", "jinja2")
"""What decides the bytes of a page beside the artefacts."""


def maker() -> str:
    """Return the versions of what makes pages, as each of them says in its head."""
    return ", ".join(f"{name} {found}" for name in _MAKERS if (found := version(name)))


def made_by(page: str) -> str:
    """Return what made a page, in the words of ``maker``; empty where it does not say."""
    found = re.search(r'<meta name="generator" content="([^"]*)">', page)
    return html.unescape(found[1]) if found else ""


def shown_language(page: str) -> Language:
    """Return the language in which a page is shown first."""
    return next((known for known in LANGUAGES if f'<body data-shown="{known}">' in page), LANGUAGES[0])


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
    made.filters |= {"number": numbers.count, "counted": numbers.counted, "duration": numbers.duration}
    return made


def hashed(*names: str) -> dict[str, object]:
    """Return scripts of the templates' folder as one, and its digest, for a template.

    The policy lets this one script run and no other, whatever an artefact might smuggle onto the page.
    """
    script = joined(*names)
    return {"script": Markup(script), "script_hash": digest(script)}


def embedded(value: Any) -> Markup:
    """Return plain data as JSON for a script element of a page."""
    # Nothing is escaped as HTML in there, so no "<" may stand there.
    return Markup(json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


def joined(*names: str) -> str:
    """Return files of the templates' folder as one text."""
    folder = resources.files("pixelproof.report") / "templates"
    return "\n".join((folder / name).read_text("utf-8") for name in names)


def digest(text: str) -> str:
    """Return the SHA-256 of a script or style as a content policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
