"""Tables of what each model of a part is and reaches: as a whole, by class, and which classes it confuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pixelproof.evaluation.metrics import PROTOCOLS, image_counts
from pixelproof.evaluation.summary import summarise
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.model_artefacts import ModelArtefacts
from pixelproof.report.provenance import wall_seconds
from pixelproof.report.replicates import Runs, by_fold, runs_of
from pixelproof.report.tables.table import Cell, Row, Table
from pixelproof.runs import Scores, SegmentationScores

Figures = Mapping[str, Mapping[str, Any]]
"""What ``evaluation.summary`` says of each model that is scored, by its name."""
ANSWERED = ("accuracy", "balanced_accuracy", "macro_f1", "top5_accuracy", "mean_average_precision", "loss")
BY_CLASS = ("recall", "precision", "f1", "average_precision", "roc_auc")
MASKED = ("frequency_weighted_iou", "macro_f1")
BY_MASK = ("iou", "recall", "precision", "f1")


def models(part: PartArtefacts, figures: Figures) -> Table:
    """Return what each model is and reaches; with several runs, their mean, spread and each one's score."""
    runs = runs_of(part)
    rows = [_model(model, part, figures.get(model.name), runs.get(model.name)) for model in part.models]
    return Table("models", "What each model is, and what it reaches on the images of validation.", rows)


def other_splits(part: PartArtefacts) -> Table:
    """Return what each model reaches on other splits that it was scored on."""
    rows: list[Row] = [
        {"model": model.name, "split": scores.source.split or "unknown", **_whole(summarise(scores))}
        for model in part.models
        for scores in model.others
    ]
    return Table("other-splits", "What each model reaches on other splits than validation.", rows)


def classes(part: PartArtefacts, figures: Figures) -> Table:
    """Return the figures of each class by each model, under each protocol where they differ."""
    rows = [row for model in part.models if model.scores for row in _classes(model.name, model.scores, figures)]
    return Table("classes", "Figures of each class by each model, with 95% intervals over images.", rows)


def confusions(part: PartArtefacts, figures: Figures) -> Iterator[Table]:
    """Yield the confusion matrix of each model: a row a true class, a column a predicted one."""
    unit = "Images" if part.record.task == "classification" else "Pixels"
    for model, found in figures.items():
        names, counts = found["confusion"]["classes"], found["confusion"]["counts"]
        rows = [{"true": name} | dict(_apart(names, row)) for name, row in zip(names, counts, strict=True)]
        says = f"{unit} by true class (row) and class predicted by {model} (column)."
        yield Table("confusion", says, rows, model)


def _apart(names: list[str], row: list[int]) -> Iterator[tuple[str, int]]:
    """Yield the cells of a row; a class may be called as the first column is, and another as that one is then."""
    own = "true"
    while own in names:
        own += " (predicted)"
    for name, count in zip(names, row, strict=True):
        yield (own if name == "true" else name), count


def _model(model: ModelArtefacts, part: PartArtefacts, found: Mapping[str, Any] | None, runs: Runs | None) -> Row:
    known, config = model.architecture, model.config
    row: dict[str, Cell] = {
        "model": model.name,
        "architecture": config.model.name if config else known.name if known else None,
        "parameters": known.parameters if known else None,
        "macs": known.macs if known else None,
        "epochs": len(model.log) or None,
    }
    whole = _whole(found) if found else {}
    row |= whole | {key: value for key, value in _decides(model.name, part).items() if key not in whole}
    if runs is not None and part.evidence is not None:
        kind = "fold" if by_fold(part) else "run"
        row |= {"metric": part.evidence.metric, f"{kind}s": len(runs.scores), "mean": runs.mean, "std": runs.spread}
        row |= {f"{kind}_{number}": score for number, score in enumerate(runs.scores, start=1)}
    return row | {"seconds": wall_seconds(model.environment), "device": model.environment.device or None}


def _decides(model: str, part: PartArtefacts) -> dict[str, Cell]:
    """Return the figure by which models are compared; nothing where they are not."""
    if part.comparison is None:
        return {}
    values = {each.name: each.value for each in part.comparison.models}
    return {part.comparison.pairs[0].metric: values.get(model)}


def _whole(found: Mapping[str, Any]) -> dict[str, Cell]:
    """Return the figures over all classes, called as ``--json`` calls them; unknown pixels count unless it is said."""
    ends = found["intervals"]
    if found["task"] == "classification":
        row: dict[str, Cell] = {"images": found["total"], "correct": found["correct"]}
        return row | {k: v for name in ANSWERED for k, v in _with_ends(name, found[name], ends.get(name)).items()}
    row = {"images": found["images"]}
    for protocol, ending in zip(PROTOCOLS, ("", "_unknown_ignored"), strict=True):
        figures = found["protocols"][protocol]
        row |= _with_ends(f"miou{ending}", figures["miou"], ends[protocol]["miou"])
        row |= {f"{name}{ending}": figures[name] for name in MASKED}
    return row | _with_ends("pixel_accuracy", found["pixel_accuracy"], ends[PROTOCOLS[0]]["pixel_accuracy"])


def _classes(model: str, scores: Scores, figures: Figures) -> Iterator[Row]:
    found, scheme = figures[model], scores.scheme
    if not isinstance(scores, SegmentationScores):
        for index, name in enumerate(scheme.names):
            row: dict[str, Cell] = {"model": model, "class": name, "id": scheme.classes[index].id}
            row["images"] = int(image_counts(scores)[1, index])
            yield row | _figures(name, BY_CLASS, found, found["intervals"])
        return
    pixels = scores.confusion.sum(axis=(0, 2)).tolist()
    for protocol in PROTOCOLS[: 1 if scheme.scored.all() else 2]:
        for index, name in enumerate(scheme.names):
            if scheme.scored[index]:
                row = {"model": model, "protocol": protocol, "class": name, "id": scheme.classes[index].id}
                row["pixels"] = pixels[index]
                yield row | _figures(name, BY_MASK, found["protocols"][protocol], found["intervals"][protocol])


def _figures(name: str, kinds: tuple[str, ...], found: Mapping[str, Any], ends: Mapping[str, Any]) -> dict[str, Cell]:
    """Return the figures of one class with the intervals that are known."""
    shown = [(kind, found[kind][name]) for kind in kinds if found[kind] is not None]
    return {k: v for kind, value in shown for k, v in _with_ends(kind, value, ends.get(kind, {}).get(name)).items()}


def _with_ends(name: str, value: float | None, ends: Mapping[str, float | None] | None) -> dict[str, Cell]:
    return {name: value, **({} if ends is None else {f"{name}_low": ends["low"], f"{name}_high": ends["high"]})}
