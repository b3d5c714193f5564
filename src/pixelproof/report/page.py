"""The report: one HTML file that carries everything inside itself and opens without a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pixelproof.report.assessment as assessment
import pixelproof.report.calibration as calibration
import pixelproof.report.comparison as comparison
import pixelproof.report.diagnosis as diagnosis
import pixelproof.report.drift as drift
import pixelproof.report.explained as explained
import pixelproof.report.key_results as key_results
import pixelproof.report.provenance as provenance
import pixelproof.report.segmentation as segmentation
import pixelproof.report.stress as stress
import pixelproof.report.unpaired as unpaired
from pixelproof.languages import Language, known_language
from pixelproof.progress import say
from pixelproof.report.artefacts import StudyArtefacts, is_study_or_run, outdated_scores, read_conclusions, read_study
from pixelproof.report.beside import put_beside
from pixelproof.report.figures.forest import forest
from pixelproof.report.inline import forests, set_forest
from pixelproof.report.part_view import part_view
from pixelproof.report.pictures import to_print
from pixelproof.report.printing import Folders, earlier_names, folders, part_figures
from pixelproof.report.rendering import FIGURES, TABLES, hashed, maker, templates
from pixelproof.report.selective import selective
from pixelproof.report.tables.files import comparison_tables, part_tables
from pixelproof.report.tables.sets import set_tables
from pixelproof.runs import load_scores, write_text
from pixelproof.runs.assessment_file import FILE as ASSESSMENT
from pixelproof.runs.assessment_file import load_assessment
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.diagnosis_folder import DiagnosisFolder
from pixelproof.runs.drift_folder import DriftFolder
from pixelproof.runs.explanation_folder import ExplanationFolder
from pixelproof.runs.files import AnyPath
from pixelproof.runs.folder import PAGE
from pixelproof.runs.stress_folder import StressFolder
from pixelproof.runs.unpaired_file import FILE as UNPAIRED
from pixelproof.runs.unpaired_file import UnpairedRecord, load_unpaired

SCRIPTS = ("contents.js", "viewer.js", "versus.js", "language.js")


@dataclass(frozen=True)
class Page:
    """A page before it is rendered: its template, what that shows, and the files beside it."""

    template: str
    shown: dict[str, object]
    beside: Folders | None = None


def build_report(folder: AnyPath, language: str = "en") -> Path:
    """Write ``report.html`` from a folder's artefacts alone; of studies, runs and comparisons also what lies beside it.

    That is ``figures/`` for use in print, and ``tables/`` for other programs and for LaTeX.

    Args:
        folder: That of a study or a run, or one that ``compare``, ``explain``, ``assess`` or ``doctor`` wrote.
        language: In which the discussion is shown first, "en" or "zh-Hant"; the page holds both.

    Returns:
        The path of the page. Equal artefacts give equal bytes.

    Raises:
        UserError: The folder is none of these or cannot be written, an artefact is damaged, or there is no such
            language.
    """
    folder, tongue = Path(folder), known_language(language)
    page = _of_another_kind(folder)
    if page is None:
        study = read_study(folder)
        for sentence in (said for part in study.parts for said in outdated_scores(part)):
            say(f"note: {sentence}")
        page = _study_page(study)
    _write(page, folder, tongue)
    return folder / PAGE


def rebuild_report(folder: Path, out: Path, language: Language) -> None:
    """Write to another folder what ``build_report`` writes into this one; raises what it raises, and says nothing."""
    _write(_of_another_kind(folder) or _study_page(read_study(folder)), out, language)


def _write(page: Page, folder: Path, language: Language) -> None:
    text = _rendered(page, language)
    if page.beside is not None:
        put_beside(folder / FIGURES, page.beside.figures, page.beside.stale)
        put_beside(folder / TABLES, page.beside.tables)
    write_text(folder / PAGE, text)


def _rendered(page: Page, language: Language) -> str:
    template = templates().get_template(page.template)
    return template.render(hashed(*SCRIPTS), **page.shown, language=language, maker=maker())


def _of_another_kind(folder: Path) -> Page | None:
    """Return the page of what is neither a study nor a run; None where nothing is known."""
    if is_study_or_run(folder):
        return None
    if (folder / COMPARISON).is_file():
        return _comparison_page(folder)
    if (folder / UNPAIRED).is_file():
        return _sets_page(load_unpaired(folder / UNPAIRED))
    if ExplanationFolder(folder).exists():
        return Page("explanation.html.j2", _explanation_context(folder))
    if (folder / ASSESSMENT).is_file():
        return Page("assessment.html.j2", assessment.assessed(load_assessment(folder / ASSESSMENT)))
    if DiagnosisFolder(folder).exists():
        return Page("diagnosis.html.j2", diagnosis.diagnosed(DiagnosisFolder(folder).read()))
    if DriftFolder(folder).exists():
        return Page("drift.html.j2", drift.drifted(*DriftFolder(folder).read()))
    if StressFolder(folder).exists():
        return Page("stress.html.j2", stress.under_stress(*StressFolder(folder).read()))
    return None


def _study_page(study: StudyArtefacts) -> Page:
    shown = [part_view(part) for part in study.parts]
    figures = [file for part, view in zip(study.parts, shown, strict=True) for file in part_figures(part, view, study)]
    beside = folders(figures, [part_tables(part) for part in study.parts], earlier_names(study))
    context = {
        "title": study.record.title,
        "study": study.record,
        "training_time": provenance.training_time(study.parts),
        "parts": [view | {"files": links} for view, links in zip(shown, beside.links, strict=True)],
        "figures": bool(figures),
    }
    return Page("page.html.j2", context, beside)


def _comparison_page(folder: Path) -> Page:
    found = read_conclusions(folder)
    record, evidence = found.comparison, found.evidence
    assert record is not None
    names = key_results.enumerated(model.name for model in record.models)
    shown = comparison.compared(record, evidence)
    beside = folders([*forests(shown), *to_print(shown)], [comparison_tables(record, evidence)])
    context = {
        "title": f"{names} on the same images",
        "task": record.task,
        "compared": shown,
        "files": beside.links[0],
        "figures": bool(beside.figures),
    }
    return Page("compared.html.j2", context, beside)


def _sets_page(record: UnpairedRecord) -> Page:
    shown = unpaired.shown(record)
    plot = forest(unpaired.differences(record))
    beside = folders([*set_forest(record.a.name, record.b.name, plot)], [set_tables(record)])
    context = shown | {"forest": plot, "files": beside.links[0], "figures": bool(beside.figures)}
    return Page("unpaired.html.j2", context, beside)


def _explanation_context(folder: Path) -> dict[str, object]:
    files = ExplanationFolder(folder)
    findings, path = files.read(), files.scores
    assert findings is not None
    scores = load_scores(path) if path.is_file() else None
    model = scores.source.name if scores else folder.resolve().name
    scheme = scores.scheme if scores else None
    calibrated = calibration.calibrations({model: scores})
    return {
        "title": f"What {model} sees, where it errs, how far to believe it",
        "data": explained.described(scores) if scores else "",
        "class_key": segmentation.class_key(scheme) if scheme and findings.worst else [],
        "part": {
            "explained": [explained.view(model, findings, scheme)],
            "calibrations": calibrated,
            "fitted": calibration.fitting(calibrated),
            "selective": selective({model: scores}),
        },
    }
