"""Figures of a score file as a table in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console

import pixelproof.evaluation.metrics as metrics
from pixelproof.errors import visible
from pixelproof.evaluation.asked import NO_ANSWERS, Answers
from pixelproof.evaluation.asked_tables import print_answers
from pixelproof.evaluation.baseline import baseline_lines
from pixelproof.evaluation.mask_baseline import mask_baseline_lines
from pixelproof.evaluation.resampling import CERTAINTY
from pixelproof.evaluation.rule import Held
from pixelproof.evaluation.rule_tables import print_rule
from pixelproof.evaluation.sentences import ONE_OF_EACH, looks_line, promise_lines, study_line
from pixelproof.evaluation.summary import summarise
from pixelproof.evaluation.units import noun_of
from pixelproof.numbers import between, if_known, interval, score, share, significant
from pixelproof.numbers import counted as number_of
from pixelproof.runs import Scores, SegmentationScores
from pixelproof.runs.metric_names import told, told_within
from pixelproof.terminal import add_row, console, table


def print_scores(scores: Scores, answers: Answers = NO_ANSWERS, rule: Held | None = None) -> None:
    """Print a score file's figures, answers about thresholds, and what a kept rule does, to stdout.

    The result comes last, where it stays in view.
    """
    out = console()
    if isinstance(scores, SegmentationScores):
        _segmentation(scores, out)
        return
    figures = summarise(scores)
    ends = figures["intervals"]
    print(study_line(scores) if figures["loss"] is not None else f"Accuracy: {figures['correct']}/{figures['total']}")
    if figures["top5_accuracy"] is not None and len(scores.scheme.classes) > TOP:
        print(f"Top-5 accuracy: {share(figures['top5_accuracy'], 2)}")
    units = f"{figures['unit']}s"
    classes = table("class", units, "recall", "precision", "F1", title="By class")
    for name, count in zip(figures["recall"], metrics.image_counts(scores)[1], strict=True):
        both = (_within(figure, figures[figure][name], ends[figure][name], 3) for figure in ("recall", "precision"))
        add_row(classes, name, str(count), *both, score(figures["f1"][name], 3))
    out.print(classes)
    _findings(figures, scores.groups is not None, out)
    _calibration(figures["calibration"])
    _kept(figures["kept"], scores, "answers", out)
    for line in promise_lines(scores):
        print(line)
    print_answers(answers, units, scores.groups is not None, out)
    if rule is not None:
        print_rule(rule, out)
    if lines := baseline_lines(scores):
        print(visible(" ".join(lines)))
    whole, mean = (_within(name, figures[name], ends[name]) for name in ("accuracy", "balanced_accuracy"))
    _result(f"Accuracy {whole}, balanced accuracy (the mean over classes) {mean}", scores, ends)


def _result(text: str, scores: Scores, ends: dict[str, Any]) -> None:
    noun = noun_of(scores)
    brackets = f" In brackets: 95% intervals over {noun}s like these." if _any_known(ends) else ""
    print(f"{text}, of {number_of(len(scores.ids), noun)}.{brackets}")


def _any_known(ends: dict[str, Any] | float | None) -> bool:
    return any(map(_any_known, ends.values())) if isinstance(ends, dict) else ends is not None


FEW = 4
"""Classes up to which each is looked for in the terminal; the page and --json have all."""
TOP = 5
"""Of as many classes or fewer, the true one is always among the first five."""
_WHEN = {"none": " without its own temperature", "fitted": " at the fitted temperature", "given": "", None: ""}


def _within(figure: str, value: float | None, ends: dict[str, float | None], digits: int = 4) -> str:
    return told_within(figure, value, ends["low"], ends["high"], digits)


def _calibration(figures: list[dict[str, Any]] | None) -> None:
    for found in figures or []:
        line = f"Expected calibration error{_WHEN[found['temperature']]}: {score(found['ece'])}"
        ends = if_known(between(found["low"], found["high"]))  # of a single image they are not
        print(f"{line} (95% interval {ends})" if ends else line)


def _findings(figures: dict[str, Any], grouped: bool, out: Console) -> None:
    """Print how well classes are told from all others; of many classes, the mean alone."""
    if figures["findings"] is None:
        return
    print(f"Mean average precision: {score(figures['mean_average_precision'])}")
    if not any(figures["findings"].values()):
        return
    if len(figures["findings"]) > FEW:
        print("From which probability of a class on to look for it, the run's page and --json say.")
        return
    _areas(figures, out)
    units = f"{figures['unit']}s"
    heads = ("share", "certainty", "from probability", f"of all {units}", "of these it is", "of all others also")
    found = table("class", *heads, title=f"To find at least this share of a class, look at all {units}")
    for name, goals in figures["findings"].items():
        for row in goals:
            here, certainty = row["here"], "none" if row["probability"] is None else share(CERTAINTY, 0)
            parts = (share(here[part]) for part in ("share", "precision", "others"))
            add_row(found, name, share(row["goal"], 0), certainty, significant(here["probability"]), *parts)
    out.print(found)
    if grouped:
        print(ONE_OF_EACH)
    if any(row["probability"] is None for goals in figures["findings"].values() for row in goals):
        print(
            f"Certainty none: too few {units} of the class to promise it; "
            "it is reached on these, and may not be on others."
        )


def _areas(figures: dict[str, Any], out: Console) -> None:
    ends = figures["intervals"]
    areas = table("class", "average precision", "ROC AUC", title="By the probability of the class")
    for name in figures["findings"]:
        both = (
            _within(figure, figures[figure][name], ends[figure][name], 3) for figure in ("average_precision", "roc_auc")
        )
        add_row(areas, name, *both)
    out.print(areas)


def _kept(rows: list[dict[str, Any]] | None, scores: Scores, unit: str, out: Console) -> None:
    if rows is None:
        return
    sure = table(
        "from", f"{unit} kept", "of them right", "95% interval", title="By confidence, others left to a person"
    )
    for row in rows:
        part, right, ends = share(row["share"]), share(row["accuracy"]), interval(row["low"], row["high"])
        add_row(sure, score(row["confidence"], 3), part, right, ends)
    out.print(sure)
    if line := looks_line(scores):
        print(line)


def _segmentation(scores: SegmentationScores, out: Console) -> None:
    figures = summarise(scores)
    counted, ignored = (figures["protocols"][protocol] for protocol in metrics.PROTOCOLS)
    shown = metrics.PROTOCOLS[: 1 if counted == ignored else 2]  # as they are where no class is ignored
    heads = [protocol.replace("_", " ") for protocol in shown] if len(shown) > 1 else ["IoU"]
    parts = [(figures["protocols"][protocol], figures["intervals"][protocol]) for protocol in shown]
    ends = parts[0][1]
    classes = table("class", *heads, title=f"IoU over {number_of(figures['images'], 'image')}")
    for name in counted["iou"]:
        add_row(classes, name, *(_within("iou", found["iou"][name], within["iou"][name]) for found, within in parts))
    classes.add_section()
    means = [_within("miou", found["miou"], within["miou"]) for found, within in parts]
    add_row(classes, "mean", *means)
    add_row(classes, "frequency-weighted", *(score(found["frequency_weighted_iou"]) for found, _ in parts))
    out.print(classes)
    title = "Pixels by class, unknown counted" if len(shown) > 1 else "Pixels by class"
    found = table("class", "precision", "recall", "F1 (Dice)", title=title)
    for name in counted["iou"]:
        add_row(found, name, *(told(figure, counted[figure][name], 4) for figure in ("precision", "recall", "f1")))
    out.print(found)
    _calibration(figures["calibration"])
    _kept(figures["kept"], scores, "pixels", out)
    if figures["boundary"] is not None:
        _boundary(figures["boundary"], out)
    if lines := mask_baseline_lines(scores):
        print(visible(" ".join(lines)))
    said = ", ".join(f"{mean} {head}" for mean, head in zip(means, heads, strict=True)) if len(shown) > 1 else means[0]
    right = _within("pixel_accuracy", figures["pixel_accuracy"], ends["pixel_accuracy"])
    _result(f"mIoU {said}, pixel accuracy {right}", scores, figures["intervals"])


def _boundary(figures: dict[str, Any], out: Console) -> None:
    iou, f1 = figures["iou"][metrics.PROTOCOLS[0]]["mean"], figures["f1"]["mean"]
    near = table("", *(f"{tolerance} px" for tolerance in f1), title="Boundaries, mean over classes")
    add_row(near, "boundary IoU", *map(score, iou.values()))
    add_row(near, "boundary F1", *map(score, f1.values()))
    out.print(near)
    rates = figures["error_rate"]
    bands = table("", *(f"{band} px" for band in rates), title="By distance to the true boundary")
    add_row(bands, "wrong pixels", *map(share, rates.values()))
    out.print(bands)
    found = figures["objects"]
    objects = table("", *(f"{size} px" for size in found["count"]), title="True objects by area")
    add_row(objects, "objects", *map(str, found["count"].values()))
    add_row(objects, "pixels hit", *map(share, found["recall"].values()))
    add_row(objects, "more than half hit", *map(share, found["found"].values()))
    out.print(objects)
    grids = table("stride", "mosaic index", "by chance", "p", "of the truth", title="Boundaries on the network's grid")
    for stride, grid in figures["mosaic"].items():
        chance = f"{score(grid['low'])} to {score(grid['high'])}"
        add_row(grids, stride, score(grid["index"]), chance, score(grid["p"]), score(grid["truth"]))
    out.print(grids)
