"""Score a run on a split: the score file, and a line in the log of all scorings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pixelproof.comparison.figures import score_figure
from pixelproof.data import Sample
from pixelproof.data.known import known_images
from pixelproof.data.patches import corrections_among
from pixelproof.errors import UserError
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.evaluation.sentences import corrected_line, learned_line
from pixelproof.prediction import Predictor
from pixelproof.progress import say
from pixelproof.runs import Run, Scores, Source, load_scores, save_scores
from pixelproof.runs.atomic import refuse_existing, require_writable
from pixelproof.runs.corrections_file import FILE as CORRECTIONS
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
    if line := learned_line(scores):
        say(f"warning: {line}")
    if line := corrected_line(scores):
        say(f"note: {line}")
    if out is not None:  # for what another process has written meanwhile
        refuse_existing([out], overwrite)
    elif not overwrite:
        refuse_other_images(file, source)
    save_scores(file, scores)
    figure = score_figure(scores, "unknown_counted").of(scores)
    log_scoring(run, source.split, source.fingerprint, len(samples), predictor.model.asked, figure)
    return scores


def source_of(run: Run, split: str, samples: Sequence[Sample], fingerprint: str, some: bool = False) -> Source:
    """Return what a score file says of a run's scores. Made before the network is read, which training may replace.

    Args:
        run: The run.
        split: The split.
        samples: Its images.
        fingerprint: Theirs.
        some: Whether the run has learned from some of them, if it does not say itself from which images it has.

    Raises:
        UserError: The run's weights, or an image, cannot be read.
    """
    source = Source(run.name, split, fingerprint, weights=file_digest(run.best), **corrections_among(samples))
    known = known_images(run, samples)
    if known is None:
        return replace(source, learned="some" if some else "")
    learned = str(known.images) if known.images else ""
    return replace(source, learned=learned, learned_by=", ".join(known.runs))


def refuse_other_images(file: Path, source: Source) -> None:
    """Refuse to replace the scores of other images, which may be the run's own validation, or by other labels."""
    try:
        earlier = load_scores(file).source if file.is_file() else None
    except UserError:  # what cannot be read is no loss
        return
    if earlier is None or earlier.fingerprint in ("", source.fingerprint):
        return
    if earlier.corrected or source.corrected:
        problem = f"{file} holds scores by labels as they were before {CORRECTIONS} changed, or of other images"
        raise UserError(problem, "give --overwrite, or choose an --out")
    raise UserError(f"{file} holds the scores of other images", "choose an --out, or give --overwrite")
