"""Score a run on a split: the score file, and a line in the log of all scorings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.comparison.figures import score_figure
from pixelproof.data import Sample
from pixelproof.errors import UserError
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.prediction import Predictor
from pixelproof.runs import Run, Scores, Source, load_scores, save_scores
from pixelproof.runs.atomic import refuse_existing, require_writable
from pixelproof.runs.files import file_digest
from pixelproof.runs.scoring_log import log_scoring


def score_run(
    run: Run,
    predictor: Predictor,
    samples: Sequence[Sample],
    source: Source,
    out: Path | None = None,
    overwrite: bool = False,
) -> Scores:
    """Return the scores of a run on the images of a split, and write them to the run folder or another place.

    Args:
        run: The run.
        predictor: Its network.
        samples: The images.
        source: What is scored; see ``source_of``.
        out: The score file; by default that of the split in the run folder.
        overwrite: Replace a file ``out``, or scores of other images in the run folder.

    Raises:
        UserError: The run folder cannot be written, the score file is taken at the end, or an image or mask cannot be
            read.
    """
    file = run.scores(source.split) if out is None else out
    require_writable(file)
    scores = evaluate(predictor, samples, source)
    if out is not None:  # for what another process has written meanwhile
        refuse_existing([out], overwrite)
    elif not overwrite:
        refuse_other_images(file, source.fingerprint)
    save_scores(file, scores)
    figure = score_figure(scores, "unknown_counted").of(scores)
    log_scoring(run, source.split, source.fingerprint, len(samples), predictor.model.asked, figure)
    return scores


def source_of(run: Run, split: str, fingerprint: str, learned: bool = False) -> Source:
    """Return what a score file says of a run's scores. Made before the network is read, which training may replace.

    Raises:
        UserError: The run's weights cannot be read.
    """
    return Source(run.name, split, fingerprint, weights=file_digest(run.best), learned="some" if learned else "")


def refuse_other_images(file: Path, fingerprint: str) -> None:
    """Refuse to replace the scores of other images, which may be the run's own validation."""
    try:
        earlier = load_scores(file).source.fingerprint if file.is_file() else ""
    except UserError:  # what cannot be read is no loss
        return
    if earlier and earlier != fingerprint:
        raise UserError(f"{file} holds the scores of other images", "choose an --out, or give --overwrite")
