"""From run folders and score files to scores that may be compared, under names that tell them apart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pixelproof.comparison.match import in_order, refuse_mixture, refuse_other_meaning, refuse_unscored
from pixelproof.errors import Refusal, UserError
from pixelproof.runs import Run, Scores, load_scores
from pixelproof.runs.outdated import outdated


def open_models(paths: Sequence[Path], split: str) -> list[Scores]:
    """Return the scores of all models, with their images in one order and the models' names as their sources'.

    Args:
        paths: Run folders or score files.
        split: The split whose scores to read from run folders.

    Raises:
        UserError: There are fewer than two, or a file cannot be read.
        Refusal: A file is given twice, a run's scores are of other weights than it has now, the models were not
            measured alike, or no image shows a scored class.
    """
    named = _read(paths, split)
    for one, other in itertools.combinations(named, 2):
        refuse_mixture(one, other)
    refuse_unscored(named[0])
    return named


def open_sets(paths: Sequence[Path], split: str) -> list[Scores]:
    """Return the scores of several sets of images, by one model or more; arguments and errors as ``open_models``."""
    named = _read(paths, split)
    for one, other in itertools.pairwise(named):
        refuse_other_meaning(one, other)
    for each in named:
        refuse_unscored(each)
    return named


def _read(paths: Sequence[Path], split: str) -> list[Scores]:
    """Return scores of whatever images, each with its images in order and a name of its own."""
    if len(paths) < 2:
        raise UserError("there is nothing to compare with", "give at least two run folders or score files")
    files = [_score_file(path, split) for path in paths]
    for place, file in enumerate(files):
        if file.resolve() in [other.resolve() for other in files[:place]]:
            raise Refusal(f"{paths[place]} is compared with itself", "give two different models")
    scores = [in_order(load_scores(file)) for file in files]
    for path, file, each in zip(paths, files, scores, strict=True):
        run = Run(file.resolve().parent.parent)
        if run.scores(file.stem) == file.resolve() and Run.lies_in(run.path) and outdated(run, each):
            raise Refusal(f"the scores of {path} are of other weights than its run has now", "evaluate it again")
    names = _names(paths, scores)
    return [replace(s, source=replace(s.source, name=name)) for s, name in zip(scores, names, strict=True)]


def _score_file(path: Path, split: str) -> Path:
    if not path.is_dir():
        return path
    file = Run.open(path).scores(split)
    if not file.exists():
        raise UserError(
            f"{path} has no scores of the split '{split}'", f"run 'pixelproof evaluate --split {split}' on it first"
        )
    return file


def _names(paths: Sequence[Path], scores: Sequence[Scores]) -> list[str]:
    """Return a name for each model: its own, or what the user called it where two share one."""
    names = [
        path.resolve().name if path.is_dir() else s.source.name or path.stem
        for path, s in zip(paths, scores, strict=True)
    ]
    splits = [s.source.split for s in scores]
    if len(set(names)) == 1 and all(splits) and len(set(splits)) == len(splits):  # one model on several splits
        return [f"{name} ({part})" for name, part in zip(names, splits, strict=True)]
    return [str(path) if names.count(name) > 1 else name for path, name in zip(paths, names, strict=True)]
