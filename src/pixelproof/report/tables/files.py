"""All tables of a page as files, from the same figures that ``--json`` and the page give."""

from __future__ import annotations

from pixelproof.evaluation.summary import summarise
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.beside import Beside
from pixelproof.report.tables import choices, compared, images, models
from pixelproof.report.tables.printed import Printed, printed
from pixelproof.report.tables.sizes import printed_sizes, size_tables
from pixelproof.report.tables.table import Table
from pixelproof.runs.comparison_file import ComparisonRecord
from pixelproof.runs.evidence_file import EvidenceRecord


def part_tables(part: PartArtefacts) -> list[Beside]:
    """Return the tables of a study's part, or of a run, as files: those that have rows."""
    figures = {model.name: summarise(model.scores) for model in part.models if model.scores is not None}
    whole, by_class = models.models(part, figures), models.classes(part, figures)
    tables = [whole, by_class, models.other_splits(part), *compared.compared_tables(part.comparison, part.evidence)]
    tables += [
        choices.choices(part.record),
        images.learning_curves(part),
        images.calibration(figures),
        images.reliability(figures),
    ]
    tables += size_tables(part.sizes)
    tables += [images.kept(figures), images.tsne(part), images.images(part), *models.confusions(part, figures)]
    found = part.comparison, part.evidence
    metric, marks = compared.decides(*found), compared.better_than_others(*found)
    name, title = part.record.name, part.record.title
    files = _files(name, tables, Printed(name, title, whole, by_class, metric, marks))
    return files + printed_sizes(part.sizes, name, title)


def comparison_tables(comparison: ComparisonRecord, evidence: EvidenceRecord | None) -> list[Beside]:
    """Return the tables of a comparison that stands alone as files."""
    whole, by_class = compared.models_of(comparison), compared.classes_of(comparison)
    tables = [whole, by_class, *compared.compared_tables(comparison, evidence), compared.images_of(comparison)]
    metric, marks = compared.decides(comparison, evidence), compared.better_than_others(comparison, evidence)
    title = "Comparison" + (f", {comparison.protocol.replace('_', ' ')}" if comparison.protocol else "")
    return _files("", tables, Printed("", title, whole, by_class, metric, marks))


def _files(part: str, tables: list[Table], paper: Printed) -> list[Beside]:
    return [table.beside(part) for table in tables if table.rows] + printed(paper)
