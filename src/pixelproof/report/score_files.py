"""Which score files a page shows: those that fit each other, and those of a run's other splits."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.runs import Run, Scores, load_scores
from pixelproof.runs.study_file import SPLIT, PartRecord


def refuse_mixture(scores: Scores, path: Path, part: PartRecord, first: Scores) -> None:
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


def other_scores(run: Run, scheme: LabelScheme | None) -> tuple[Scores, ...]:
    """Return a run's scores of other splits than validation, each in its own place; what else lies there is nothing."""
    found = []
    for path in sorted(set(run.scores(SPLIT).parent.glob("*.npz")) - {run.scores(SPLIT)}):
        with suppress(UserError):  # which would keep all else from being shown
            scores = load_scores(path)
            own = scheme is None or scores.scheme.hash == scheme.hash
            if own and scores.ids and scores.source.split == path.stem:
                found.append(scores)
    return tuple(found)
