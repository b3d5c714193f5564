"""Figures of a score file as a table in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

import pixelproof.evaluation.metrics as metrics
from pixelproof.evaluation.summary import study_line, summarise
from pixelproof.runs import Scores, SegmentationScores

UNDEFINED = "–"


def print_scores(scores: Scores) -> None:
    """Print a score file's figures to stdout."""
    console = Console()
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
        table.add_row(name, str(count), _cell(value))
    console.print(table)


def _segmentation(scores: SegmentationScores, console: Console) -> None:
    figures = summarise(scores)
    counted, ignored = (figures["protocols"][protocol] for protocol in metrics.PROTOCOLS)
    table = Table("class", "unknown counted", "unknown ignored", title=f"IoU over {figures['images']} images")
    for name in counted["iou"]:
        table.add_row(name, _cell(counted["iou"][name]), _cell(ignored["iou"][name]))
    table.add_section()
    table.add_row("mean", _cell(counted["miou"]), _cell(ignored["miou"]))
    weighted = "frequency_weighted_iou"
    table.add_row("frequency-weighted", _cell(counted[weighted]), _cell(ignored[weighted]))
    console.print(table)
    print(f"Pixel accuracy: {_cell(figures['pixel_accuracy'])}")


def _cell(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.4f}"
