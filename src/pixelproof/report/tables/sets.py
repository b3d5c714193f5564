"""Tables of one figure on two sets of images: the difference and its parts, and each class."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.report.beside import Beside
from pixelproof.report.tables.table import Cell, Row, Table
from pixelproof.runs.metric_names import of_each
from pixelproof.runs.unpaired_file import SetRecord, UnpairedRecord


def set_tables(record: UnpairedRecord) -> list[Beside]:
    """Return the tables of an unpaired comparison as files."""
    found = [
        Table("sets", "What is reached on each set of images.", [_set(side, record) for side in (record.a, record.b)]),
        Table("differences", "The second set minus the first, and the parts of it.", [*_differences(record)]),
        Table("set-classes", "The same by class; p is adjusted over the classes.", [*_classes(record)]),
    ]
    return [table.beside("") for table in found]


def _set(side: SetRecord, record: UnpairedRecord) -> Row:
    row: dict[str, Cell] = side.model_dump(include={"name", "path", "split", "images", "groups", "learned"})
    return row | {record.metric: side.figure.value, "low": side.figure.low, "high": side.figure.high}


def _differences(record: UnpairedRecord) -> Iterator[Row]:
    parts = (("all", record), ("equal shares", record.same), ("shares", record.shares))
    for name, part in parts:
        if part is not None:
            row: dict[str, Cell] = {"a": record.a.name, "b": record.b.name, "metric": record.metric, "part": name}
            found = part.difference
            yield row | {"difference": found.value, "low": found.low, "high": found.high, "p": part.p}


def _classes(record: UnpairedRecord) -> Iterator[Row]:
    for name, each in record.classes.items():
        row: dict[str, Cell] = {"class": name, "figure": of_each(record.metric)}
        for side, place in (("a", 0), ("b", 1)):
            row |= {f"images_{side}": each.images[place], f"share_{side}": each.shares[place]}
            row |= {f"effective_{side}": each.effective[place]}
        row |= {"value_a": each.a, "value_b": each.b} | each.difference.model_dump(include={"low", "high"})
        yield row | {"difference": each.difference.value, "p": each.p, "p_unadjusted": each.p_unadjusted}
