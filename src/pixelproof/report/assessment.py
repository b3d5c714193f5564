"""What the page shows of maps that were assessed by points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

import numpy as np

from pixelproof.comparison.paired import ROUGH
from pixelproof.labels import LabelScheme
from pixelproof.labels.palettes import hex_color
from pixelproof.labels.scheme import LabelClass
from pixelproof.numbers import UNDEFINED, count, counted, first_of, interval, share
from pixelproof.report.figures.confusion import Matrix, matrix
from pixelproof.report.figures.forest import Difference, Forest, certain, forest, with_interval
from pixelproof.report.figures.intervals import Intervals, Measured, amounts, intervals
from pixelproof.report.figures.style import series, turn
from pixelproof.report.places import places
from pixelproof.runs.assessment_file import AssessedClass, AssessedMap, AssessmentRecord, Unit
from pixelproof.runs.fields import Estimate

MEASURES = {
    "users_accuracy": ("User's accuracy", "Share of what is mapped as the class that is the class; also precision."),
    "producers_accuracy": ("Producer's accuracy", "Share of the class that is mapped as it; also recall."),
    "iou": ("IoU", "What is both, over what is mapped as the class or is the class."),
}
"""Title and meaning of what is told of each class, by what records call it."""
SAID = 5  # classes of a sentence


def assessed(record: AssessmentRecord) -> dict[str, object]:
    """Return all that ``assessment.html.j2`` shows."""
    record = _named(record)
    return {
        "title": f"How good is {record.map}?",
        "data": _data(record),
        "sentences": list(_sentences(record)),
        "tiles": _tiles(record),
        "legend": [(each.map, series(place)[0], turn(place)) for place, each in enumerate(record.maps)],
        "unit": record.unit.name,
        "areas": _areas(record),
        "accuracies": [(*words, _accuracy(record, key)) for key, words in MEASURES.items()],
        "gains": _gains(record),
        "matrices": [(each.map, _matrix(record, each)) for each in record.maps],
        "places": places(record),
    }


def _named(record: AssessmentRecord) -> AssessmentRecord:
    """Return the same with maps called by their files' names, where these differ."""
    names = [PurePath(each.map).name for each in record.maps]
    if len(set(names)) < len(names):
        return record
    others = tuple(each.model_copy(update={"map": name}) for each, name in zip(record.others, names[1:], strict=True))
    return record.model_copy(update={"map": names[0], "others": others})


def _data(record: AssessmentRecord) -> str:
    looked, size = record.points, record.design
    unclear = f", {count(looked.unclear)} of which nobody can tell" if looked.unclear else ""
    facts = [f"{count(looked.with_truth)} of {count(looked.drawn)} points have a truth{unclear}"]
    facts += [f"drawn at random in each of {counted(len(size.classes), 'class')}, seed {size.seed}"]
    facts += [f"{count(size.width)} x {count(size.height)} pixels"]
    facts += [f"areas {record.areas}"] if record.areas else []
    return " · ".join(facts)


def _sentences(record: AssessmentRecord) -> Iterator[str]:
    """Yield the figures of the whole, which classes the map shows too much or too little of, and who is better."""
    whole = record.overall_accuracy
    yield (
        f"Of the area of {record.map}, {share(whole.value)} is what the map says "
        f"(95% interval {interval(whole.low, whole.high)})."
    )
    if record.left_out:
        yield (
            f"Nobody can tell what is at any point where it says {first_of(record.left_out, SAID)}: "
            "that ground is left out of everything here."
        )
    beyond = [text for name in record.classes if (text := _beyond(record, name))]
    if beyond:
        by_chance = round(len(record.classes) / 20)  # as intervals hold in 95%
        chance = f" Of so many classes about {by_chance} would be named by chance." if by_chance else ""
        ground = "Of the ground that is known it" if record.left_out else "It"
        yield f"{ground} shows {first_of(beyond, SAID)}.{chance}"
    else:
        yield "Of no class do these points say that the map shows too much or too little."
    rough = [name for name, each in record.classes.items() if 0 < each.points < ROUGH]
    if rough:
        yield f"Fewer than {ROUGH} known points are in {first_of(rough, SAID)}, so these figures are rough."
    for other in record.others:
        yield _verdict(record, other)


