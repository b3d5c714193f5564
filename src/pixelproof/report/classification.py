"""What the page shows of a classification part."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pixelproof.comparison.evidence.measures import value_of
from pixelproof.errors import Refusal
from pixelproof.evaluation import accuracy, average_loss, class_accuracy, confusion_matrix, top_k_accuracy
from pixelproof.evaluation.baseline import baseline_lines
from pixelproof.evaluation.sentences import study_line
from pixelproof.numbers import UNDEFINED, count, counted, decimal, score, share
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.class_table import ClassTable, class_table
from pixelproof.report.figures import tsne
from pixelproof.report.figures.confusion import Matrix, matrix, numbered
from pixelproof.report.finding import FindingTable, finding_table
from pixelproof.report.key_results import classifiers, top5_says_something
from pixelproof.report.map_page import map_file, quality_rows
from pixelproof.report.model_artefacts import ModelArtefacts
from pixelproof.report.pictures import Picture, data_uri, svg_uri
from pixelproof.report.rendering import FIGURES
from pixelproof.runs import ClassificationScores, Features
from pixelproof.runs.metric_names import told

POINTS = 5000  # of more, the drawing of a map is larger as paths than as pixels


@dataclass(frozen=True)
class ClassBar:
    """The recall of one class; ``fraction`` is the length of its bar, 0 where undefined."""

    name: str
    text: str
    fraction: float
    n: str


@dataclass(frozen=True)
class Embedding:
    """The t-SNE figure with its legend."""

    picture: Picture
    keys: list[tsne.Key]
    quality: list[tuple[str, str, str]]
    """Name, in feature space, on the map."""
    neighbours: str
    page: str
    """Where the interactive map lies, beside the report; empty where there is none."""


@dataclass(frozen=True)
class Outcome:
    """How well one classifier does."""

    model: str
    line: str
    """As the reference study prints it; empty where the loss is unknown."""
    decides: str
    """The figure by which the models are compared; empty where that is accuracy."""
    accuracy: str
    top5: str
    """Empty where it says nothing."""
    loss: str
    correct: str
    n: int
    baseline: str
    """What always answering the most frequent class would reach; empty where that says nothing."""
    bars: list[ClassBar]
    table: ClassTable
    matrix: Matrix
    finding: FindingTable | None
    undefined: int


def outcomes(part: PartArtefacts) -> list[Outcome]:
    """Return the outcome of every scored classifier of a part."""
    return [_outcome(model.name, scores, part.record.metric) for model, scores in classifiers(part)]


def embeddings(part: PartArtefacts) -> list[Embedding]:
    """Return the t-SNE figures of a part."""
    return [_embedding(part.record.name, model, model.features) for model in part.models if model.features is not None]


def _outcome(name: str, scores: ClassificationScores, metric: str | None) -> Outcome:
    bars = _bars(scores)
    counts = confusion_matrix(scores)
    return Outcome(
        model=name,
        line="" if math.isnan(average_loss(scores)) else study_line(scores),
        decides=told(metric, _decides(scores, metric), 4) if metric not in (None, "accuracy") else "",
        accuracy=share(accuracy(scores), 2),
        top5=share(top_k_accuracy(scores), 2) if top5_says_something(scores) else "",
        loss=score(average_loss(scores)),
        correct=count(int(np.trace(counts))),
        n=len(scores.ids),
        baseline=" ".join(baseline_lines(scores)),
        bars=bars,
        table=class_table(scores),
        matrix=matrix(counts, scores.scheme, "images"),
        finding=finding_table(name, scores),
        undefined=sum(bar.text == UNDEFINED for bar in bars),
    )


def _decides(scores: ClassificationScores, metric: str | None) -> float | None:
    """Return the figure by which models are compared; None where the scores lack what it needs."""
    try:
        return value_of(scores, "unknown_counted", metric)
    except Refusal:
        return None


def _bars(scores: ClassificationScores) -> list[ClassBar]:
    """Return one bar a class, best first; classes without images come last."""
    values, counts = class_accuracy(scores), confusion_matrix(scores)
    order = np.argsort(-np.nan_to_num(values, nan=-1.0), kind="stable")
    return [
        ClassBar(
            name=numbered(scores.scheme, index),
            text=share(values[index], 0),
            fraction=float(np.nan_to_num(values[index])),
            n=f"{counts[index, index]}/{counts[index].sum()}",
        )
        for index in order
    ]


def _embedding(part: str, model: ModelArtefacts, features: Features) -> Embedding:
    settings = features.settings
    facts = [f"{key} {decimal(settings[key])}" for key in ("perplexity", "seed") if key in settings]
    facts.append(f"n = {counted(len(features.ids), 'validation image')}")
    layer = f" ({settings['layer']} layer)" if settings.get("layer") else ""
    caption = (
        f"t-SNE of the {features.features.shape[1]}-d features of {model.name}{layer}; {', '.join(facts)}. "
        "Each point is an image, coloured and shaped by its true class; the number stands at the median of its class. "
        "Distances between far-apart groups and the axes carry no meaning."
    )
    alt = f"t-SNE map of {len(features.scheme.classes)} classes, features of {model.name}"
    many = len(features.ids) > POINTS
    src = data_uri(tsne.tsne(features, "png"), "image/png") if many else svg_uri(tsne.tsne(features))
    picture = Picture(src, alt, caption)
    page = "" if model.thumbnails is None else f"{FIGURES}/{map_file(part, model.name)}"
    keys, quality = tsne.legend(features.scheme), quality_rows(features)
    return Embedding(picture, keys, quality, str(features.quality.neighbours), page)
