"""The bytes of an image in, a model's answer out. Knows nothing of HTTP."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from pixelproof.array_types import UInt8
from pixelproof.config import COLORS
from pixelproof.data.images import Oversized, encode_png
from pixelproof.data.reader import ImageReader, as_picture
from pixelproof.deploy.serve.models import Served
from pixelproof.errors import UserError
from pixelproof.labels.thresholds import reaching
from pixelproof.prediction.writing import drawn
from pixelproof.runs.predictions_file import LOOK_FOR

MOST_PIXELS = 50_000_000
"""Pixels of the largest image that is answered; all wait for their turn, and would wait long behind a larger one."""
Answer = Literal["json", "mask", "ids", "overlay"]


def answer(served: Served, data: bytes, kind: Answer = "json") -> dict[str, Any] | bytes:
    """Return a model's answer to an image.

    Args:
        served: The model.
        data: The bytes of an image file of any kind that the model reads.
        kind: "json" for plain data, else the picture that ``predict`` writes, as the bytes of a PNG file.

    Raises:
        UserError: The bytes are no image that can be read, or a classifier is asked for a picture.
    """
    refuse_pictures(served, kind)
    start = time.perf_counter()
    image = _decoded(data, served.predictor.reader)
    if kind != "json":
        return encode_png(drawn(kind, served.predictor.scheme, image, served.predictor.class_map(image)))
    found = _classified(served, image) if served.task == "classification" else _segmented(served, image)
    head = {"model": served.name, "task": served.task, "width": image.shape[1], "height": image.shape[0]}
    return head | found | {"seconds": round(time.perf_counter() - start, 4)}


def refuse_pictures(served: Served, kind: Answer) -> None:
    """Refuse to draw what a classifier says.

    Raises:
        UserError: A classifier is asked for a picture.
    """
    if kind != "json" and served.task == "classification":
        raise UserError(f"{served.name} is a classifier and draws no {kind}", "ask for answer=json")


def as_seen(data: bytes, readers: Iterable[ImageReader]) -> bytes:
    """Return the image as people are shown what the models see, RGB of 8 bits, as the bytes of a PNG file.

    Args:
        data: The bytes of an image file.
        readers: Those of the models; the first that can read it does.

    Raises:
        UserError: The bytes are no image that any of them can read.
    """
    first: UserError | None = None
    for reader in dict.fromkeys(readers):
        try:
            return encode_png(as_picture(_decoded(data, reader)))
        except UserError as error:
            first = first or error
    assert first is not None
    raise first


def _decoded(data: bytes, reader: ImageReader) -> UInt8:
    """Return the pixels of an image that has not too many; a small file may hold any number."""
    try:
        pixels = reader.at_once("the image", data)
    except Oversized:
        problem = f"the image has more than the {MOST_PIXELS / 1e6:.0f} megapixels that a server takes"
        raise UserError(problem, "cut it up") from None
    most = MOST_PIXELS * COLORS // max(reader.channels, COLORS)  # bands take as much memory as colours
    if pixels > most:
        bands = f" of {reader.channels} bands" if reader.channels > COLORS else ""
        problem = f"the image has {pixels:,} pixels{bands}, and a server takes {most:,}"
        raise UserError(problem, "cut it up, or use pixelproof predict or map")
    return reader.decode(data)


def _classified(served: Served, image: UInt8) -> dict[str, Any]:
    chances = served.predictor.probabilities([image])[0]
    best = int(chances.argmax())
    scheme = served.predictor.scheme
    found = {
        "label": {"id": scheme.classes[best].id, "name": scheme.names[best]},
        "probability": float(chances[best]),
        "probabilities": dict(zip(scheme.names, chances.tolist(), strict=True)),
    }
    if served.thresholds:
        found[LOOK_FOR] = reaching(chances, scheme, served.thresholds)
    return found | ({} if served.rule is None else {"rule": served.rule.says})


def _segmented(served: Served, image: UInt8) -> dict[str, Any]:
    scheme = served.predictor.scheme
    found = served.predictor.confident_map(image, [served.predictor.temperature])
    mask, sure = found[..., 0].astype(np.uint8), found[..., 1]
    pixels = np.bincount(mask.ravel(), minlength=len(scheme.classes)).tolist()
    classes = {
        label.name: {"id": label.id, "pixels": count, "share": count / mask.size}
        for label, count in zip(scheme.classes, pixels, strict=True)
    }
    return {
        "classes": classes,
        "confidence": float(sure.mean(dtype=np.float64)),
        "mask": _base64(drawn("mask", scheme, image, mask)),
        "confidence_map": _base64((sure * 255).round().astype(np.uint8)),
    }


def _base64(picture: Any) -> str:
    return base64.b64encode(encode_png(picture)).decode("ascii")
