"""What the page shows of one part of a study, by the names that its templates know."""

from __future__ import annotations

from dataclasses import dataclass

import pixelproof.report.calibration as calibration
import pixelproof.report.choosing as choosing
import pixelproof.report.classification as classification
import pixelproof.report.comparison as comparison
import pixelproof.report.explained as explained
import pixelproof.report.gallery as gallery
import pixelproof.report.kept_rule as kept_rule
import pixelproof.report.key_results as key_results
import pixelproof.report.provenance as provenance
import pixelproof.report.replicates as replicates
import pixelproof.report.segmentation as segmentation
import pixelproof.report.sizes as sizes
from pixelproof.comparison.wording.words import metric_heading
from pixelproof.report.artefacts import PartArtefacts, outdated_scores
from pixelproof.report.iou_tables import iou_tables, scored_on
from pixelproof.report.learning import learning_curves
from pixelproof.report.model_artefacts import ModelArtefacts
from pixelproof.report.networks import networks
from pixelproof.report.other_splits import headline_on_test, known_images, other_splits
from pixelproof.report.selective import selective
from pixelproof.runs.metric_names import OF_ALL


@dataclass(frozen=True)
class Making:
    """How one model was made."""

    name: str
    facts: list[provenance.Fact]
    settings: str


def part_view(part: PartArtefacts) -> dict[str, object]:
    """Return what the templates show of one part."""
    return _of_both_tasks(part) | (_classified(part) if part.record.task == "classification" else _segmented(part))


def _of_both_tasks(part: PartArtefacts) -> dict[str, object]:
    scores = {model.name: model.scores for model in part.models}
    calibrated = calibration.calibrations(scores)
    return {
        "record": part.record,
        "decides": metric_heading(part.record.metric or OF_ALL[part.record.task][0], "en"),
        "warnings": [
            *key_results.poor(part),
            *outdated_scores(part),
            *known_images(part),
            *key_results.not_compared(part),
        ],
        "other_splits": other_splits(part),
        "tested": headline_on_test(part),
        "seen": replicates.seen_line(part),
        "folds": replicates.fold_rows(part),
        "fold_areas": replicates.fold_areas(part),
        "sentences": key_results.sentences(part),
        "flattered": key_results.flattered(part),
        "sizes": sizes.sizes(part),
        "chosen": choosing.chosen(part),
        "chosen_line": choosing.line(part),
        "tiles": key_results.key_figures(part),
        "networks": networks(part.models),
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


def _classified(part: PartArtefacts) -> dict[str, object]:
    return {
        "outcomes": classification.outcomes(part),
        "embeddings": classification.embeddings(part),
        "rules": kept_rule.kept_rules(part),
    }


def _segmented(part: PartArtefacts) -> dict[str, object]:
    tables = iou_tables(part)
    return {
        "exhibits": gallery.exhibits(part, part.record.shown),
        "extremes": gallery.exhibits(part, [i for i in part.record.extremes if i not in part.record.shown]),
        "class_key": segmentation.class_key(part.scheme) if part.scheme else [],
        "unscored_shown": gallery.has_void(part),
        "tables": tables,
        "scored_on": scored_on(part) if tables else "",
        "chart": segmentation.chart(part),
        "beside": segmentation.beside_one_answer(part),
        "matrices": segmentation.matrices(part),
        "legend": segmentation.legend(part),
    }


def _making(model: ModelArtefacts, part: PartArtefacts) -> Making:
    facts = provenance.made(model, part.record.data.images)
    name = f"{model.name}, fold 1 of {part.record.folds}" if part.record.folds else model.name
    return Making(name, facts, provenance.settings_text(model))
