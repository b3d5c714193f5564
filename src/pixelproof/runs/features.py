"""Features: what a network's second-last layer says of each image, and the map drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.labels import LabelScheme
from pixelproof.runs.arrays import load_arrays, save_arrays
from pixelproof.schema import parse

VERSION = 1


@dataclass(frozen=True)
class Features:
    """Features of N images and their place on a two-dimensional map.

    Attributes:
        ids: N sample ids.
        truth: int64 [N], true class index.
        predicted: int64 [N], predicted class index.
        features: float32 [N, D].
        map: float32 [N, 2], the t-SNE map.
        scheme: The label contract.
        settings: How the map was made: layer, perplexity, seed, library versions.
    """

    ids: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    features: npt.NDArray[np.float32]
    map: npt.NDArray[np.float32]
    scheme: LabelScheme
    settings: dict[str, Any]


def save_features(path: Path, value: Features) -> None:
    """Write a feature file, atomically."""
    facts = {"scheme": value.scheme.model_dump(mode="json"), "settings": value.settings}
    arrays = {name: getattr(value, name) for name in ("truth", "predicted", "features", "map")}
    save_arrays(path, "features", VERSION, facts, {"ids": np.array(value.ids, dtype=np.str_), **arrays})


def load_features(path: Path) -> Features:
    """Read a feature file.

    Raises:
        UserError: It is missing, truncated, of another version, or was edited.
    """
    facts, arrays = load_arrays(path, "features", VERSION)
    ids = tuple(str(i) for i in arrays.pop("ids"))
    return Features(
        ids=ids, scheme=parse(LabelScheme, facts["scheme"], str(path)), settings=facts["settings"], **arrays
    )
