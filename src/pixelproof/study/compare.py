"""Compare the models of a part, and gather the evidence of why they differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.comparison.compare import compare
from pixelproof.comparison.evidence.gather import gather
from pixelproof.comparison.match import in_order
from pixelproof.errors import Refusal
from pixelproof.progress import say
from pixelproof.runs import Scores, load_scores
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.comparison_file import load_comparison, save_comparison
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.evidence_file import EvidenceRecord, ModelFigures, load_evidence, save_evidence
from pixelproof.runs.study_file import SPLIT
from pixelproof.study.file import Part
from pixelproof.study.folds import Scored
from pixelproof.study.steps import Steps

EXTREMES = 2
"""Images of the largest gain, and as many of the largest loss, that a report shows."""


def compare_part(part: Part, found: Sequence[Scored], folder: Path, steps: Steps) -> None:
    """Write ``comparison.json`` and ``evidence.json`` where they are missing or older than the scores.

    Scores that allow no comparison, such as those of a single image, are no reason to end a study.

    Args:
        part: The part.
        found: Its scores; those of a model stand together, in the order of the seeds.
        folder: The part's folder.
        steps: What was made from what.
    """
    try:
        _compare(part, found, folder, steps)
        _gather(part, found, folder, steps)
    except Refusal as refusal:
        say(f"{_step(folder, steps)}: not compared, because {refusal}")
        _forget(folder, COMPARISON, EVIDENCE)


def extremes(folder: Path, most: int = EXTREMES) -> tuple[str, ...]:
    """Return the ids of the images on which the best model differs most from the first: gains, then losses.

    Args:
        folder: A part's folder.
        most: How many of each.
    """
    if not (folder / COMPARISON).is_file():
        return ()
    gains, losses = load_comparison(folder / COMPARISON).headline.extremes(most)
    return tuple(image.id for image in (*gains, *losses))


def _compare(part: Part, found: Sequence[Scored], folder: Path, steps: Steps) -> None:
    """Compare the models by their scores with the first seed."""
    firsts = {each.model: each for each in reversed(found)}
    if len(firsts) == 1:
        _forget(folder, COMPARISON)
        return
    compared = [firsts[name] for name in part.trained]
    asked = [each.made_from(steps) for each in compared]
    if not steps.made(_step(folder / COMPARISON, steps), asked, folder / COMPARISON, load_comparison):
        save_comparison(folder / COMPARISON, compare([each.path for each in compared], SPLIT))
        steps.take(_step(folder / COMPARISON, steps), asked)


def _gather(part: Part, found: Sequence[Scored], folder: Path, steps: Steps) -> None:
    """Gather what the scores with all seeds show of the models."""
    if len(found) == 1 and not part.folds:
        _forget(folder, EVIDENCE)
        return
    levels = {name: entry.levels for name, entry in part.trained.items()}
    made_from = [each.made_from(steps) for each in found]
    asked = [
        made_from,
        levels,
        [claim.model_dump(mode="json") for claim in part.claims],
        sorted({*EvidenceRecord.model_fields, *ModelFigures.model_fields}),
    ]
    if not steps.made(_step(folder / EVIDENCE, steps), asked, folder / EVIDENCE, load_evidence):
        models: dict[str, list[Scores]] = {name: [] for name in part.trained}
        for each in found:
            models[each.model].append(in_order(load_scores(each.path)))
        folds = {each.model: each.of_folds() for each in reversed(found)}  # with the first seed
        baseline = part.vary.reference if part.vary else None
        evidence = gather(models, levels=levels, baseline=baseline, claims=part.claims, folds=folds)
        save_evidence(folder / EVIDENCE, evidence)
        steps.take(_step(folder / EVIDENCE, steps), asked)


def _step(path: Path, steps: Steps) -> str:
    """Return what making a file is called in ``steps.json``: its place in the study's folder."""
    return path.relative_to(steps.path.parent).as_posix()


def _forget(folder: Path, *names: str) -> None:
    """Remove what was found out about models or images that are not compared any more."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
