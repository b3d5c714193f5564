"""How well classes are told apart in a cross-validation.

Both areas come from the order of probabilities. Those of one network have an order; those of several have scales of
their own, so that their order together would be neither's. So each fold has areas of its own, and a model their mean
over folds (Forman and Scholz 2010).
"""

from __future__ import annotations

from collections.abc import Sequence

from pixelproof.evaluation.areas import average_precision, roc_auc
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.evidence_file import FoldAreas


def fold_areas(folds: Sequence[Scores]) -> tuple[FoldAreas, ...]:
    """Return both areas of every class in each fold; none where a fold has no probabilities.

    Args:
        folds: The scores of each fold.
    """
    known = [fold for fold in folds if isinstance(fold, ClassificationScores) and fold.probabilities is not None]
    if not known or len(known) < len(folds):
        return ()
    ap, auc = ([area(fold).tolist() for fold in known] for area in (average_precision, roc_auc))
    by_class = zip(known[0].scheme.names, zip(*ap, strict=True), zip(*auc, strict=True), strict=True)
    return tuple(FoldAreas(name=name, ap=precision, auc=area) for name, precision, area in by_class)
