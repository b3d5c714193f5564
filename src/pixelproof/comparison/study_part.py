"""What a study concludes of the models of a part, from their score files alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pixelproof.comparison.compare import compare_scores
from pixelproof.comparison.evidence.contrasts import Levels
from pixelproof.comparison.evidence.gather import gather
from pixelproof.comparison.match import in_order
from pixelproof.comparison.opening import open_models
from pixelproof.comparison.sizes.curve import Size, size_curves
from pixelproof.evaluation.merge import merged
from pixelproof.evaluation.metrics import PROTOCOL
from pixelproof.evaluation.resampling import SEED
from pixelproof.runs import Run, Scores, load_scores
from pixelproof.runs.claims import Claim
from pixelproof.runs.comparison_file import ComparisonRecord
from pixelproof.runs.evidence_file import EvidenceRecord
from pixelproof.runs.sizes_file import Equal, SizesRecord
from pixelproof.runs.study_file import SPLIT, ModelRecord, PartRecord


@dataclass(frozen=True)
class PartScores:
    """The score files of a part's models, and what is asked of them.

    Attributes:
        folder: The study's folder, which the files are relative to, with forward slashes.
        models: The files of each model, in the order of the seeds; of folds the one of all.
        folds: Where there are folds, the file of each by that of all.
        levels: Level of each factor by model, where factors are varied.
        baseline: The reference level of each factor.
        claims: What is said of the models.
        metric: By what they are compared; None for accuracy or mIoU.
        sizes: Of models that learned from fewer images as well, how many these are with the files, all images last.
        equal: What runs with fewer images have as many of.
    """

    folder: Path
    models: Mapping[str, Sequence[str]]
    folds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    levels: Mapping[str, Levels] = field(default_factory=dict)
    baseline: Levels = field(default_factory=dict)
    claims: Sequence[Claim] = ()
    metric: str | None = None
    sizes: Mapping[str, Sequence[tuple[int, Sequence[str]]]] = field(default_factory=dict)
    equal: Equal = "steps"

    @classmethod
    def of(cls, record: PartRecord, folder: Path, split: str = SPLIT) -> PartScores:
        """Return those of a part as ``study.json`` has it, on the images of a split."""
        wholes = {model.name: (model.scores, *model.seed_scores) for model in record.models if record.folds}
        runs = {model.name: _runs(model, split) for model in record.models}
        return cls(
            folder,
            models=runs | wholes,
            folds={
                whole: runs[name][place * record.folds :][: record.folds]
                for name, files in wholes.items()
                for place, whole in enumerate(files)
                if record.folds
            },
            levels={model.name: model.levels for model in record.models},
            baseline=record.baseline,
            claims=record.claims,
            metric=record.metric,
            sizes={m.name: _sizes(m, (runs | wholes)[m.name], split) for m in record.models if m.sizes},
            equal=record.equal,
        )

    @property
    def files(self) -> list[str]:
        """All files that conclusions are drawn from."""
        return [file for files in (*self.models.values(), *self.folds.values()) for file in files]

    def compared(self) -> ComparisonRecord:
        """Return the comparison of the models by their scores with the first seed.

        Raises:
            UserError: A file cannot be read, or there is one model alone.
            Refusal: The models were not measured alike, or there are too few images for an interval.
        """
        firsts = [files[0] for files in self.models.values()]
        scores = open_models([self.folder / file for file in firsts], SPLIT)
        # A model that was chosen among others has the run of one of them, which has a name of its own.
        named = zip(self.models, scores, strict=True)
        scores = [replace(each, source=replace(each.source, name=name)) for name, each in named]
        return compare_scores(scores, [Path(file) for file in firsts], PROTOCOL, None, SEED, self.metric)

    def evidence(self) -> EvidenceRecord:
        """Return what the scores with all seeds show of the models.

        Raises:
            UserError: A file cannot be read, or has no boundary counts.
            Refusal: There are too few images for an interval.
        """
        models = {name: [in_order(each) for each in self._read(files)] for name, files in self.models.items()}
        folds = {name: self._read(self.folds[first]) for name, (first, *_) in self.models.items() if self.folds}
        asked = (self.levels, self.baseline, self.claims)
        return gather(models, PROTOCOL, *asked, seed=SEED, folds=folds, metric=self.metric)

    def size_curves(self) -> SizesRecord:
        """Return what models reach by the number of their training images, and what more of them may bring.

        Raises:
            UserError: A file cannot be read, or lacks what the metric needs.
            Refusal: Runs were not scored on the same images.
        """
        return size_curves(
            {
                name: [Size(n, files, [in_order(each) for each in self._read(files)]) for n, files in sizes]
                for name, sizes in self.sizes.items()
            },
            self.metric,
            self.equal,
        )

    def _read(self, files: Sequence[str]) -> list[Scores]:
        return [load_scores(self.folder / file) for file in files]


def of_folds(files: Sequence[Path], model: str, fingerprint: str) -> Scores:
    """Return the scores of all folds of a model as one.

    Args:
        files: The score file of each fold.
        model: The model's name.
        fingerprint: That of the images of all folds.

    Raises:
        UserError: A file cannot be read, or they do not belong together.
    """
    scores = merged([load_scores(file) for file in files])
    return replace(scores, source=replace(scores.source, name=model, fingerprint=fingerprint))


def _sizes(model: ModelRecord, all_images: Sequence[str], split: str) -> list[tuple[int, Sequence[str]]]:
    """Return the score files of a model by how many images it learned from."""
    fewer = [(s.images, s.scores or [Run(run).scores(split).as_posix() for run in s.runs]) for s in model.sizes]
    return [*fewer, (model.learned or 0, all_images)]


def _runs(model: ModelRecord, split: str) -> tuple[str, ...]:
    """Return the score file of each run of a model on a split."""
    return tuple(Run(run).scores(split).as_posix() for run in model.runs)
