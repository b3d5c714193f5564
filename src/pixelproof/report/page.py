"""The report: one HTML file that carries everything inside itself and opens without a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pixelproof.report.assessment as assessment
import pixelproof.report.calibration as calibration
import pixelproof.report.classification as classification
import pixelproof.report.comparison as comparison
import pixelproof.report.diagnosis as diagnosis
import pixelproof.report.drift as drift
import pixelproof.report.explained as explained
import pixelproof.report.gallery as gallery
import pixelproof.report.key_results as key_results
import pixelproof.report.provenance as provenance
import pixelproof.report.replicates as replicates
import pixelproof.report.segmentation as segmentation
from pixelproof.comparison.wording.words import metric_heading
from pixelproof.languages import Language, known_language
from pixelproof.progress import say
from pixelproof.report.artefacts import (
    ModelArtefacts,
    PartArtefacts,
    StudyArtefacts,
    is_study_or_run,
    outdated_scores,
    read_study,
)
from pixelproof.report.figures.tsne import tsne
from pixelproof.report.learning import learning_curves
from pixelproof.report.map_page import map_file, map_page
from pixelproof.report.other_splits import known_images, other_splits
from pixelproof.report.pictures import Picture, svg_uri
from pixelproof.report.rendering import FIGURES, hashed, maker, templates
from pixelproof.report.selective import selective
from pixelproof.runs import load_scores, write_text
from pixelproof.runs.assessment_file import FILE as ASSESSMENT
from pixelproof.runs.assessment_file import load_assessment
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.comparison_file import load_comparison
from pixelproof.runs.diagnosis_folder import DiagnosisFolder
from pixelproof.runs.drift_folder import DriftFolder
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.evidence_file import load_evidence
from pixelproof.runs.explanation_folder import ExplanationFolder
from pixelproof.runs.files import AnyPath, file_name, write_bytes
from pixelproof.runs.folder import PAGE
from pixelproof.runs.metric_names import OF_ALL

SCRIPTS = ("contents.js", "viewer.js", "versus.js", "language.js")


@dataclass(frozen=True)
class Network:
    """An architecture on the page, and what of its models is missing."""

    name: str
    """Of the model, or of all that have it."""
    facts: list[provenance.Fact]
    text: str
    diagram: Picture | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Making:
    """How one model was made."""

    name: str
    facts: list[provenance.Fact]
    settings: str


def build_report(folder: AnyPath, language: str = "en") -> Path:
    """Write ``report.html``, and the figures of a study for use in print, from a folder's artefacts alone.

    Args:
        folder: A study folder, a single run folder, or one that ``compare``, ``explain``, ``assess`` or ``doctor``
            wrote.
        language: In which the discussion is shown first, "en" or "zh-Hant"; the page holds both.

    Returns:
        The path of the page. Equal artefacts give equal bytes.

    Raises:
        UserError: The folder is none of these or cannot be written, an artefact is damaged, or there is no such
            language.
    """
    folder = Path(folder)
    tongue = known_language(language)
    if (other := _of_another_kind(folder)) is not None:
        write_text(folder / PAGE, _rendered(*other, tongue))
        return folder / PAGE
    study = read_study(folder)
    for sentence in (said for part in study.parts for said in outdated_scores(part)):
        say(f"note: {sentence}")
    write_text(folder / PAGE, _rendered("page.html.j2", _context(study), tongue))
    for name, data in _figures(study).items():
        write_bytes(folder / FIGURES / name, data)
    return folder / PAGE


def page_text(folder: Path, language: Language) -> str:
    """Return the page that ``build_report`` writes into a folder.

    Raises:
        UserError: As there.
    """
    other = _of_another_kind(folder)
    return _rendered(*(("page.html.j2", _context(read_study(folder))) if other is None else other), language)


def _of_another_kind(folder: Path) -> tuple[str, dict[str, object]] | None:
    """Return the template and its context for what is neither a study nor a run; None where nothing is known."""
    if is_study_or_run(folder):
        return None
    if (folder / COMPARISON).is_file():
        return "compared.html.j2", _comparison_context(folder)
    if ExplanationFolder(folder).exists():
        return "explanation.html.j2", _explanation_context(folder)
    if (folder / ASSESSMENT).is_file():
        return "assessment.html.j2", assessment.assessed(load_assessment(folder / ASSESSMENT))
    if DiagnosisFolder(folder).exists():
        return "diagnosis.html.j2", diagnosis.diagnosed(DiagnosisFolder(folder).read())
    if DriftFolder(folder).exists():
        return "drift.html.j2", drift.drifted(*DriftFolder(folder).read())
    return None


def _rendered(template: str, context: dict[str, object], language: Language) -> str:
    return templates().get_template(template).render(hashed(*SCRIPTS), **context, language=language, maker=maker())


def _context(study: StudyArtefacts) -> dict[str, object]:
    return {
        "title": study.record.title,
        "study": study.record,
        "training_time": provenance.training_time(study.parts),
        "parts": [_part(part) for part in study.parts],
    }


def _comparison_context(folder: Path) -> dict[str, object]:
    record = load_comparison(folder / COMPARISON)
    evidence = load_evidence(folder / EVIDENCE) if (folder / EVIDENCE).is_file() else None
    names = [model.name for model in record.models]
    return {
        "title": f"{key_results.enumerated(names)} on the same images",
        "task": record.task,
        "compared": comparison.compared(record, evidence),
    }


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


def _part(part: PartArtefacts) -> dict[str, object]:
    """Return what the templates show of one part."""
    scores = {model.name: model.scores for model in part.models}
    calibrated = calibration.calibrations(scores)
    shared: dict[str, object] = {
        "record": part.record,
        "decides": metric_heading(part.record.metric or OF_ALL[part.record.task][0], "en"),
        "outdated": [*outdated_scores(part), *known_images(part)],
        "other_splits": other_splits(part),
        "seen": replicates.seen_line(part),
        "folds": replicates.fold_rows(part),
        "fold_areas": replicates.fold_areas(part),
        "sentences": key_results.sentences(part),
        "flattered": key_results.flattered(part),
        "tiles": key_results.key_figures(part),
        "networks": _networks(part.models),
        "curves": learning_curves(part),
        "untrained": all(model.config is not None and model.config.model.members for model in part.models),
        "making": [_making(model, part) for model in part.models],
        "compared": comparison.compared(part.comparison, part.evidence),
        "explained": [explained.view(m.name, m.findings, part.scheme) for m in part.models if m.findings],
        "calibrations": calibrated,
        "fitted": calibration.fitting(calibrated),
        "selective": selective(scores),
        "extremes": [],
    }
    if part.record.task == "classification":
        return shared | {"outcomes": classification.outcomes(part), "embeddings": classification.embeddings(part)}
    tables = segmentation.iou_tables(part)
    return shared | {
        "exhibits": gallery.exhibits(part, part.record.shown),
        "extremes": gallery.exhibits(part, [i for i in part.record.extremes if i not in part.record.shown]),
        "class_key": segmentation.class_key(part.scheme) if part.scheme else [],
        "unscored_shown": gallery.has_void(part),
        "tables": tables,
        "scored_on": segmentation.scored_on(part) if tables else "",
        "chart": segmentation.chart(part),
        "matrices": segmentation.matrices(part),
        "legend": segmentation.legend(part),
    }


def _networks(models: Sequence[ModelArtefacts]) -> list[Network]:
    """Return what the models are, those that are the same network together."""
    groups: dict[object, list[ModelArtefacts]] = {}
    for model in models:
        groups.setdefault((model.architecture, model.diagram, model.missing), []).append(model)
    return [_network(group[0], key_results.enumerated([model.name for model in group])) for group in groups.values()]


def _network(model: ModelArtefacts, names: str) -> Network:
    diagram = None
    if model.diagram is not None:
        caption = f"Structure of {names}. {_training(model)}".rstrip(". ") + "."
        diagram = Picture(svg_uri(model.diagram.encode()), f"Structure diagram of {names}", caption)
    text = model.architecture.architecture if model.architecture else ""
    return Network(names, provenance.network_facts(model), text, diagram, model.missing)


def _training(model: ModelArtefacts) -> str:
    """Say that another network was trained, where that is so."""
    network = model.architecture
    if network is None or network.trained_as in ("", network.name):
        return ""
    return f"Trained as {network.trained_as}; its batch norms are then folded into the convolutions, exactly."


def _making(model: ModelArtefacts, part: PartArtefacts) -> Making:
    facts = provenance.made(model, part.record.data.images)
    name = f"{model.name}, fold 1 of {part.record.folds}" if part.record.folds else model.name
    return Making(name, facts, provenance.settings_text(model))


def _figures(study: StudyArtefacts) -> dict[str, bytes]:
    """Return the figures for use in print by file name."""
    files: dict[str, bytes] = {}
    mapped = [(part, model) for part in study.parts for model in part.models if model.features is not None]
    names = Counter(model.name for _, model in mapped)
    for part, model in mapped:
        assert model.features is not None
        name = model.name if names[model.name] == 1 else f"{part.record.name}-{model.name}"
        for kind in ("png", "svg"):
            files[f"tsne-{file_name(name)}.{kind}"] = tsne(model.features, kind, names=True)
        if model.thumbnails is not None:
            page = map_page(model.features, model.thumbnails, f"{study.record.title}: what {model.name} sees as alike")
            files[map_file(part.record.name, model.name)] = page.encode("utf-8")
    for part in study.parts:
        if (masks := gallery.printed(part)) is not None:
            files[f"masks-{file_name(part.record.name)}.png"] = masks
    return files
