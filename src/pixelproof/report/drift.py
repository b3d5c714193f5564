"""What the page shows of new images beside old ones."""

from __future__ import annotations

from dataclasses import dataclass

from pixelproof.comparison.verdict import significant
from pixelproof.comparison.wording.drift import KINDS, between, called, sentences, value
from pixelproof.comparison.wording.words import named, p_value
from pixelproof.languages import translated
from pixelproof.numbers import counted, share
from pixelproof.report.pictures import Picture, Tile, small_uri
from pixelproof.runs.drift_file import Collection, DriftRecord, Sign
from pixelproof.runs.thumbnails import Thumbnails


@dataclass(frozen=True)
class Row:
    """A sign; ``sure`` where it differs beyond chance."""

    name: str
    old: str
    new: str
    difference: str
    p: str
    sure: bool


def drifted(record: DriftRecord, old: Thumbnails, new: Thumbnails) -> dict[str, object]:
    """Return all that ``drift.html.j2`` shows."""
    return {
        "title": f"Are these images of the kind that {record.run} was scored on?",
        "data": f"old: {_collection(record.old)} · new: {_collection(record.new)}",
        "sentences": translated(lambda tongue: sentences(record, tongue)),
        "signs": [
            (named("kind", kind, "en"), rows)
            for kind in KINDS
            if (rows := [_row(s) for s in record.signs if s.kind == kind])
        ],
        "unlike": [
            Tile(Picture(small_uri(new.by_id[each.id]), f"New image {each.id}", each.id), (share(each.novelty),))
            for each in record.unlike
            if each.id in new.by_id
        ],
        "old": [Tile(Picture(small_uri(old.by_id[i]), f"Old image {i}", i), ()) for i in old.ids],
    }


def _collection(side: Collection) -> str:
    grouped = "" if side.scenes == side.images else f" in {counted(side.scenes, 'group')}"
    return f"{side.name}, {counted(side.images, 'image')}{grouped}"


def _row(sign: Sign) -> Row:
    means = (value(sign, sign.old), value(sign, sign.new))
    return Row(called(sign, "en"), *means, between(sign), p_value(sign.adjusted), significant(sign.adjusted))
