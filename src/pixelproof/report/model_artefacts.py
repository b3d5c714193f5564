"""The artefacts of one model of a study, or of a run alone, read. What is not there yet is named, not guessed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from pixelproof.config import RunConfig, run_settings
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
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
from pixelproof.runs.study_file import SPLIT, ModelRecord

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


class ModelFiles:
    """Where the artefacts of a model lie.

    Args:
        record: The model, as its study has it.
        folder: That of the study.

    Attributes:
        run: Its run, that of the first fold where there are several.
        scores: Its scores on validation, those of all folds.
        missing: The files that were asked for and are not there.
    """

    def __init__(self, record: ModelRecord, folder: Path) -> None:
        self.record, self.folder = record, folder
        self.run = Run(folder / record.run)
        self.scores = folder / record.scores if record.scores else self.run.scores(SPLIT)
        self.missing: list[str] = []

    def read(self, path: Path, reader: Callable[[Path], Value]) -> Value | None:
        """Return what a file holds; None where it is missing, which is noted."""
        if path.exists():
            return reader(path)
        base = self.run.path if path.is_relative_to(self.run.path) else self.folder
        self.missing.append(path.relative_to(base).as_posix())
        return None

    def pictures(self, shown: tuple[str, ...]) -> dict[str, Path]:
        """Return where the picture of each image lies: in the run of its fold, where there are folds."""
        runs = self._scored_runs()
        return {i: next((run.shown(i) for run in runs if run.shown(i).exists()), runs[0].shown(i)) for i in shown}

    def seconds(self) -> tuple[float | None, ...]:
        """Return how long each of its runs and other candidates was trained; None where that is not known."""
        runs = [Run(self.folder / path) for path in (*self.record.runs, *self.record.not_chosen)]
        return tuple(run.facts().seconds if (run.path / ENVIRONMENT).exists() else None for run in runs)

    def peeked(self) -> tuple[str, ...]:
        """Return the names of runs of candidates that were not chosen and have been scored on validation."""
        return tuple(Path(other).name for other in self.record.not_chosen if _validated(Run(self.folder / other)))

    def outdated(self, scores: Scores) -> bool:
        """Return whether a run that gave its scores has other weights now; of folds each has scores of its own."""
        if not self.record.scores:
            return outdated(self.run, scores)
        files = {run: run.scores(SPLIT) for run in self._scored_runs()}
        return any(outdated(run, load_scores(file)) for run, file in files.items() if file.is_file())

    def others(self, scheme: LabelScheme | None) -> list[Scores]:
        """Return the scores of other splits, each in its own place; what else lies there is nothing.

        None of several folds; nor of the selection part, where a choice by it is told of in full.
        """
        found: list[Scores] = []
        files = () if self.record.scores else set(self.scores.parent.glob("*.npz")) - {self.scores}
        for path in sorted(files):
            with suppress(UserError):  # which would keep all else from being shown
                scores = load_scores(path)
                own = scheme is None or scores.scheme.hash == scheme.hash
                told = self.record.choices and scores.source.split == SELECTION
                if own and not told and scores.ids and scores.source.split == path.stem:
                    found.append(scores)
        return found

    def _scored_runs(self) -> list[Run]:
        """Return the runs that gave its scores: one, or one for each fold."""
        paths = (self.record.run, *(self.record.replicates if self.record.scores else ()))
        return [Run(self.folder / path) for path in paths]


def read_model(record: ModelRecord, folder: Path, shown: tuple[str, ...], embed: bool) -> ModelArtefacts:
    """Read the artefacts of a model.

    Args:
        record: The model, as its study has it.
        folder: That of the study.
        shown: Ids of the images that are shown.
        embed: Whether its features are mapped.

    Raises:
        UserError: A file is damaged.
    """
    files = ModelFiles(record, folder)
    run, read = files.run, files.read
    scores = read(files.scores, load_scores)
    config = read(run.path / CONFIG, lambda _: run_settings(run))
    trained = config is None or not config.model.members
    others = files.others(scores.scheme if scores else scheme_of(run))
    rule = None if record.scores else kept_rule(run)
    return ModelArtefacts(
        name=record.name,
        run=run,
        config=config,
        environment=read(run.path / ENVIRONMENT, lambda _: run.facts()) or Environment(),
        seconds=files.seconds() if trained else (),
        log=(read(run.metrics.path, lambda _: run.metrics.read()) if trained else None) or [],
        architecture=read(run.architecture, partial(read_facts, Architecture)),
        diagram=read(run.diagram, read_text),
        scores=scores,
        scores_file=files.scores,
        outdated=scores is not None and files.outdated(scores),
        others=tuple(each for each in others if not outdated(run, each)),
        outdated_others=tuple(each.source.split for each in others if outdated(run, each)),
        features=read(run.features(SPLIT), load_features) if embed else None,
        shown={i: at for i, path in files.pictures(shown).items() if (at := read(path, load_shown)) is not None},
        findings=ExplanationFolder(run.explanation).read(),
        thumbnails=load_thumbnails(run.thumbnails(SPLIT)) if embed and run.thumbnails(SPLIT).exists() else None,
        missing=tuple(files.missing),
        peeked=files.peeked(),
        rule=rule,
        unfit=unfit(run, rule) if rule is not None and (run.path / LABELS_FILE).exists() else "",
    )


def scheme_of(run: Run) -> LabelScheme | None:
    """Return the label contract of a run, where there is one."""
    return run.labels() if (run.path / LABELS_FILE).exists() else None


def _validated(run: Run) -> bool:
    """Return whether a run has been scored on validation."""
    log = scoring_log(run)
    return run.scores(SPLIT).is_file() or (log.is_file() and any(row.split == SPLIT for row in read_scorings(log)))
