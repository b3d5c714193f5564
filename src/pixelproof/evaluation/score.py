"""``score``: the same figures for masks and tables that any tool made. No model is needed."""

from __future__ import annotations

from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.evaluation.merge import merged
from pixelproof.evaluation.merge_classes import with_merged_classes
from pixelproof.evaluation.per_group import scores_per_group
from pixelproof.evaluation.score_masks import score_masks
from pixelproof.evaluation.score_table import score_table
from pixelproof.labels import Merges
from pixelproof.runs import Run, Scores, load_scores
from pixelproof.runs.files import AnyPath, Paths, as_paths
from pixelproof.runs.study_file import SPLIT


def score(
    predictions: Paths,
    truth: AnyPath | None = None,
    labels: AnyPath | None = None,
    merge: Merges | None = None,
    per_group: bool = False,
    any_of: str | None = None,
) -> Scores:
    """Return the scores of predictions against the truth.

    Args:
        predictions: A folder of masks, a CSV of labels or of probabilities, or a score file, which is only read; or
            several score files of different images, such as the folds of a cross-validation, which are put together. A
            run folder stands for its scores on validation.
        truth: A folder of masks or labelled images, or a CSV of labels; not needed for a score file.
        labels: A ``labels.yaml``; by default the one beside the truth, else the preset that the masks fit.
        merge: The classes that are to be one, by its name, such as ``{"plants": ["forest", "rangeland"]}``.
        per_group: Whether each row is to be the answer for a group of images; see ``evaluation.per_group``.
        any_of: A class that a group is of if any of its images is, such as "scratch+dent"; see there.

    Raises:
        UserError: Files are missing, unreadable or of differing size, or the two sides do not hold the same images, or
            score files do not fit together, or their classes cannot be merged so, or their groups have no answer.
    """
    truth, labels = (None if path is None else Path(path) for path in (truth, labels))
    found = [_score(scores_of_run(file), truth, labels) for file in as_paths(predictions)]
    # Both before scores of several networks are put together, which leaves their probabilities out.
    if merge:
        found = [with_merged_classes(each, merge) for each in found]
    if any_of is not None and not per_group:
        raise UserError("--any says when a group is of a class, and no groups are asked for", "give --per-group, too")
    if per_group:
        found = [scores_per_group(each, any_of) for each in found]
    return merged(found) if len(found) > 1 else found[0]


def scores_of_run(place: Path) -> Path:
    """Return the score file of a run on validation, where a run folder is given; any other place as it is."""
    return Run(place).scores(SPLIT) if Run.lies_in(place) else place


def _score(predictions: Path, truth: Path | None, labels: Path | None) -> Scores:
    """Return the scores of one folder, table or score file."""
    if predictions.suffix == ".npz":
        if truth is not None or labels is not None:
            problem = f"the score file {predictions} holds its truth and labels, so {truth or labels} would not be read"
            raise UserError(problem, "leave it out, or score the predictions themselves")
        return load_scores(predictions)
    if truth is None:
        raise UserError(f"there is nothing to score {predictions} against", "give the truth as second argument")
    for path in (predictions, truth):
        if not path.exists():
            raise UserError(f"{path} does not exist", "check the path")
    if predictions.is_dir():
        return score_masks(predictions, truth, labels)
    return score_table(predictions, truth, labels)
