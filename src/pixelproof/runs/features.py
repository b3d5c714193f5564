"""Features: what a layer of a network says of each image, and the map drawn from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from pixelproof.array_types import Float32, Int64
from pixelproof.labels import LabelScheme
from pixelproof.runs.arrays import Forms, expect, load_arrays, misfit, save_arrays
from pixelproof.schema import parse

VERSION = 2
_Settings = TypeAdapter(dict[str, Any])
_ARRAYS = ("truth", "predicted", "confidence", "features", "mean", "components", "map")


@dataclass(frozen=True)
class MapQuality:
    """How far a map can be believed; see ``explanation.quality``.

    Attributes:
        neighbours: k, how many neighbours of each image were looked at.
        images: How many images were looked at, each among all.
        trustworthiness: 1 if all neighbours on the map are neighbours in feature space.
        continuity: 1 if all neighbours in feature space are neighbours on the map.
        knn_features: Share of images whose k neighbours in feature space vote for their class.
        knn_map: The same with their neighbours on the map.
    """

    neighbours: int
    images: int
    trustworthiness: float
    continuity: float
    knn_features: float
    knn_map: float


@dataclass(frozen=True)
class Features:
    """Features of N images and their place on a two-dimensional map.

    Attributes:
        ids: N sample ids.
        truth: int64 [N], true class index.
        predicted: int64 [N], predicted class index.
        confidence: float32 [N], probability of the predicted class at the run's temperature.
        features: float32 [N, D].
        mean: float32 [D], subtracted from features before they are projected.
        components: float32 [C, D], the directions along which they are then taken.
        map: float32 [N, 2], the t-SNE map of what comes out.
        quality: How far the map can be believed.
        scheme: The label contract.
        settings: How the map was made: layer, perplexity, seed, library versions.
    """

    ids: tuple[str, ...]
    truth: Int64
    predicted: Int64
    confidence: Float32
    features: Float32
    mean: Float32
    components: Float32
    map: Float32
    quality: MapQuality
    scheme: LabelScheme
    settings: dict[str, Any]


def save_features(path: Path, value: Features) -> None:
    """Write a feature file, atomically."""
    facts = {
        "scheme": value.scheme.model_dump(mode="json"),
        "settings": value.settings,
        "quality": asdict(value.quality),
    }
    arrays = {name: getattr(value, name) for name in _ARRAYS}
    save_arrays(path, "features", VERSION, facts, {"ids": np.array(value.ids, dtype=np.str_), **arrays})


def load_features(path: Path) -> Features:
    """Read a feature file.

    Raises:
        UserError: It is missing, truncated, of another version, or was edited.
    """
    facts, arrays = load_arrays(path, "features", VERSION)
    count = len(arrays.get("ids", ()))
    size = arrays["features"].shape[-1] if arrays.get("features", np.empty(0)).ndim == 2 else 0
    forms: Forms = {
        "ids": ("U", (count,)),
        "truth": ("i", (count,)),
        "predicted": ("i", (count,)),
        "confidence": ("f", (count,)),
        "features": ("f", (count, size)),
        "mean": ("f", (size,)),
        "components": ("f", (None, size)),
        "map": ("f", (count, 2)),
    }
    expect(path, "features", arrays, forms)
    try:
        settings = _Settings.validate_python(facts.get("settings"))
        quality = TypeAdapter(MapQuality).validate_python(facts.get("quality"))
    except ValidationError:
        raise misfit(path, "features") from None
    if not np.isfinite(arrays["map"]).all() or not all(
        isinstance(settings.get(key, 0), int | float) for key in ("perplexity", "seed")
    ):
        raise misfit(path, "features")
    ids = tuple(str(i) for i in arrays.pop("ids"))
    scheme = parse(LabelScheme, facts.get("scheme", {}), str(path))
    return Features(ids=ids, scheme=scheme, settings=settings, quality=quality, **arrays)
