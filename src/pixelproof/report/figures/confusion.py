"""The confusion matrix as a grid of cells that a page draws and explains on hover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from pixelproof.array_types import Int64
from pixelproof.labels import LabelScheme
from pixelproof.labels.palettes import hex_color
from pixelproof.numbers import count, share

RIGHT, WRONG = (8, 76, 148), (190, 62, 6)
"""Full colours of the diagonal and of what lies off it."""
INKS = (31, 35, 40), (255, 255, 255)
"""Colours of numbers in cells; each has the one that reads better."""
LARGE, WORST = 100, 50  # of more classes than that, so many are drawn
LISTED = 12  # of the most frequent confusions
SPELT = 12  # up to this many classes a cell has room for its share and a column for its name


@dataclass(frozen=True)
class Cell:
    """One pair of true and predicted class that occurs."""

    row: int
    column: int
    fill: str
    ink: str
    text: str
    title: str


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix, row-normalised.

    Attributes:
        names: Row labels, the class names with their numbers.
        heads: Column labels, names where there is room and numbers elsewhere.
        cells: The cells that are not 0, by their places among the names.
        spelt: Whether cells hold text.
        frequent: The most frequent confusions as (true class, predicted class, how many).
        summary: What it shows, in words.
        note: Which classes are drawn, where not all are.
    """

    names: list[str]
    heads: list[str]
    cells: list[Cell]
    spelt: bool
    frequent: list[tuple[str, str, str]]
    summary: str
    note: str


def matrix(counts: Int64, scheme: LabelScheme, unit: str) -> Matrix:
    """Lay out counts [K, K] of ``unit`` ("images", "pixels") by true (row) and predicted class (column)."""
    labels = [numbered(scheme, index) for index in range(len(scheme.classes))]
    spelt = len(labels) <= SPELT
    heads = list(scheme.names) if spelt else [str(label.id) for label in scheme.classes]
    drawn = _drawn(counts)
    cells = [
        replace(_cell(counts, drawn[row], drawn[column], scheme, unit), row=row, column=column)
        for row, column in np.argwhere(counts[np.ix_(drawn, drawn)]).tolist()
    ]
    right = count(int(np.trace(counts)))
    summary = f"Confusion matrix of {len(labels)} classes: {right} of {count(int(counts.sum()))} {unit} on the diagonal"
    frequent = [
        (labels[true], labels[other], f"{count(n)} of {count(total)} ({share(n / total, 0)})")
        for true, other, n, total in frequent_confusions(counts, LISTED)
    ]
    note = f"The {WORST} of {count(len(labels))} classes of which the smallest share is right, among themselves."
    note = note if len(drawn) < len(labels) else ""
    summary += f". {note}" if note else ""
    names, heads = ([texts[i] for i in drawn] for texts in (labels, heads))
    return Matrix(names, heads, cells, spelt, frequent, summary, note)


def _drawn(counts: Int64) -> list[int]:
    """Return which classes of [K, K] are drawn, in their order: all, or the worst recognised of very many."""
    if len(counts) <= LARGE:
        return list(range(len(counts)))
    right = np.diagonal(counts) / np.where(counts.any(axis=1), counts.sum(axis=1), np.nan)
    worst: list[int] = np.argsort(right, kind="stable")[:WORST].tolist()  # those without images come last
    return sorted(worst)


def frequent_confusions(counts: Int64, most: int) -> list[tuple[int, int, int, int]]:
    """Return the largest counts off the diagonal of [K, K] as (true class, predicted class, n, n of the true class)."""
    wrong = counts - np.diag(np.diagonal(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(place), len(counts)) for place in order if wrong.flat[place]]
    return [(true, other, int(wrong[true, other]), int(counts[true].sum())) for true, other in pairs]


def numbered(scheme: LabelScheme, index: int) -> str:
    """Return a class's name after its number, or the name alone where it says the number already."""
    label = scheme.classes[index]
    return label.name if label.name == str(label.id) else f"{label.id} {label.name}"


def _cell(counts: Int64, row: int, column: int, scheme: LabelScheme, unit: str) -> Cell:
    n, total = int(counts[row, column]), int(counts[row].sum())
    part = n / total
    strength = part**0.5  # so that rare confusions can be seen
    full = np.array(RIGHT if row == column else WRONG)
    fill = (255 + (full - 255) * (0.06 + 0.94 * strength)).round().astype(int).tolist()
    title = (
        f"true {scheme.names[row]}, predicted {scheme.names[column]}: "
        f"{count(n)} of {count(total)} {unit} ({share(part)})"
    )
    text = share(part, 0 if part >= 0.095 else 1).removesuffix("%") if len(counts) <= SPELT else ""
    return Cell(row, column, hex_color(fill), hex_color(max(INKS, key=partial(contrast, fill))), text, title)


def contrast(one: Sequence[int], other: Sequence[int]) -> float:
    """Return the contrast of two colours as WCAG defines it, 1 to 21."""
    low, high = sorted(_luminance(each) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: Sequence[int]) -> float:
    parts = np.array(color) / 255
    return float(np.where(parts > 0.04045, ((parts + 0.055) / 1.055) ** 2.4, parts / 12.92) @ (0.2126, 0.7152, 0.0722))
