"""What a page shows of the folds of a cross-validation: each alone, beside all of them as one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pixelproof.evaluation.metrics import mean_defined
from pixelproof.numbers import score, share
from pixelproof.report.artefacts import PartArtefacts

SEEN = "each image scored by the run that had not seen it"


@dataclass(frozen=True)
class FoldRow:
    """One model over its folds."""

    model: str
    whole: str
    mean: str
    spread: str
    folds: list[str]


def seen_line(part: PartArtefacts) -> str:
    """Return how images were scored; empty where there are no folds."""
    return f"{part.record.folds} folds, {SEEN}" if part.record.folds else ""


def fold_rows(part: PartArtefacts) -> list[FoldRow]:
    """Return every model's score on all images and on those of each fold; none where there are no folds."""
    models = part.evidence.models if part.evidence is not None and part.record.folds else ()
    return [_row(model.name, model.score, model.folds, part.record.task == "classification") for model in models]


def _row(name: str, whole: float | None, folds: tuple[float | None, ...], accuracy: bool) -> FoldRow:
    known = np.array([np.nan if value is None else value for value in folds])
    spread = float(np.nanstd(known, ddof=1)) if np.isfinite(known).sum() > 1 else None
    texts = [share(x) if accuracy else score(x, 3) for x in (whole, float(mean_defined(known)), spread, *folds)]
    return FoldRow(name, texts[0], texts[1], texts[2], texts[3:])
