"""Explain a classifier: how classes mix, which labels are doubtful, what to look at next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, from_numpy

from pixelproof.array_types import Float64, Int64
from pixelproof.data import Parts, Sample
from pixelproof.data.reader import ImageReader
from pixelproof.data.thumbnails import thumbnail
from pixelproof.errors import UserError
from pixelproof.evaluation.metrics import most_confident_errors
from pixelproof.explanation.describe import Cloud, describe
from pixelproof.explanation.features import SECOND_LAST, Extracted, extract
from pixelproof.explanation.gradcam import grad_cam, overlay
from pixelproof.explanation.mixing import class_shares
from pixelproof.explanation.neighbours import nearest
from pixelproof.explanation.priority import NEIGHBOURS, UNLABELLED, Reason, novelty, unlike_train, worth_a_look
from pixelproof.explanation.suspects import Labelled, suspects
from pixelproof.numbers import share
from pixelproof.prediction import Predictor
from pixelproof.prediction.chances import probabilities
from pixelproof.progress import track
from pixelproof.runs import Thumbnails
from pixelproof.runs.explanation_file import Failure
from pixelproof.runs.explanation_folder import Findings, Witness, picture_key
from pixelproof.runs.ranked_file import Ranked
from pixelproof.runs.thumbnails import NO_THUMBNAILS

PICTURED = 24
"""Images of each list that a page shows."""
ASKED = 100
"""Images of each list whose classes a person is asked for."""
SHOWN = 6
"""Neighbours, and classes, that are shown of each."""
CAMS = 12
"""Errors of which it shows what speaks for them."""
LARGEST = 96
"""Pixels a side of the largest picture in a gallery."""


@dataclass(frozen=True)
class _Part:
    """The images of one split, as the network and their neighbours in train see them.

    Attributes:
        split: Its name.
        samples: N images.
        seen: What the network makes of them.
        chances: float64 [N, K], probabilities.
        distances: float64 [N, k], to the nearest images of train.
        places: int64 [N, k], which images of train these are.
        near: int64 [N, k], the classes of those.
    """

    split: str
    samples: Sequence[Sample]
    seen: Extracted
    chances: Float64
    distances: Float64
    places: Int64
    near: Int64


def explain_classifier(
    predictor: Predictor, parts: Parts, split: str, layer: str = SECOND_LAST, seed: int = 0
) -> tuple[Findings, Tensor]:
    """Explain a classifier on the images of ``split``, with all others for comparison.

    Args:
        predictor: The network.
        parts: Images by the name of their split; "train" must be there, "unlabelled" need no labels.
        split: Whose classes are described, and, with "unlabelled", what the list of what to do next is taken from.
        layer: Whose output is the feature space.
        seed: Decides bootstrap replicates.

    Returns:
        What was found out, and the logits of the images of ``split``, [N, K].

    Raises:
        UserError: An image cannot be read, or there is no such layer.
    """
    looked = _look(predictor, parts, layer)
    mine, names = looked[split], predictor.scheme.names
    truth = _labels(mine.samples)
    cloud = Cloud(_ids(mine.samples), truth, mine.seen.predicted, mine.seen.features, predictor.scheme, layer)
    explanation = describe(cloud, split, seed)
    doubtful = suspects(_witnesses(labelled := [part for name, part in looked.items() if name != UNLABELLED], names))
    settled = {(part.split, sample.id) for part in labelled for sample in part.samples if sample.was is not None}
    doubtful = [row for row in doubtful if (row.split, row.id) not in settled]  # a person has looked at the others
    pool = [looked[name] for name in (split, UNLABELLED) if name in looked]
    following = _next(pool, looked["train"], names)
    keys = {picture_key(row.split, row.id) for row in (*doubtful[:PICTURED], *following[:PICTURED])}
    keys |= {picture_key(split, i) for finding in explanation.classes for i in (*finding.typical, *finding.odd)}
    bold = most_confident_errors(mine.chances.max(axis=1), truth, mine.seen.predicted)[:PICTURED]
    failures = _failures(mine, truth, bold)
    explanation = explanation.model_copy(update={"failures": failures})
    keys |= {picture_key(split, failure.id) for failure in failures}
    pictures = _pictures(predictor.reader, parts, sorted(keys))
    cams = _cams(predictor, mine, bold[:CAMS], pictures.pixels.shape[1])
    asked = [*doubtful[:ASKED], *[row for row in following if row.split == UNLABELLED][:ASKED]]
    witnesses = _witnesses_of(asked, looked, names)
    findings = Findings(doubtful, following, explanation, pictures, cams, witnesses=witnesses)
    return findings, from_numpy(mine.seen.logits)


def _look(predictor: Predictor, parts: Parts, layer: str) -> dict[str, _Part]:
    seen = {
        name: extract(predictor, samples, layer, f"features of {name}") for name, samples in parts.items() if samples
    }
    train, labels = seen["train"].features, _labels(parts["train"])
    k = min(NEIGHBOURS, len(train) - 1)  # as many for others as an image of a small train has
    looked = {}
    for name, one in seen.items():
        distances, places = nearest(train, k, None if name == "train" else one.features)
        chances = probabilities(from_numpy(one.logits), predictor.temperature)
        looked[name] = _Part(name, parts[name], one, chances, distances, places, labels[places])
    return looked


def _witnesses(parts: Sequence[_Part], names: tuple[str, ...]) -> Labelled:
    """Return all labelled images with what the model and their neighbours in train say of them."""
    return Labelled(
        ids=tuple(i for part in parts for i in _ids(part.samples)),
        splits=tuple(part.split for part in parts for _ in part.samples),
        given=np.concatenate([_labels(part.samples) for part in parts]),
        model=np.concatenate([part.chances for part in parts]),
        near=np.concatenate([class_shares(part.near, len(names)) for part in parts]),
        digests=tuple(digest for part in parts for digest in part.seen.digests),
        names=names,
    )


def _witnesses_of(rows: Sequence[Ranked], looked: Mapping[str, _Part], names: Sequence[str]) -> dict[str, Witness]:
    """Return what there is to say of the images of ranked lists, by ``picture_key``."""
    places = {(name, sample.id): i for name, part in looked.items() for i, sample in enumerate(part.samples)}
    alike = defaultdict[bytes, list[tuple[str, Sample]]](list)
    for name, part in looked.items():
        for sample, digest in zip(part.samples, part.seen.digests, strict=True):
            alike[digest].append((name, sample))
    found, train = {}, looked["train"].samples
    for row in rows:
        part, i = looked[row.split], places[row.split, row.id]
        likeliest = np.argsort(-part.chances[i], kind="stable")[:SHOWN].tolist()
        labels = (None, part.samples[i].label)
        twins = ((name, each) for name, each in alike[part.seen.digests[i]] if each.label not in labels)
        found[picture_key(row.split, row.id)] = Witness(
            chances=tuple((names[k], float(part.chances[i, k])) for k in likeliest),
            near=tuple(train[place].id for place in part.places[i, :SHOWN]),
            twin=next(((name, each.id) for name, each in twins), None),
        )
    return found


def _next(pool: Sequence[_Part], train: _Part, names: tuple[str, ...]) -> list[Ranked]:
    rows = [(part.split, sample) for part in pool for sample in part.samples]
    chances = np.concatenate([part.chances for part in pool])
    given = np.array([-1 if sample.label is None else sample.label for _, sample in rows])
    of_given = _of_class(chances, given)
    strange = novelty(train.distances[:, -1], np.concatenate([part.distances[:, -1] for part in pool]))
    reasons = [
        Reason(
            np.where(given < 0, np.nan, -np.log(of_given)), lambda v: f"the model gives its label {share(np.exp(-v))}"
        ),
        Reason(1 - chances.max(axis=1), lambda v: f"the model is unsure, {share(1 - v, 0)} for its best guess"),
        Reason(strange, unlike_train),
    ]
    labels, guesses = [*names, ""], chances.argmax(axis=1)
    return [
        Ranked(rows[i][1].id, rows[i][0], labels[given[i]], names[guesses[i]], float(score), why)
        for i, score, why in zip(*worth_a_look(reasons), strict=True)
    ]


def _failures(part: _Part, truth: Int64, bold: Sequence[int]) -> tuple[Failure, ...]:
    """Return the most confident errors, whose places are given, then what else is among the highest losses."""
    of_truth = _of_class(part.chances, truth)
    worst = np.argsort(of_truth, kind="stable")[:PICTURED].tolist()
    return tuple(
        Failure(
            id=part.samples[i].id,
            truth=int(truth[i]),
            predicted=int(part.seen.predicted[i]),
            confidence=float(part.chances[i].max()),
            loss=float(-np.log(of_truth[i])),
        )
        for i in dict.fromkeys((*bold, *worst))
    )


def _of_class(chances: Float64, classes: Int64) -> Float64:
    """Return the probability of each image's class, float64 [N], above 0 so that it has a logarithm."""
    found: Float64 = chances[np.arange(len(classes)), classes].clip(min=np.finfo(np.float64).tiny)
    return found


