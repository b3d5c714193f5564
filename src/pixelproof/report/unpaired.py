"""What the page shows of one figure on two sets of images."""

from __future__ import annotations

from pixelproof.comparison.verdict import estimate_verdict
from pixelproof.comparison.wording.unpaired import class_cells, differs, sentences, whole_rows
from pixelproof.comparison.wording.words import metric_heading, metric_name, p_value
from pixelproof.languages import translated
from pixelproof.numbers import counted
from pixelproof.report.figures.forest import Difference, certain
from pixelproof.runs.fields import Estimate
from pixelproof.runs.unpaired_file import SetRecord, UnpairedRecord


def shown(record: UnpairedRecord) -> dict[str, object]:
    """Return all that ``unpaired.html.j2`` shows but the plot of ``differences`` and the files beside the page."""
    return {
        "title": f"{record.b.name} beside {record.a.name}, on other images",
        "data": " · ".join([*map(_set, (record.a, record.b)), record.task]),
        "sentences": translated(lambda tongue: sentences(record, tongue)),
        "names": (record.a.name, record.b.name),
        "metric": metric_heading(record.metric, "en"),
        "parted": record.same is not None,
        "classes": [(class_cells(record.metric, name, each), differs(each)) for name, each in record.classes.items()],
        "wholes": list(whole_rows(record, "en")),
    }


def differences(record: UnpairedRecord) -> list[Difference]:
    """Return what is drawn: each class, the whole and its parts."""
    rows = [_row(name, each.difference, each.p, differs(each)) for name, each in record.classes.items()]
    figure = metric_name(record.metric, "en")
    rows.append(_row(figure, record.difference, record.p, record.verdict != "undecided"))
    for name, part in (("at equal shares", record.same), ("from shares", record.shares)):
        if part is not None:
            sure = estimate_verdict(part.difference, part.p) != "undecided"
            rows.append(_row(name, part.difference, part.p, sure))
    return rows


def _row(name: str, difference: Estimate, p: float | None, sure: bool) -> Difference:
    return Difference(name, difference, certain(difference) if sure else "", f"p {p_value(p)}")


def _set(side: SetRecord) -> str:
    grouped = "" if side.groups is None else f" in {counted(side.groups, 'group')}"
    data = f", data {side.fingerprint}" if side.fingerprint else ""
    return f"{side.name}: {counted(side.images, 'image')}{grouped}{data}"
