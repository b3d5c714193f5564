"""Tables of what stands behind a part's figures: image by image, confidence by confidence, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.comparison.figures import class_figure
from pixelproof.evaluation.calibration import BINS
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.key_results import COUNTED
from pixelproof.report.tables.models import Figures
from pixelproof.report.tables.table import Row, Table
from pixelproof.runs import ClassificationScores, Features, Scores


def images(part: PartArtefacts) -> Table:
    """Return what each model made of each image."""
    rows = [row for model in part.models if model.scores for row in _images(model.name, model.scores)]
    says = "Each image's true class, what each model says, and how sure it is."
    if part.record.task == "segmentation":
        says = "Each model's mIoU on each image alone, over the classes that its truth shows."
    return Table("images", says, rows)


def calibration(figures: Figures) -> Table:
    """Return each model's expected calibration error."""
    keys = ("temperature", "ece", "low", "high")
    rows = [
        {"model": model} | {key: one[key] for key in keys}
        for model, found in figures.items()
        for one in found["calibration"] or ()
    ]
    return Table("calibration", "Expected calibration error of each model, with its 95% interval.", rows)


def reliability(figures: Figures) -> Table:
    """Return what a reliability diagram draws: how often models are right, by how sure they are."""
    rows = [
        {"model": model, "temperature": one["temperature"], "from": index / BINS, "to": (index + 1) / BINS, **each}
        for model, found in figures.items()
        for one in found["calibration"] or ()
        for index, each in enumerate(one["bins"])
    ]
    return Table("reliability", "Share of answers that are right (accuracy), by confidence.", rows)


def kept(figures: Figures) -> Table:
    """Return how often models are right on what is kept from each confidence on."""
    rows = [{"model": model, **each} for model, found in figures.items() for each in found["kept"] or ()]
    return Table("kept", "What is right of the answers kept, those from a confidence on.", rows)


def learning_curves(part: PartArtefacts) -> Table:
    """Return the training logs of all models, one below the other."""
    rows = [
        {"model": model.name} | row | {"epoch": int(row["epoch"] or 0)} for model in part.models for row in model.log
    ]
    says = "Losses and score on the selection part by epoch."
    return Table("learning-curves", says + (" Of the first fold." if part.record.folds else ""), rows)


def tsne(part: PartArtefacts) -> Table:
    """Return the places of all images on the maps of features."""
    rows = [row for model in part.models if model.features for row in _places(model.name, model.features)]
    return Table("tsne", "Place of each image on the t-SNE map of its features.", rows)


def _images(model: str, scores: Scores) -> Iterator[Row]:
    if not isinstance(scores, ClassificationScores):
        figure = class_figure("miou", scores, COUNTED)
        for name, value in zip(scores.ids, figure.by_image(figure.counts(scores)).tolist(), strict=True):
            yield {"model": model, "id": name, "miou": value}
        return
    names = scores.scheme.names
    columns = (scores.truth, scores.predicted, scores.correct, scores.confidence, scores.loss)
    for name, *values in zip(scores.ids, *(column.tolist() for column in columns), strict=True):
        true, predicted, correct, confidence, loss = values
        row = {"model": model, "id": name, "truth": names[true], "predicted": names[predicted]}
        yield row | {"correct": correct, "confidence": confidence, "loss": loss}


def _places(model: str, features: Features) -> Iterator[Row]:
    names = features.scheme.names
    for name, (x, y), true in zip(features.ids, features.map.tolist(), features.truth.tolist(), strict=True):
        yield {"model": model, "id": name, "x": x, "y": y, "class": names[true]}
