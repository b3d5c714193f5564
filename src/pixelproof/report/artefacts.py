"""Everything a page is made of, read from a study's or a run's folder. What is not there yet is named, not guessed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pixelproof.config import run_settings
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.report.model_artefacts import ModelArtefacts, read_model, scheme_of
from pixelproof.runs import Run, Scores
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.comparison_file import ComparisonRecord, load_comparison
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.evidence_file import EvidenceRecord, load_evidence
from pixelproof.runs.folder import CONFIG
from pixelproof.runs.sizes_file import FILE as SIZES
from pixelproof.runs.sizes_file import SizesRecord, load_sizes
from pixelproof.runs.study_file import FILE as STUDY
from pixelproof.runs.study_file import (
    SPLIT,
    TEST,
    DataRecord,
    ImageCounts,
    ModelRecord,
    PartRecord,
    StudyRecord,
    load_study,
)


@dataclass(frozen=True)
class Conclusions:
    """The comparison of the models and the evidence behind it; None where there is none."""

    comparison: ComparisonRecord | None
    evidence: EvidenceRecord | None


@dataclass(frozen=True)
class PartArtefacts:
    """One part of a study: its record and its models in the study's order."""

    record: PartRecord
    scheme: LabelScheme | None
    models: tuple[ModelArtefacts, ...]
    comparison: ComparisonRecord | None = None
    evidence: EvidenceRecord | None = None
    tested: Conclusions | None = None
    sizes: SizesRecord | None = None

    def place(self, model: ModelArtefacts) -> int:
        """Return the model's place in the part, which decides its colour in every chart."""
        return [other.name for other in self.models].index(model.name)


@dataclass(frozen=True)
class StudyArtefacts:
    """A study folder, read."""

    folder: Path
    record: StudyRecord
    parts: tuple[PartArtefacts, ...]


def is_study_or_run(folder: Path) -> bool:
    """Return whether a folder holds a study or a single run."""
    return (folder / STUDY).exists() or Run.lies_in(folder)


def refuse_study_or_run(folder: Path) -> None:
    """Refuse to write another page than its own into the folder of a study or a run.

    Raises:
        UserError: It is one.
    """
    if is_study_or_run(folder):
        raise UserError(f"{folder} holds a study or a run, whose page would be replaced", "choose another --out")


def read_study(folder: Path) -> StudyArtefacts:
    """Read a study folder, or a single run folder as a study of one model.

    Raises:
        UserError: It is neither, or a file in it is damaged.
    """
    if (folder / STUDY).exists():
        record = load_study(folder / STUDY)
        return StudyArtefacts(folder, record, tuple(_read_part(folder, part) for part in record.parts))
    if Run.lies_in(folder):
        record = _record_of_run(Run(folder))
        part = _read_part(folder, record.parts[0])
        scored = _as_scored(part.record, part.models[0].scores)
        return StudyArtefacts(folder, record, (replace(part, record=scored),))
    raise UserError(
        f"{folder} holds neither a study ({STUDY}) nor a run ({CONFIG})",
        "give a folder that study, train, compare, explain or assess made",
    )


def read_conclusions(folder: Path) -> Conclusions:
    """Read what a study or ``compare`` has concluded in a folder.

    Raises:
        UserError: A file is damaged.
    """
    comparison, evidence = folder / COMPARISON, folder / EVIDENCE
    return Conclusions(
        load_comparison(comparison) if comparison.exists() else None,
        load_evidence(evidence) if evidence.exists() else None,
    )


def missing_files(folder: Path) -> list[str]:
    """Return the files that the page of a folder would show and that are not there, as the page names them.

    Raises:
        UserError: A file is damaged.
    """
    parts = read_study(folder).parts if is_study_or_run(folder) else ()
    return [file for part in parts for model in part.models for file in model.missing]


def outdated_scores(part: PartArtefacts) -> list[str]:
    """Return a sentence for each model of a part whose scores are of other weights than its run has now."""
    stale = [model.name for model in part.models if model.outdated]
    stale += [f"{model.name} on {split}" for model in part.models for split in model.outdated_others]
    return [f"the scores of {name} are of other weights than its run has now; evaluate the run again" for name in stale]


def _read_part(folder: Path, record: PartRecord) -> PartArtefacts:
    shown = tuple(dict.fromkeys(record.shown + record.extremes))
    models = tuple(read_model(model, folder, shown, model.name in record.embed) for model in record.models)
    scores = [model.scores for model in models if model.scores is not None]
    for model in models:
        if model.scores is not None:
            _refuse_mixture(model.scores, model.scores_file, record, scores[0])
    scheme = scores[0].scheme if scores else next((s for model in models if (s := scheme_of(model.run))), None)
    own = read_conclusions(folder / record.name)
    tested = read_conclusions(folder / record.name / TEST) if record.test else None
    fewer = folder / record.name / SIZES
    sizes = load_sizes(fewer) if any(model.sizes for model in record.models) and fewer.is_file() else None
    return PartArtefacts(record, scheme, models, own.comparison, own.evidence, tested, sizes)


def _refuse_mixture(scores: Scores, path: Path, part: PartRecord, first: Scores) -> None:
    """Refuse to put figures beside each other that mean different things.

    Raises:
        UserError: The scores of a file are of another task, contract or images than the first ones of the part.
    """
    if scores.scheme.task != part.task:
        raise UserError(f"{path} holds {scores.scheme.task} scores in a {part.task} part", "evaluate the run again")
    if not scores.ids:
        raise UserError(f"{path} holds no images", "evaluate the run again")
    if scores.scheme.hash != first.scheme.hash:
        raise UserError(
            f"{path} was scored under another label contract than the other models of part '{part.name}'",
            "evaluate all models of the part with the same labels",
        )
    if sorted(scores.ids) != sorted(first.ids):
        raise UserError(
            f"{path} was scored on other images than the other models of part '{part.name}'",
            "evaluate all models of the part on the same images",
        )


def _record_of_run(run: Run) -> StudyRecord:
    """Return the record of a study that consists of one run."""
    config, scheme = run_settings(run), run.labels()
    environment = run.facts()
    name, data = config.model.name, environment.data
    part = PartRecord(
        name=config.task,
        title=f"{config.task.capitalize()} with {name}",
        task=config.task,
        data=DataRecord(
            layout=data.layout,
            classes=len(scheme.classes),
            images=ImageCounts(**{part: data.images.get(part) for part in ImageCounts.model_fields}),
            fingerprint=data.fingerprint.get(SPLIT, ""),
        ),
        models=(ModelRecord(name=name, run="."),),
        shown=run.shown_ids(),
        embed=(name,) if run.features(SPLIT).exists() else (),
    )
    return StudyRecord(name=run.name, title=f"Run {run.name}", command=environment.command, parts=(part,))


def _as_scored(part: PartRecord, scores: Scores | None) -> PartRecord:
    """Return the part with the number and the fingerprint of the images that gave the run's score.

    They may be others than the run began with, where ``evaluate --overwrite`` said so.
    """
    if scores is None or not scores.source.fingerprint:
        return part
    images = part.data.images.model_copy(update={SPLIT: len(scores.ids)})
    data = part.data.model_copy(update={"images": images, "fingerprint": scores.source.fingerprint})
    return part.model_copy(update={"data": data})