def _cams(predictor: Predictor, part: _Part, chosen: Sequence[int], side: int) -> Thumbnails:
    """Return what speaks for the predicted class in images; nothing where the network has no maps."""
    pictures = []
    for i in track(chosen, "grad-cam", len(chosen)):
        image = predictor.reader(part.samples[i].image)
        try:
            heat = grad_cam(predictor, image, int(part.seen.predicted[i]))
        except UserError:
            return NO_THUMBNAILS
        pictures.append(thumbnail(overlay(image, heat.values), side))
    keys = tuple(picture_key(part.split, part.samples[i].id) for i in chosen)
    return Thumbnails(keys, np.stack(pictures)) if pictures else NO_THUMBNAILS


def _pictures(reader: ImageReader, parts: Parts, keys: Sequence[str]) -> Thumbnails:
    paths = {picture_key(name, sample.id): sample.image for name, samples in parts.items() for sample in samples}
    side = min(LARGEST, max(max(reader.size(paths[key])) for key in keys))
    pixels = [thumbnail(reader(paths[key]), side) for key in track(keys, "pictures", len(keys))]
    return Thumbnails(tuple(keys), np.stack(pixels))


def _labels(samples: Sequence[Sample]) -> Int64:
    return np.array([sample.label for sample in samples], np.int64)


def _ids(samples: Sequence[Sample]) -> tuple[str, ...]:
    return tuple(sample.id for sample in samples)
