"""The tables of a paper as LaTeX: what each model reaches, and what is reached on each class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pixelproof.comparison.wording.words import metric_heading
from pixelproof.numbers import count, counted
from pixelproof.report.beside import Beside, stem
from pixelproof.report.tables.compared import WHOLE, Marks
from pixelproof.report.tables.latex import MARK, UNDEFINED, Figure, bold_best, escaped, in_lines, table
from pixelproof.report.tables.table import Cell, Row, Table
from pixelproof.runs.metric_names import of_each

HEADS = {
    "miou": "mIoU",
    "accuracy": "Accuracy",
    "frequency_weighted_iou": "Frequency-weighted IoU",
    "pixel_accuracy": "Pixel accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "iou": "IoU",
    "recall": "Recall",
    "precision": "Precision",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision",
    "boundary_iou": "Boundary IoU",
    "boundary_f1": "Boundary F1",
}
WHOLES, OTHERS, BY_CLASS = tuple(HEADS)[:2], tuple(HEADS)[2:6], tuple(HEADS)[6:10]
MEANS = {"iou": "miou", "recall": "balanced_accuracy", "f1": "macro_f1"}
"""Which figure of the whole is the mean over classes."""
SIZES = {"parameters": ("Parameters (M)", 1e6), "macs": ("MACs (G)", 1e9)}
PRINTED = (None, "unknown_counted")
"""The protocol of what is printed, where there are several."""
Columns = list[tuple[str, list[str]]]
"""What stands above cells, and these, as LaTeX."""


@dataclass(frozen=True)
class Printed:
    """What the tables for print of a part, or of a comparison, are made of.

    Attributes:
        part: Its name, which those of files and labels begin with; empty for a comparison.
        title: The same in words.
        models: As in ``models.csv``.
        classes: As in ``classes.csv``.
        metric: By what models are compared; empty where they are not.
        marks: Who is known to be better than all others.
    """

    part: str
    title: str
    models: Table
    classes: Table
    metric: str
    marks: Marks


def printed(found: Printed) -> list[Beside]:
    """Return the tables for print as files, those that have figures."""
    texts = {"models": _models(found), "classes": _classes(found)}
    says = {"models": "What each model reaches, as LaTeX.", "classes": "What is reached on each class, as LaTeX."}
    return [Beside((found.part, kind), "tex", text.encode("utf-8"), says[kind]) for kind, text in texts.items() if text]


def _models(found: Printed) -> str:
    rows, columns = found.models.rows, found.models.columns
    figures = [each for each in dict.fromkeys((found.metric, *WHOLES)) if each in columns]
    if not figures:
        return ""
    marks = [(row["model"], WHOLE) in found.marks for row in rows]
    shown: Columns = [("Model", [_name(row["model"]) for row in rows])]
    shown += [(head, [_size(row[key], unit) for row in rows]) for key, (head, unit) in SIZES.items() if key in columns]
    said = [f"{escaped(found.title)}: what each model reaches, in percent", _counted(rows)]
    if "runs" in columns:
        shown += _over_seeds(rows, found.metric, marks)
        said.append(r"Mean $\pm$ standard deviation over runs that differ in their seed")
    else:
        figures += [each for each in OTHERS if each in columns and each not in (*figures, MEANS.get(found.metric))]
        shown += _of_images(found, figures, marks)
    if "folds" in columns:
        cells = [_spread(row, _percent(row.get("mean"))) for row in rows]
        shown.append((f"{_head(found.metric)} over the folds", cells))
        said.append(r"Over the folds: mean $\pm$ standard deviation of the figures of each fold")
    said += _best_said(rows, marks, "every other model, in paired tests after Holm's method over all pairs")
    return _table(found, "models", shown, [], said)


def _of_images(found: Printed, figures: Sequence[str], marks: Sequence[bool]) -> Columns:
    """Return figures of all images: marks where models are compared by it, intervals of it and of the usual ones."""
    rows, shown = found.models.rows, []
    for each in figures:
        tested = marks if each == found.metric else [False] * len(marks)
        values = [Figure(_percent(row.get(each)), marked=mark) for row, mark in zip(rows, tested, strict=True)]
        shown.append((_head(each), bold_best(values)))
        if each in (found.metric, *WHOLES) and f"{each}_low" in found.models.columns:
            shown.append((r"95\% interval", [_interval(row, each) for row in rows]))
    return shown


def _over_seeds(rows: Sequence[Row], metric: str, marks: Sequence[bool]) -> Columns:
    texts = [_percent(row.get("mean")) for row in rows]
    values = [Figure(text, _spread(row), mark) for text, row, mark in zip(texts, rows, marks, strict=True)]
    return [(_head(metric), bold_best(values)), ("Runs", [str(row.get("runs", 1)) for row in rows])]


def _classes(found: Printed) -> str:
    rows = [row for row in found.classes.rows if row.get("protocol") in PRINTED]
    if not rows:
        return ""
    models = list(dict.fromkeys(str(row["model"]) for row in rows))
    return _one_model(found, rows) if len(models) == 1 else _many_models(found, rows, models)


def _one_model(found: Printed, rows: Sequence[Row]) -> str:
    """Return all figures of each class of the only model."""
    unit, model = "pixels" if "pixels" in rows[0] else "images", rows[0]["model"]
    shown: Columns = [("Class", [_name(row["class"]) for row in rows])]
    shown.append((unit.capitalize(), [_count(row[unit]) for row in rows]))
    whole = next(row for row in found.models.rows if row["model"] == model)
    last = ["Mean", ""]
    for figure in BY_CLASS:
        if figure in rows[0]:
            shown.append((HEADS[figure], [_percent(row[figure]) or UNDEFINED for row in rows]))
            last.append(_percent(whole.get(MEANS.get(figure, ""))))
    what = f"{escaped(found.title)}: figures of each class by {_name(model)}, in percent"
    return _table(found, "classes", shown, last, [what, _counted([whole])])


def _many_models(found: Printed, rows: Sequence[Row], models: Sequence[str]) -> str:
    """Return one figure of each class by all models, a column each."""
    figure = next(figure for figure in (of_each(found.metric), *BY_CLASS) if figure in rows[0])
    values = {(row["model"], row["class"]): _percent(row.get(figure)) for row in rows}
    names = list(dict.fromkeys(row["class"] for row in rows))
    marked = found.marks if figure == of_each(found.metric) else frozenset()
    lines = [
        bold_best([Figure(values.get((m, name), ""), marked=(m, name) in marked) for m in models]) for name in names
    ]
    shown = [("Class", [_name(name) for name in names])]
    shown += [(_name(model), [line[place] for line in lines]) for place, model in enumerate(models)]
    wholes = {row["model"]: row for row in found.models.rows}
    mean = found.metric if found.metric == figure else MEANS.get(figure, "")
    means = [Figure(_percent(wholes[model].get(mean))) for model in models]
    last = ["Mean", *bold_best(means)] if any(mean.text for mean in means) else []
    said = [f"{escaped(found.title)}: {HEADS[figure]} of each class, in percent", _counted([wholes[models[0]]])]
    said += ["Of the first run of each model"] if "runs" in found.models.columns else []
    marks = [(model, name) in marked for model in models for name in names]
    said += _best_said(
        models, marks, "every other model on the class, in paired tests, p after Holm's method over the classes"
    )
    return _table(found, "classes", shown, last, said)


def _table(found: Printed, kind: str, shown: Columns, last: Sequence[str], said: Sequence[str]) -> str:
    rows = [list(row) for row in zip(*(cells for _, cells in shown), strict=True)]
    heads = [in_lines(text) for text, _ in shown]
    caption = "".join(f"{sentence}. " for sentence in said if sentence).rstrip()
    key = stem((found.part, kind))
    return table("l" + "r" * (len(shown) - 1), heads, [rows, [last] if last else []], caption, key)


def _best_said(compared: Sequence[object], marks: Sequence[bool], other: str) -> list[str]:
    """Return the sentences on bold figures and marks, of which only such are said that there are."""
    said = ["The best is in bold"] if len(compared) > 1 else []
    return said + ([f"{MARK}: better than {other}"] if any(marks) else [])


def _counted(rows: Sequence[Row]) -> str:
    images = rows[0].get("images")
    return counted(images, "image").capitalize() if isinstance(images, int) else ""


def _head(metric: str) -> str:
    return HEADS[metric] if metric in OTHERS else escaped(metric_heading(metric, "en"))


def _name(name: Cell) -> str:
    return escaped(str(name))


def _percent(value: Cell) -> str:
    known = isinstance(value, int | float) and math.isfinite(value)
    return f"{100 * float(value):.1f}" if known and value is not None else ""


def _interval(row: Row, figure: str) -> str:
    low, high = _percent(row.get(f"{figure}_low")), _percent(row.get(f"{figure}_high"))
    return f"{low}--{high}" if low else UNDEFINED


def _spread(row: Row, before: str = "") -> str:
    spread = _percent(row.get("std"))
    return before + (rf" $\pm$ {spread}" if spread else "")


def _count(value: Cell) -> str:
    return count(value) if isinstance(value, int) else UNDEFINED


def _size(value: Cell, unit: float) -> str:
    if not isinstance(value, int):
        return UNDEFINED
    return f"{value / unit:.3g}" if value < 1000 * unit else count(value / unit)
