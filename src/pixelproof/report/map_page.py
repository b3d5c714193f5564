"""The interactive map: one HTML file of every image, with its thumbnail, that opens without a network.

It is drawn on a canvas by plain JavaScript of our own, 18 kB. A plotting library would weigh 4 MB, more than all
thumbnails of the reference study, and know neither sprites nor a strict content policy.
"""

from __future__ import annotations

import io

import numpy as np
from markupsafe import Markup
from PIL import Image

from pixelproof.array_types import Float32, UInt8
from pixelproof.errors import UserError
from pixelproof.numbers import count, decimal, score, share
from pixelproof.report.beside import stem
from pixelproof.report.figures.tsne import legend
from pixelproof.report.pictures import data_uri
from pixelproof.report.rendering import embedded, hashed, templates
from pixelproof.runs import Features, Thumbnails

MAP = "explanation"
QUALITY = 80  # of the sheet of thumbnails, WebP


def map_page(features: Features, thumbnails: Thumbnails, title: str, beneath: Float32 | None = None) -> str:
    """Return the interactive map of features as a page of HTML.

    Args:
        features: The map, and what is known of each image.
        thumbnails: Pictures of the same images.
        title: The page's heading.
        beneath: [M, 2], places of other images on the same map, which are drawn in grey.

    Raises:
        UserError: Features and thumbnails are of different images.
    """
    if features.ids != thumbnails.ids:
        raise UserError("features and thumbnails are of different images", "embed the images again")
    return (
        templates()
        .get_template("map.html.j2")
        .render(
            title=title,
            facts=_facts(features),
            n=len(features.ids),
            data=_data(features, thumbnails, np.empty((0, 2), np.float32) if beneath is None else beneath),
            sheet=_sheet(thumbnails.pixels),
            **hashed("tools.js", "map.js"),
        )
    )


def map_file(part: str, model: str) -> str:
    """Return the name of the file that holds the interactive map of a model of a study."""
    return f"{stem((MAP, part, model))}.html"


def quality_rows(features: Features) -> list[tuple[str, str, str]]:
    """Return (name, in feature space, on the map) of the figures that say how far a map can be believed."""
    found = features.quality
    return [
        ("k-NN accuracy", share(found.knn_features), share(found.knn_map)),
        ("neighbours kept: trustworthiness", "1", score(found.trustworthiness, 3)),
        ("neighbours kept: continuity", "1", score(found.continuity, 3)),
    ]


def _facts(features: Features) -> list[str]:
    settings, found = features.settings, features.quality
    made = [f"{settings['layer']} layer" if "layer" in settings else "", f"{features.features.shape[1]} features"]
    numbers = {key: settings.get(key) for key in ("perplexity", "seed")}
    made += [f"{key} {decimal(value)}" for key, value in numbers.items() if isinstance(value, int | float)]
    if "onto" in settings:
        made.append(f"placed on a map of {count(settings['onto'])} other images, in grey")
    return [
        f"t-SNE of {count(len(features.ids))} images: {', '.join(text for text in made if text)}.",
        f"k-NN accuracy (k = {found.neighbours}) is {share(found.knn_features)} in feature space and "
        f"{share(found.knn_map)} on this map; trustworthiness {score(found.trustworthiness, 3)}, continuity "
        f"{score(found.continuity, 3)}. Distances between far-apart groups carry no meaning.",
    ]


def _data(features: Features, thumbnails: Thumbnails, beneath: Float32) -> Markup:
    classes = [
        {"number": key.number, "name": key.name, "color": key.color, "path": key.path}
        for key in legend(features.scheme)
    ]
    value = {
        "classes": classes,
        "ids": features.ids,
        "x": _rounded(features.map[:, 0]),
        "y": _rounded(features.map[:, 1]),
        "beneath": {"x": _rounded(beneath[:, 0]), "y": _rounded(beneath[:, 1])},
        "truth": features.truth.tolist(),
        "predicted": features.predicted.tolist(),
        "confidence": _rounded(features.confidence),
        "side": thumbnails.pixels.shape[1],
        "columns": _columns(len(features.ids)),
    }
    return embedded(value)


def _rounded(values: Float32) -> list[float]:
    return [float(value) for value in np.round(values.astype(float), 3)]


def _sheet(pixels: UInt8) -> str:
    """Return all thumbnails, uint8 [N, S, S, 3], as one image, a data URI."""
    number, side = pixels.shape[:2]
    columns = _columns(number)
    rows = -(-number // columns)
    cells = np.full((rows * columns, side, side, 3), 255, np.uint8)
    cells[:number] = pixels
    sheet = cells.reshape(rows, columns, side, side, 3).swapaxes(1, 2).reshape(rows * side, columns * side, 3)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, format="WEBP", quality=QUALITY, method=4)
    return data_uri(buffer.getvalue(), "image/webp")


def _columns(number: int) -> int:
    return max(1, int(np.ceil(np.sqrt(number))))
