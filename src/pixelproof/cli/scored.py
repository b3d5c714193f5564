"""How ``evaluate`` and ``score`` answer: with the figures of scores, and with what asked thresholds find."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pixelproof.cli.options import print_json

if TYPE_CHECKING:
    from pixelproof.labels.thresholds import Threshold
    from pixelproof.runs import Scores


def print_scored(scores: Scores, thresholds: Sequence[Threshold], json: bool) -> None:
    """Print figures, as one JSON object where that is asked for, with ``thresholds`` in it where any is.

    Raises:
        UserError: A threshold is asked for, and the scores hold no probabilities.
    """
    from pixelproof.evaluation import summarise
    from pixelproof.evaluation.summary import plain_looked
    from pixelproof.evaluation.tables import print_scores
    from pixelproof.evaluation.threshold import looked

    found = [looked(scores, *threshold) for threshold in thresholds]
    if json:
        print_json(summarise(scores) | ({"thresholds": [plain_looked(each) for each in found]} if found else {}))
        return
    print_scores(scores, found)
