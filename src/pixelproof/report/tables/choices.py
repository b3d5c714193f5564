"""The table of the candidates that models were chosen among."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.report.choosing import settings_text
from pixelproof.report.tables.table import Cell, Row, Table
from pixelproof.runs.choice_record import Candidate, ChoiceRecord
from pixelproof.runs.study_file import PartRecord


def choices(record: PartRecord) -> Table:
    """Return what each candidate reached on the selection part, and how it differs from the chosen one."""
    says = (
        "Candidates by their scores of the selection part. difference is that to the chosen one; p_adjusted is p times "
        "the number of the others."
    )
    return Table("choices", says, [*_rows(record)])


def _rows(record: PartRecord) -> Iterator[Row]:
    for model in record.models:
        for choice in model.choices:
            for each in choice.candidates:
                yield {"model": model.name} | _row(each, choice)


def _row(each: Candidate, choice: ChoiceRecord) -> dict[str, Cell]:
    row: dict[str, Cell] = {} if choice.fold is None else {"fold": choice.fold}
    row |= {"candidate": each.name, "chosen": each.name == choice.chosen, "settings": settings_text(each.settings)}
    row |= {"images": choice.images, "metric": choice.metric, "score": each.score, "std": each.spread}
    row |= {f"run_{number}": value for number, value in enumerate(each.scores, start=1)}
    if each.difference is not None:
        row |= {"difference": each.difference.value, "low": each.difference.low, "high": each.difference.high}
    return row | {"p": each.p, "p_adjusted": each.adjusted, "worse": each.told}
