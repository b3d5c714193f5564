"""Everything a page is made of, read from a study's or a run's folder. What is not there yet is named, not guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from pixelproof.config import RunConfig, run_settings
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.report.conclusions import Conclusions, read_conclusions
from pixelproof.report.one_run import as_scored, record_of_run
from pixelproof.report.score_files import other_scores, refuse_mixture
from pixelproof.runs import (
    Features,
    Run,
    Scores,
    Shown,
    Thumbnails,
    load_features,
    load_scores,
    load_shown,
    load_thumbnails,
)
from pixelproof.runs.choice_record import SELECTION
from pixelproof.runs.comparison_file import ComparisonRecord
from pixelproof.runs.evidence_file import EvidenceRecord
from pixelproof.runs.explanation_folder import ExplanationFolder, Findings
from pixelproof.runs.facts import Architecture, Environment, read_facts
from pixelproof.runs.files import read_text
from pixelproof.runs.folder import CONFIG, ENVIRONMENT
from pixelproof.runs.kept_rule import kept_rule, unfit
from pixelproof.runs.labels_file import LABELS_FILE
from pixelproof.runs.metrics_log import Row
from pixelproof.runs.outdated import outdated
from pixelproof.runs.rule_file import Rule
from pixelproof.runs.scoring_log import read_scorings, scoring_log
from pixelproof.runs.study_file import FILE as STUDY
from pixelproof.runs.study_file import (
    SPLIT,
    TEST,
    ModelRecord,
    PartRecord,
    StudyRecord,
    load_study,
)

Value = TypeVar("Value")


@dataclass(frozen=True)
class ModelArtefacts:
    """The artefacts of one model; None, or without values, where a file is missing.

    Attributes:
        name: The model's name in the study.
        run: Its run folder; of several folds the first one's, and so is what follows but for scores and pictures.
        config: The resolved settings.
        environment: What the run was made with.
        seconds: How long each of its runs, and other candidates, was trained, None where that is not known; none of an
            ensemble.
        log: The training log, one row an epoch.
        architecture: Facts of the network: its print, parameters, MACs and more.
        diagram: The structure diagram, an SVG file's text, unchecked.
        scores: The counts on the validation split, of all folds where there are folds.
        scores_file: Where they lie.
        outdated: Whether they are of other weights than the run has now.
        others: The counts on other splits that the run was scored on, of the weights it has now.
        outdated_others: The splits whose scores are of other weights.
        features: The features of the validation images and their map.
        shown: Picture, truth and prediction by sample id.
        findings: What was found out about it.
        thumbnails: Pictures of the images whose features were mapped.
        missing: The files that the page would show and that do not exist.
        peeked: Names of the runs of candidates that were not chosen and have been scored on validation all the same.
        rule: The rule that its run keeps; None of several folds.
        unfit: Why that is none for the run as it is now; empty where it fits, or that is not known.
    """

    name: str
    run: Run
    config: RunConfig | None
    environment: Environment
    seconds: tuple[float | None, ...]
    log: list[Row]
    architecture: Architecture | None
    diagram: str | None
    scores: Scores | None
    scores_file: Path
    outdated: bool
    others: tuple[Scores, ...]
    outdated_others: tuple[str, ...]
    features: Features | None
    shown: dict[str, Shown]
    findings: Findings | None
    thumbnails: Thumbnails | None
    missing: tuple[str, ...]
    peeked: tuple[str, ...] = ()
    rule: Rule | None = None
    unfit: str = ""


@dataclass(frozen=True)
class PartArtefacts:
    """One part of a study: its record and its models in the study's order."""

    record: PartRecord
    scheme: LabelScheme | None
    models: tuple[ModelArtefacts, ...]
    comparison: ComparisonRecord | None = None
    evidence: EvidenceRecord | None = None
    tested: Conclusions | None = None

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
        record = record_of_run(Run(folder))
        part = _read_part(folder, record.parts[0])
        scored = as_scored(part.record, part.models[0].scores)
        return StudyArtefacts(folder, record, (replace(part, record=scored),))
    raise UserError(
        f"{folder} holds neither a study ({STUDY}) nor a run ({CONFIG})",
        "give a folder that study, train, compare, explain or assess made",
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
    models = tuple(_read_model(model, folder, shown, model.name in record.embed) for model in record.models)
    scores = [model.scores for model in models if model.scores is not None]
    for model in models:
        if model.scores is not None:
            refuse_mixture(model.scores, model.scores_file, record, scores[0])
    scheme = scores[0].scheme if scores else next((s for model in models if (s := _scheme(model.run))), None)
    own = read_conclusions(folder / record.name)
    tested = read_conclusions(folder / record.name / TEST) if record.test else None
    return PartArtefacts(record, scheme, models, own.comparison, own.evidence, tested)


def _read_model(record: ModelRecord, folder: Path, shown: tuple[str, ...], embed: bool) -> ModelArtefacts:
    run = Run(folder / record.run)
    scored = folder / record.scores if record.scores else run.scores(SPLIT)
    pictures = _pictures(record, folder, shown)
    missing: list[str] = []

    def read(path: Path, reader: Callable[[Path], Value]) -> Value | None:
        if path.exists():
            return reader(path)
        missing.append(path.relative_to(run.path if path.is_relative_to(run.path) else folder).as_posix())
        return None

    scores = read(scored, load_scores)
    config = read(run.path / CONFIG, lambda _: run_settings(run))
    trained = config is None or not config.model.members
    others = () if record.scores else other_scores(run, scores.scheme if scores else _scheme(run))
    if record.choices:  # where the selection part is told of in full
        others = tuple(each for each in others if each.source.split != SELECTION)
    rule = None if record.scores else kept_rule(run)
    return ModelArtefacts(
        name=record.name,
        run=run,
        config=config,
        environment=read(run.path / ENVIRONMENT, lambda _: run.facts()) or Environment(),
        seconds=_seconds(record, folder) if trained else (),
        log=(read(run.metrics.path, lambda _: run.metrics.read()) if trained else None) or [],
        architecture=read(run.architecture, partial(read_facts, Architecture)),
        diagram=read(run.diagram, read_text),
        scores=scores,
        scores_file=scored,
        outdated=scores is not None and _outdated(record, folder, scores),
        others=tuple(each for each in others if not outdated(run, each)),
        outdated_others=tuple(each.source.split for each in others if outdated(run, each)),
        features=read(run.features(SPLIT), load_features) if embed else None,
        shown={i: value for i, path in pictures.items() if (value := read(path, load_shown)) is not None},
        findings=ExplanationFolder(run.explanation).read(),
        thumbnails=load_thumbnails(run.thumbnails(SPLIT)) if embed and run.thumbnails(SPLIT).exists() else None,
        missing=tuple(missing),
        peeked=tuple(Path(other).name for other in record.not_chosen if _validated(Run(folder / other))),
        rule=rule,
        unfit=unfit(run, rule) if rule is not None and (run.path / LABELS_FILE).exists() else "",
    )


def _seconds(record: ModelRecord, folder: Path) -> tuple[float | None, ...]:
    """Return how long each run of a model and its other candidates was trained; None where that is not known."""
    runs = [Run(folder / path) for path in (*record.runs, *record.not_chosen)]
    return tuple(run.facts().seconds if (run.path / ENVIRONMENT).exists() else None for run in runs)


def _validated(run: Run) -> bool:
    """Return whether a run has been scored on validation."""
    log = scoring_log(run)
    return run.scores(SPLIT).is_file() or (log.is_file() and any(row.split == SPLIT for row in read_scorings(log)))


def _pictures(record: ModelRecord, folder: Path, shown: tuple[str, ...]) -> dict[str, Path]:
    """Return where the picture of each image lies: in the run of its fold, where there are folds."""
    runs = _scored_runs(record, folder)
    return {i: next((run.shown(i) for run in runs if run.shown(i).exists()), runs[0].shown(i)) for i in shown}


def _scored_runs(record: ModelRecord, folder: Path) -> list[Run]:
    """Return the runs that gave a model's scores: one, or one for each fold."""
    return [Run(folder / path) for path in (record.run, *(record.replicates if record.scores else ()))]


def _outdated(record: ModelRecord, folder: Path, scores: Scores) -> bool:
    """Return whether a run that gave a model's scores has other weights now; of folds each has scores of its own."""
    if not record.scores:
        return outdated(Run(folder / record.run), scores)
    files = {run: run.scores(SPLIT) for run in _scored_runs(record, folder)}
    return any(outdated(run, load_scores(file)) for run, file in files.items() if file.is_file())


def _scheme(run: Run) -> LabelScheme | None:
    return run.labels() if (run.path / LABELS_FILE).exists() else None
