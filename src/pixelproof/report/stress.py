"""What the page shows of models under stress."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pixelproof.comparison.wording.stress import images, sentences, suffers
from pixelproof.comparison.wording.stress_cells import falls, pairs, plain, ranged, shown_from, titled
from pixelproof.comparison.wording.words import metric_heading, p_value
from pixelproof.languages import translated
from pixelproof.numbers import score, share
from pixelproof.report.figures.stress import stress_curves
from pixelproof.report.key_results import enumerated
from pixelproof.report.pictures import Picture, Tile, small_uri, svg_uri
from pixelproof.runs.metric_names import in_percent, told, told_ends
from pixelproof.runs.stress_file import Cell, Curve, Example, Standing, State, StressedModel, StressRecord
from pixelproof.runs.stress_folder import UNTOUCHED, picture_of, state_of
from pixelproof.runs.thumbnails import Thumbnails

SHARES_RIGHT = ("accuracy", "pixel_accuracy")
"""Scores that confidence can be compared with."""


@dataclass(frozen=True)
class Row:
    """A state in the table of a model; ``lost`` where a loss is shown."""

    name: str
    score: str
    interval: str
    change: str
    p: str
    sure: str
    right: str
    ece: str
    sure_wrong: str
    lost: bool


@dataclass(frozen=True)
class Table:
    """A model: its states on images as they are and under each stress, with what is said of each stress."""

    model: str
    untouched: Row
    stresses: list[tuple[str, str, list[Row]]]


@dataclass(frozen=True)
class Scene:
    """An example under one stress."""

    id: str
    truth: str
    stresses: list[tuple[str, list[Tile]]]


def under_stress(record: StressRecord, pictures: Thumbnails, masks: Thumbnails) -> dict[str, object]:
    """Return all that ``stress.html.j2`` shows."""
    several = len(record.models) > 1
    return {
        "title": "What does it cost if images become worse?",
        "data": f"{enumerated(model.name for model in record.models)} · {images(record)}",
        "sentences": translated(lambda tongue: sentences(record, tongue)),
        "charts": list(_charts(record)),
        "summaries": [(model.name, [_summary(curve) for curve in model.curves]) for model in record.models],
        "fall": f"{100 * record.margin:g}",
        "score": metric_heading(record.metric, "en"),
        "tables": [_table(model, record) for model in record.models],
        "standings": [(title, [_standing(each) for each in own]) for title, own in pairs(record).items()],
        "scenes": [_scene(each, record, pictures, masks, several) for each in record.examples],
        "several": several,
        "class_key": list(record.colors.items()) if masks.ids else [],
    }


def _charts(record: StressRecord) -> Iterator[Picture]:
    sure = record.metric in SHARES_RIGHT
    for place, curve in enumerate(record.models[0].curves):
        curves = {model.name: (model.untouched, model.curves[place]) for model in record.models}
        said = "; ".join(f"{name}: {_told(state, own, record)}" for name, (state, own) in curves.items())
        chart = stress_curves(curves, metric_heading(record.metric, "en"), in_percent(record.metric), sure)
        yield Picture(svg_uri(chart), f"{titled(curve)}: {said}")


def _told(untouched: State, curve: Curve, record: StressRecord) -> str:
    last = curve.cells[-1]
    return " to ".join(told(record.metric, state.score.value) for state in (last.before or untouched, last))


def _summary(curve: Curve) -> tuple[str, ...]:
    last = curve.cells[-1]
    wrong = share(last.sure_wrong)
    names = titled(curve)
    return (
        names,
        plain(last.strength),
        ranged(last.difference),
        shown_from(curve),
        falls(curve),
        wrong,
        suffers(curve),
    )


def _table(model: StressedModel, record: StressRecord) -> Table:
    untouched = _row("as they are", model.untouched, record, "", "", False)
    stresses = [
        (
            curve.stress,
            curve.unit,
            [row for cell in curve.cells for row in _rows(cell, record)],
        )
        for curve in model.curves
    ]
    return Table(model.name, untouched, stresses)


def _rows(cell: Cell, record: StressRecord) -> Iterator[Row]:
    """Yield the row of a state, and before it that of images as they are where these are counted for it alone."""
    if cell.before is not None:
        yield _row(f"as they are, for {cell.strength:g}", cell.before, record, "", "", False)
    change, p = ranged(cell.difference), p_value(cell.adjusted)
    yield _row(plain(cell.strength), cell, record, change, p, cell.lost)


def _row(name: str, state: State, record: StressRecord, change: str, p: str, lost: bool) -> Row:
    return Row(
        name=name,
        score=told(record.metric, state.score.value),
        interval=told_ends(record.metric, state.score.low, state.score.high),
        change=change,
        p=p,
        sure=share(state.confidence),
        right=share(state.right),
        ece=score(state.ece, 3),
        sure_wrong=share(state.sure_wrong),
        lost=lost,
    )


def _standing(each: Standing) -> tuple[str, list[tuple[str, str, bool]]]:
    """Return the row of two models under a stress: of both questions the difference, p, and whether it is shown."""
    return each.stress, [
        (ranged(each.score), p_value(each.score_p), each.score_better != "undecided"),
        (ranged(each.kept), p_value(each.kept_p), each.kept_better != "undecided"),
    ]


def _scene(example: Example, record: StressRecord, pictures: Thumbnails, masks: Thumbnails, several: bool) -> Scene:
    names = [model.name for model in record.models] if several else [""]
    rows = []
    for curve in record.models[0].curves:
        states = [("as it is", UNTOUCHED)] + [
            (f"{c.strength:g}", state_of(curve.stress, c.strength)) for c in curve.cells
        ]
        tiles = [_tile(example, words, state, names, pictures, masks) for words, state in states]
        rows.append((titled(curve), [tile for tile in tiles if tile is not None]))
    return Scene(example.id, example.truth, [row for row in rows if row[1]])


def _tile(
    example: Example, words: str, state: str, names: list[str], pictures: Thumbnails, masks: Thumbnails
) -> Tile | None:
    name, answers = picture_of(example.id, state), example.answers.get(state, ())
    if name not in pictures.by_id:
        return None
    lines = tuple(
        f"{model + ': ' if model else ''}{'✗ ' if answer.right is False else '✓ ' if answer.right else ''}{answer.text}"
        for model, answer in zip(names, answers, strict=False)
    )
    mask = masks.by_id.get(name)
    alt = f"Image {example.id}, {state}"
    second = None if mask is None else Picture(small_uri(mask), f"Mask of image {example.id}, {state}", "")
    return Tile(Picture(small_uri(pictures.by_id[name]), alt, words), lines, second)