def _beyond(record: AssessmentRecord, name: str) -> str:
    """Return by how much the map shows more or less of a class than there is; empty where that may be chance."""
    unit = record.unit
    mapped, true = (_area(record.classes[name], which, unit) for which in ("mapped", "true"))
    if mapped.value is None or true.low is None or true.high is None or true.low <= mapped.value <= true.high:
        return ""
    kind = "too much" if mapped.value > true.high else "too little"
    amounts = [_amount(value, unit) for value in (mapped.value, true.value or 0.0, true.low, true.high)]
    return "{} {} ({} {unit} where there is {}, {} to {})".format(kind, name, *amounts, unit=unit.name)


def _verdict(record: AssessmentRecord, other: AssessedMap) -> str:
    assert other.gains is not None
    gain = other.gains.overall_accuracy
    known = certain(gain)
    if not known:
        return f"Which of {record.map} and {other.map} is right more often, these points cannot say: {_points(gain)}."
    return f"{other.map} is right {'more' if known == 'better' else 'less'} often than {record.map}: {_points(gain)}."


def _points(gain: Estimate) -> str:
    return f"{with_interval(gain)} points of overall accuracy"


def _tiles(record: AssessmentRecord) -> list[tuple[str, str, str]]:
    """Return (figure, what it is, its interval), two for each map."""
    figures = [("overall accuracy", "overall_accuracy"), ("mean IoU", "miou")]
    return [
        (share(each.value), f"{what} of {found.map}", f"95% interval {interval(each.low, each.high)}")
        for found in record.maps
        for what, key in figures
        for each in [getattr(found, key)]
    ]


def _areas(record: AssessmentRecord) -> Intervals:
    """Return the chart of what there is of each class, and what maps show."""
    unit, rows = record.unit, []
    for place, name in enumerate(record.classes):
        true = _area(record.classes[name], "true", unit)
        shown = [(m, _area(each.classes[name], "mapped", unit)) for m, each in enumerate(record.maps)]
        beside = tuple(
            (m, each.value, f"mapped by {record.maps[m].map}: {_text(each, unit)} {record.unit.name}")
            for m, each in shown
        )
        rows.append(Measured(name, true, _text(true, unit), None, _color(record, place), beside))
    return amounts(rows, unit.scale)


def _area(found: AssessedClass, which: str, unit: Unit) -> Estimate:
    """Return the ``mapped`` or ``true`` area of a class, in hectares or as a share."""
    area: Estimate = getattr(found, f"{which}_{unit.key}")
    return area


def _accuracy(record: AssessmentRecord, key: str) -> Intervals:
    """Return the chart of a measure of each class, with a row for each map."""
    rows = [
        Measured(name if m == 0 else "", found, _percent(found), m, _color(record, place) if m == 0 else "")
        for place, name in enumerate(record.classes)
        for m, each in enumerate(record.maps)
        for found in [getattr(each.classes[name], key)]
    ]
    return intervals(rows)


def _gains(record: AssessmentRecord) -> Forest | None:
    rows = [
        Difference(f"{what} of {other.map}", gain, certain(gain))
        for other in record.others
        if other.gains is not None
        for what, gain in (("overall accuracy", other.gains.overall_accuracy), ("mean IoU", other.gains.miou))
    ]
    return forest(rows)


def _matrix(record: AssessmentRecord, found: AssessedMap) -> Matrix:
    """Return the error matrix by true (row) and mapped class, in millionths of the area."""
    classes = [LabelClass(name=each.name, id=each.id) for each in record.design.classes]
    scheme = LabelScheme(task="segmentation", classes=tuple(classes))
    counts = np.rint(np.array(found.error_matrix).T * 1e6).astype(np.int64)
    return matrix(counts, scheme, "millionths of the area")


def _color(record: AssessmentRecord, place: int) -> str:
    return hex_color(record.design.classes[place].color)


def _percent(found: Estimate) -> str:
    """Return ``93.5 (89.3 to 96.3)``."""
    return _text(found, Unit("share", 100.0, "%", 1))


def _text(found: Estimate, unit: Unit) -> str:
    """Return ``93.5 (89.3 to 96.3)``, or the figure alone where it is known."""
    if found.value is None:
        return UNDEFINED
    if found.low is None or found.high is None or found.low == found.high:
        return _amount(found.value, unit)
    return f"{_amount(found.value, unit)} ({_amount(found.low, unit)} to {_amount(found.high, unit)})"


def _amount(value: float, unit: Unit) -> str:
    return f"{unit.scale * value:,.{unit.digits}f}"
