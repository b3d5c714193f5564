"""Whether a run's scores are still those of its weights, which may have been trained on after they were scored."""

from __future__ import annotations

from pixelproof.runs.files import file_digest
from pixelproof.runs.folder import Run
from pixelproof.runs.scores import Scores


def outdated(run: Run, scores: Scores) -> bool:
    """Return whether a run's scores are of other weights than its best ones now.

    Scores that do not say of which they are count as up to date, and so do those of a run whose weights were left
    elsewhere.

    Raises:
        UserError: The weights cannot be read.
    """
    known = scores.source.weights
    return known != "" and run.best.is_file() and known != file_digest(run.best)
