"""What a page shows of the answers that may be kept and those that are left to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pixelproof.evaluation.selective import Kept, kept
from pixelproof.evaluation.sentences import looks_line, promise_lines
from pixelproof.numbers import counted, interval, score, share
from pixelproof.report.figures.kept import kept_chart
from pixelproof.report.pictures import Picture, drawn
from pixelproof.runs import ClassificationScores, Scores


@dataclass(frozen=True)
class KeptTable:
    """What is right of one model's answers, by the confidence from which on they are kept."""

    model: str
    rows: list[tuple[str, str, str, str]]
    promises: list[str]
    looks: str


@dataclass(frozen=True)
class Selective:
    """The answers of all models of a part."""

    picture: Picture
    unit: str
    tables: list[KeptTable]


def selective(scores: Mapping[str, Scores | None]) -> Selective | None:
    """Return what may be kept of the answers of models, by their names; None where no confidence is known."""
    found = {model: (one, part) for model, one in scores.items() if one is not None and (part := kept(one))}
    if not found:
        return None
    curves = {model: part for model, (_, part) in found.items()}
    first = next(iter(found.values()))[0]
    unit = "images" if isinstance(first, ClassificationScores) else "pixels"
    n = f"n = {counted(len(first.ids), 'image')}"
    caption = f"The part of the {unit} kept that is right, by how many are kept, the surest first. {n}."
    picture = drawn(kept_chart(curves, unit), ("kept",), f"Share right over share of {unit} kept", caption)
    tables = [
        KeptTable(model, _rows(part), promise_lines(one), looks_line(one)) for model, (one, part) in found.items()
    ]
    return Selective(picture, unit, tables)


def _rows(found: Kept) -> list[tuple[str, str, str, str]]:
    return [
        (score(sure, 3), share(part), share(right), interval(low, high))
        for sure, part, right, low, high in zip(*vars(found).values(), strict=True)
    ]
