"""Figures of a score file as a table in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

import pixelproof.evaluation.metrics as metrics
from pixelproof.errors import visible
from pixelproof.evaluation.summary import study_line, summarise
from pixelproof.numbers import counted as number_of
from pixelproof.numbers import score
from pixelproof.runs import Scores, SegmentationScores


def print_scores(scores: Scores) -> None:
    """Print a score file's figures to stdout."""
    console = Console(markup=False)  # a class may be called [/b]
    if isinstance(scores, SegmentationScores):
        _segmentation(scores, console)
        return
    figures = summarise(scores)
    print(study_line(scores) if figures["loss"] is not None else f"Accuracy: {figures['correct']}/{figures['total']}")
    if figures["top5_accuracy"] is not None:
        print(f"Top-5 accuracy: {figures['top5_accuracy']:.4f}")
    table = Table("class", "images", "accuracy", title="Accuracy by class")
    counts = metrics.confusion_matrix(scores).sum(axis=1)
    for (name, value), count in zip(figures["class_accuracy"].items(), counts, strict=True):
        table.add_row(visible(name), str(count), score(value))
    console.print(table)
    _calibration(figures["calibration"])


_WHEN = {"none": " as trained", "fitted": " at the fitted temperature", None: ""}


def _calibration(figures: list[dict[str, Any]] | None) -> None:
    for found in figures or []:
        interval = f"95% interval {score(found['low'])} to {score(found['high'])}"
        print(f"Expected calibration error{_WHEN[found['temperature']]}: {score(found['ece'])} ({interval})")


def _segmentation(scores: SegmentationScores, console: Console) -> None:
    figures = summarise(scores)
    counted, ignored = (figures["protocols"][protocol] for protocol in metrics.PROTOCOLS)
    of = number_of(figures["images"], "image")
    table = Table("class", "unknown counted", "unknown ignored", title=f"IoU over {of}")
    for name in counted["iou"]:
        table.add_row(visible(name), score(counted["iou"][name]), score(ignored["iou"][name]))
    table.add_section()
    table.add_row("mean", score(counted["miou"]), score(ignored["miou"]))
    weighted = "frequency_weighted_iou"
    table.add_row("frequency-weighted", score(counted[weighted]), score(ignored[weighted]))
    console.print(table)
    print(f"Pixel accuracy: {score(figures['pixel_accuracy'])}")
    _calibration(figures["calibration"])
    if figures["boundary"] is not None:
        _boundary(figures["boundary"], console)


def _boundary(figures: dict[str, Any], console: Console) -> None:
    iou, f1 = figures["iou"][metrics.PROTOCOLS[0]]["mean"], figures["f1"]["mean"]
    table = Table("", *(f"{tolerance} px" for tolerance in f1), title="Boundaries, mean over classes")
    table.add_row("boundary IoU", *map(score, iou.values()))
    table.add_row("boundary F1", *map(score, f1.values()))
    console.print(table)
    rates = figures["error_rate"]
    table = Table("", *(f"{band} px" for band in rates), title="By distance to the true boundary")
    table.add_row("wrong pixels", *map(score, rates.values()))
    console.print(table)
    objects = figures["objects"]
    table = Table("", *(f"{size} px" for size in objects["count"]), title="True objects by area")
    table.add_row("objects", *map(str, objects["count"].values()))
    table.add_row("pixels hit", *map(score, objects["recall"].values()))
    table.add_row("more than half hit", *map(score, objects["found"].values()))
    console.print(table)
    table = Table("stride", "mosaic index", "by chance", "p", "of the truth", title="Boundaries on the network's grid")
    for stride, found in figures["mosaic"].items():
        chance = f"{score(found['low'])} to {score(found['high'])}"
        table.add_row(stride, score(found["index"]), chance, score(found["p"]), score(found["truth"]))
    console.print(table)
