"""Compare the models of a part, and gather the evidence of why they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pixelproof.comparison.study_part import PartScores
from pixelproof.errors import Refusal
from pixelproof.progress import say
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.comparison_file import load_comparison, save_comparison
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.evidence_file import EvidenceRecord, ModelFigures, load_evidence, save_evidence
from pixelproof.runs.sizes_file import FILE as SIZES
from pixelproof.runs.sizes_file import SizeCurve, SizesRecord, load_sizes, save_sizes
from pixelproof.study.file import Part
from pixelproof.study.folds import Scored, scored
from pixelproof.study.job import Job
from pixelproof.study.sizes import by_size, learned_from
from pixelproof.study.steps import Reader, Steps

EXTREMES = 2
"""Images of the largest gain, and as many of the largest loss, that a report shows."""


def compare_part(part: Part, found: Sequence[Scored], folder: Path, steps: Steps) -> str:
    """Write ``comparison.json`` and ``evidence.json`` where they are missing or older than the scores.

    Scores that allow no comparison, such as those of a single image, are no reason to end a study, and the evidence
    that they hold all the same is kept.

    Args:
        part: The part.
        found: Its scores; those of a model stand together, in the order of the seeds.
        folder: The part's folder.
        steps: What was made from what.

    Returns:
        Why the models are not compared; empty where they are.
    """
    scores, refused = part_scores(part, found, steps.path.parent), list[str]()
    for name, conclude in ((COMPARISON, _compare), (EVIDENCE, _gather)):
        try:
            conclude(part, scores, found, folder, steps)
        except Refusal as refusal:
            refused.append(str(refusal))
            _forget(folder, name)
    for reason in refused[:1]:
        say(f"{_step(folder, steps)}: not compared, because {reason}")
    return refused[0] if refused else ""


def compare_sizes(part: Part, jobs: Sequence[Job], folder: Path, steps: Steps) -> str:
    """Write ``sizes.json``, what models reach with fewer images, where it is missing or older than the scores.

    Args:
        part: The part.
        jobs: All its runs, scored.
        folder: Its folder.
        steps: What was made from what.

    Returns:
        Why nothing can be said of it; empty where something is, or where no model learned from fewer images.
    """
    sizes = {name: own for name in part.trained if len(own := by_size(jobs, name)) > 1}
    if not sizes:
        _forget(folder, SIZES)
        return ""
    found = {n: [(learned_from(each), scored(part, each, folder, steps)) for each in own] for n, own in sizes.items()}
    study, path = steps.path.parent, folder / SIZES
    files = {n: [(i, [_inside(study, one.path) for one in each]) for i, each in own] for n, own in found.items()}
    scores = PartScores(study, models={}, metric=part.metric, sizes=files, equal=part.equal)
    made_from = [[i, *(one.made_from(steps) for one in each)] for own in found.values() for i, each in own]
    asked = [made_from, part.equal, *_asked_by(part), sorted({*SizesRecord.model_fields, *SizeCurve.model_fields})]
    try:
        _write(path, asked, steps, load_sizes, lambda: save_sizes(path, scores.size_curves()))
    except Refusal as refusal:
        _forget(folder, SIZES)
        return str(refusal)
    return ""


def extremes(folder: Path) -> tuple[str, ...]:
    """Return the ids of the images on which the best model of a part differs most from the first: gains, then losses.

    Args:
        folder: The part's folder.
    """
    if not (folder / COMPARISON).is_file():
        return ()
    gains, losses = load_comparison(folder / COMPARISON).headline.extremes(EXTREMES)
    return tuple(image.id for image in (*gains, *losses))


def part_scores(part: Part, found: Sequence[Scored], study: Path) -> PartScores:
    """Return the score files of a part's models in the folder of a study, and what is asked of them; see above."""
    trained = part.trained
    return PartScores(
        study,
        models={name: [_inside(study, each.path) for each in found if each.model == name] for name in trained},
        folds={_inside(study, x.path): [_inside(study, file) for file in x.fold_files] for x in found if part.folds},
        levels={name: entry.levels for name, entry in trained.items()},
        baseline=part.vary.reference if part.vary else {},
        claims=part.claims,
        metric=part.metric,
    )


def _inside(study: Path, path: Path) -> str:
    """Return a path as the study's folder has it."""
    return path.relative_to(study).as_posix()


def _compare(part: Part, scores: PartScores, found: Sequence[Scored], folder: Path, steps: Steps) -> None:
    """Compare the models by their scores with the first seed."""
    firsts = {each.model: each for each in reversed(found)}
    if len(firsts) == 1:
        _forget(folder, COMPARISON)
        return
    asked = [firsts[name].made_from(steps) for name in scores.models] + _asked_by(part)
    path = folder / COMPARISON
    _write(path, asked, steps, load_comparison, lambda: save_comparison(path, scores.compared()))


def _gather(part: Part, scores: PartScores, found: Sequence[Scored], folder: Path, steps: Steps) -> None:
    """Gather what the scores with all seeds show of the models."""
    if len(found) == 1 and not part.folds:
        _forget(folder, EVIDENCE)
        return
    made_from = [each.made_from(steps) for each in found]
    claims = [claim.model_dump(mode="json") for claim in part.claims]
    fields = sorted({*EvidenceRecord.model_fields, *ModelFigures.model_fields})
    asked = [made_from, scores.levels, claims, *_asked_by(part), fields]
    path = folder / EVIDENCE
    _write(path, asked, steps, load_evidence, lambda: save_evidence(path, scores.evidence()))


def _write(path: Path, asked: list[Any], steps: Steps, reader: Reader, conclude: Callable[[], None]) -> None:
    """Write a file of conclusions where it is missing, older than what was asked, or not what a study wrote."""
    step = _step(path, steps)
    if not steps.wrote(step, asked, path, reader):
        conclude()
        steps.write(step, asked, path)


def _asked_by(part: Part) -> list[str]:
    """Return what a part asks of comparisons; nothing where it asks for none, as those of earlier versions."""
    return [part.metric] if part.metric else []


def _step(path: Path, steps: Steps) -> str:
    """Return what making a file is called in ``steps.json``: its place in the study's folder."""
    return path.relative_to(steps.path.parent).as_posix()


def _forget(folder: Path, *names: str) -> None:
    """Remove what was found out about models or images that are not compared any more."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
