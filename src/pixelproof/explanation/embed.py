"""``embed``: features of one layer over labelled images, and their map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import from_numpy

from pixelproof.data import Sample
from pixelproof.errors import UserError
from pixelproof.explanation.features import SECOND_LAST, Extracted, extract
from pixelproof.explanation.projection import PERPLEXITY, Reduction, place, project
from pixelproof.explanation.quality import map_quality
from pixelproof.prediction import Predictor
from pixelproof.prediction.chances import probabilities
from pixelproof.progress import say
from pixelproof.runs import Features, Thumbnails


def embed(
    predictor: Predictor,
    samples: Sequence[Sample],
    seed: int = 0,
    perplexity: float = PERPLEXITY,
    layer: str = SECOND_LAST,
    onto: Features | None = None,
) -> tuple[Features, Thumbnails]:
    """Return the features of labelled images with their t-SNE map, and their thumbnails.

    Args:
        predictor: A classifier.
        samples: The images.
        seed: Seed of the projection.
        perplexity: About how many neighbours each image has on the map.
        layer: Whose output is mapped: "second-last", or the name of a module.
        onto: Place the images on this map, which stays as it is; it decides seed, perplexity and layer.

    Raises:
        UserError: An image cannot be read, there are too few, there is no such layer, or the features do not fit the
            map they are to be placed on.
    """
    layer = onto.settings["layer"] if onto else layer
    seen = extract(predictor, samples, layer)
    say(f"mapping {len(samples)} x {seen.features.shape[1]} features")
    if onto is None:
        reduction = Reduction.fit(seen.features, seed)
        map_, settings = project(reduction(seen.features), seed, perplexity)
    else:
        reduction, settings = Reduction(onto.mean, onto.components), onto.settings | {"onto": len(onto.ids)}
        map_ = _placed(seen, onto, reduction)
    features = Features(
        ids=tuple(s.id for s in samples),
        truth=(truth := np.array([s.label for s in samples], np.int64)),
        predicted=seen.predicted,
        confidence=probabilities(from_numpy(seen.logits), predictor.temperature).max(axis=1).astype(np.float32),
        features=seen.features,
        mean=reduction.mean,
        components=reduction.components,
        map=map_,
        quality=map_quality(seen.features, map_, truth, seed=seed),
        scheme=predictor.scheme,
        settings=settings | {"layer": layer},
    )
    return features, Thumbnails(features.ids, seen.thumbnails)


def _placed(seen: Extracted, onto: Features, reduction: Reduction) -> np.ndarray:
    if seen.features.shape[1] != onto.features.shape[1]:
        raise UserError(
            f"the map is of {onto.features.shape[1]} features, this run gives {seen.features.shape[1]}",
            "place images on a map that the same run made",
        )
    reference = reduction(onto.features)
    return place(reduction(seen.features), reference, onto.map, onto.settings["seed"], onto.settings["perplexity"])
