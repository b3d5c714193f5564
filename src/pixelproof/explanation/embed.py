"""``embed``: features of the second-last layer over labelled images, and their map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pixelproof.data import Sample, read_image
from pixelproof.evaluation.evaluate import batches
from pixelproof.explanation.projection import project
from pixelproof.prediction import Predictor
from pixelproof.progress import bar, say
from pixelproof.runs import Features


def embed(predictor: Predictor, samples: Sequence[Sample], seed: int = 0, perplexity: float = 30.0) -> Features:
    """Return the features of labelled images and their t-SNE map.

    Raises:
        UserError: An image cannot be read, or there are too few.
    """
    rows, predicted = [], []
    with bar("features", len(samples), "images") as step:
        for batch in batches(predictor, samples):
            output = predictor([read_image(sample.image) for sample in batch])
            rows.append(output.features.numpy())
            predicted.append(output.logits.argmax(dim=1).numpy())
            step(len(batch))
    features = np.concatenate(rows).astype(np.float32)
    say(f"t-SNE of {len(features)} x {features.shape[1]} features")
    map_, settings = project(features, seed, perplexity)
    return Features(
        ids=tuple(s.id for s in samples),
        truth=np.array([s.label for s in samples], np.int64),
        predicted=np.concatenate(predicted).astype(np.int64),
        features=features,
        map=map_,
        scheme=predictor.scheme,
        settings=settings | {"layer": "second-last"},
    )
