"""The tables of a paper as LaTeX: what each model reaches, and what is reached on each class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pixelproof.numbers import count, counted
from pixelproof.report.beside import Beside, stem
from pixelproof.report.tables.compared import WHOLE, Marks
from pixelproof.report.tables.latex import MARK, UNDEFINED, Figure, bold_best, escaped, table
from pixelproof.report.tables.table import Cell, Row, Table

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
}
WHOLES, OTHERS, BY_CLASS = tuple(HEADS)[:2], tuple(HEADS)[2:6], tuple(HEADS)[6:]
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
        marks: Who is known to be better than all others.
    """

    part: str
    title: str
    models: Table
    classes: Table
    marks: Marks


def printed(found: Printed) -> list[Beside]:
    """Return the tables for print as files, those that have figures."""
    texts = {"models": _models(found), "classes": _classes(found)}
    says = {"models": "What each model reaches, as LaTeX.", "classes": "What is reached on each class, as LaTeX."}
    return [Beside((found.part, kind), "tex", text.encode("utf-8"), says[kind]) for kind, text in texts.items() if text]


def _models(found: Printed) -> str:
    rows, columns = found.models.rows, found.models.columns
    whole = next((figure for figure in WHOLES if figure in columns), None)
    if whole is None:
        return ""
    marks = [(row["model"], WHOLE) in found.marks for row in rows]
    shown: Columns = [("Model", [_name(row["model"]) for row in rows])]
    shown += [(head, [_size(row[key], unit) for row in rows]) for key, (head, unit) in SIZES.items() if key in columns]
    said = [f"{escaped(found.title)}: what each model reaches, in percent", _counted(rows)]
    if "runs" in columns:
        shown += _over_seeds(rows, whole, marks)
        said.append(r"Mean $\pm$ standard deviation over runs that differ in their seed")
    else:
        shown += _of_images(rows, columns, whole, marks)
    if "folds" in columns:
        shown.append(("Over the folds", [_spread(row, _percent(row.get("mean"))) for row in rows]))
        said.append(r"Over the folds: mean $\pm$ standard deviation of the figures of each fold")
    said += _best_said(rows, marks, "every other model, in paired tests after Holm's method over all pairs")
    return _table(found, "models", shown, [], said)


def _of_images(rows: Sequence[Row], columns: Sequence[str], whole: str, marks: Sequence[bool]) -> Columns:
    """Return figures of all images, the first one with its interval."""
    values = [Figure(_percent(row.get(whole)), marked=mark) for row, mark in zip(rows, marks, strict=True)]
    shown = [(HEADS[whole], bold_best(values))]
    if f"{whole}_low" in columns:
        shown.append((r"95\% interval", [_interval(row, whole) for row in rows]))
    others = [figure for figure in OTHERS if figure in columns]
    return shown + [(HEADS[each], bold_best([Figure(_percent(row.get(each))) for row in rows])) for each in others]


def _over_seeds(rows: Sequence[Row], whole: str, marks: Sequence[bool]) -> Columns:
    texts = [_percent(row.get("mean")) for row in rows]
    values = [Figure(text, _spread(row), mark) for text, row, mark in zip(texts, rows, marks, strict=True)]
    return [(HEADS[whole], bold_best(values)), ("Runs", [str(row.get("runs", 1)) for row in rows])]


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
    figure = next(figure for figure in BY_CLASS if figure in rows[0])
    values = {(row["model"], row["class"]): _percent(row[figure]) for row in rows}
    names = list(dict.fromkeys(row["class"] for row in rows))
    lines = [
        bold_best([Figure(values.get((m, name), ""), marked=(m, name) in found.marks) for m in models])
        for name in names
    ]
    shown = [("Class", [_name(name) for name in names])]
    shown += [(_name(model), [line[place] for line in lines]) for place, model in enumerate(models)]
    wholes = {row["model"]: row for row in found.models.rows}
    means = [Figure(_percent(wholes[model].get(MEANS[figure]))) for model in models]
    last = ["Mean", *bold_best(means)] if any(mean.text for mean in means) else []
    said = [f"{escaped(found.title)}: {HEADS[figure]} of each class, in percent", _counted([wholes[models[0]]])]
    said += ["Of the first run of each model"] if "runs" in found.models.columns else []
    marks = [(model, name) in found.marks for model in models for name in names]
    said += _best_said(
        models, marks, "every other model on the class, in paired tests, p after Holm's method over the classes"
    )
    return _table(found, "classes", shown, last, said)


def _table(found: Printed, kind: str, shown: Columns, last: Sequence[str], said: Sequence[str]) -> str:
    rows = [list(row) for row in zip(*(cells for _, cells in shown), strict=True)]
    caption = "".join(f"{sentence}. " for sentence in said if sentence).rstrip()
    key = stem((found.part, kind))
    return table(
        "l" + "r" * (len(shown) - 1), [head for head, _ in shown], [rows, [last] if last else []], caption, key
    )


def _best_said(compared: Sequence[object], marks: Sequence[bool], other: str) -> list[str]:
    """Return the sentences on bold figures and marks, of which only such are said that there are."""
    said = ["The best is in bold"] if len(compared) > 1 else []
    return said + ([f"{MARK}: better than {other}"] if any(marks) else [])


def _counted(rows: Sequence[Row]) -> str:
    images = rows[0].get("images")
    return counted(images, "image").capitalize() if isinstance(images, int) else ""


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
