"""Score a run on a split: the score file, and a line in the log of all scorings."""

from __future__ import annotations

from collections.abc import Sequence

from pixelproof.comparison.evidence.measures import score_figure
from pixelproof.data import Sample
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.prediction import Predictor
from pixelproof.runs import Run, Scores, Source, save_scores
from pixelproof.runs.atomic import require_writable
from pixelproof.runs.scoring_log import log_scoring


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
