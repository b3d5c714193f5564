"""Images as bytes that a page can carry inside itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass

import numpy as np
from PIL import Image

from pixelproof.array_types import UInt8
from pixelproof.labels.codec import pack, unpack
from pixelproof.languages import Texts
from pixelproof.report.beside import Beside

LARGEST = 768
"""Longer sides are scaled down to this many pixels, to keep the page small."""


@dataclass(frozen=True)
class Picture:
    """An image on the page.

    Attributes:
        src: A data URI.
        alt: What it shows, for those who cannot see it.
        caption: The line beneath it, in English or in every language.
        file: The same for use in print; None where it is no figure.
    """

    src: str
    alt: str
    caption: str | Texts = ""
    file: Beside | None = None


@dataclass(frozen=True)
class Tile:
    """One image of a gallery with what is to be said of it."""

    picture: Picture
    lines: tuple[str, ...]
    second: Picture | None = None


def data_uri(data: bytes, mime: str) -> str:
    """Return ``data`` as a URI that needs nothing else. An SVG shown through one cannot run scripts."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def svg_uri(data: bytes) -> str:
    """Return a data URI of an SVG file."""
    return data_uri(data, "image/svg+xml")


def drawn(figure: bytes, words: tuple[str, ...], alt: str, caption: str | Texts) -> Picture:
    """Return an SVG file as a picture that is kept for print, under a name of the part and of ``words``."""
    says = caption if isinstance(caption, str) else caption["en"]
    return Picture(svg_uri(figure), alt, caption, Beside(words, "svg", figure, says))


def to_print(shown: object) -> Iterator[Beside]:
    """Yield the figures for use in print among all that a template shows, however deep they are in it."""
    if isinstance(shown, Picture):
        yield from [shown.file] if shown.file else []
        return
    inner = shown.values() if isinstance(shown, dict) else shown if isinstance(shown, list | tuple) else ()
    for each in vars(shown).values() if is_dataclass(shown) else inner:
        yield from to_print(each)


def photo_uri(rgb: UInt8) -> str:
    """Return a data URI of a photograph, uint8 [H, W, 3], as JPEG."""
    image = Image.fromarray(rgb)
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=85, optimize=True)
    return data_uri(buffer.getvalue(), "image/jpeg")


def small_uri(rgb: UInt8) -> str:
    """Return a data URI of one of many small pictures, uint8 [H, W, 3], as WebP."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format="WEBP", quality=85, method=4)
    return data_uri(buffer.getvalue(), "image/webp")


def flat_uri(rgb: UInt8) -> str:
    """Return a data URI of an image of few colours, uint8 [H, W, 3], as PNG; no colour is ever mixed."""
    image = _indexed(_nearest(rgb))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return data_uri(buffer.getvalue(), "image/png")


def _nearest(rgb: UInt8) -> UInt8:
    """Return an image whose longer side is at most ``LARGEST``, by leaving pixels out."""
    height, width = rgb.shape[:2]
    scale = min(1.0, LARGEST / max(height, width))
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    kept_rows = ((np.arange(rows) + 0.5) * height / rows).astype(np.intp)
    kept_columns = ((np.arange(columns) + 0.5) * width / columns).astype(np.intp)
    kept: UInt8 = rgb[kept_rows[:, None], kept_columns]
    return kept


def _indexed(rgb: UInt8) -> Image.Image:
    """Return an image with a palette, a third of the size, where its colours fit in one."""
    colors, indices = np.unique(pack(rgb), return_inverse=True)
    if len(colors) > 256:
        return Image.fromarray(rgb)
    image = Image.fromarray(indices.reshape(rgb.shape[:2]).astype(np.uint8)).convert("P")
    image.putpalette(unpack(colors).tobytes())
    return image
