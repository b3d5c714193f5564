"""Score a run on a split: the score file, and a line in the log of all scorings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.comparison.measures import score_figure
from pixelproof.data import Sample
from pixelproof.errors import UserError
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.prediction import Predictor
from pixelproof.prediction.views import described
from pixelproof.runs import Run, Scores, Source, load_scores, save_scores
from pixelproof.runs.atomic import require_writable
from pixelproof.runs.scoring_log import log_scoring
from pixelproof.runs.study_file import SPLIT
from pixelproof.study.job import Job
from pixelproof.study.steps import Reader


def score_run(run: Run, predictor: Predictor, samples: Sequence[Sample], split: str, fingerprint: str) -> Scores:
    """Return the scores of a run on the images of a split, and write them to the run folder.

    Args:
        run: The run.
        predictor: Its network.
        samples: The images.
        split: Their split.
        fingerprint: That of the images and labels.

    Raises:
        UserError: The run folder cannot be written, or an image or mask not read.
    """
    require_writable(run.scores(split))
    scores = evaluate(predictor, samples, Source(run.name, split, fingerprint))
    save_scores(run.scores(split), scores)
    figure = score_figure(scores, "unknown_counted").of(scores)
    log_scoring(run, split, fingerprint, len(samples), predictor.model.asked, figure)
    return scores


def own_scores(job: Job) -> Reader:
    """Return a reader of a study's scores, which refuses those that another command has put in their place."""
    fingerprint, looks = job.fingerprints[SPLIT], described(job.config.model.tta, job.config.model.tta_scales)

    def read(path: Path) -> Scores:
        scores = load_scores(path)
        if scores.source.fingerprint != fingerprint or scores.source.looks not in ("", looks):
            raise UserError(f"{path} was scored on other images, or by other looks, than the study's", "score it again")
        return scores

    return read
