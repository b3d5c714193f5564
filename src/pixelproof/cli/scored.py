"""How ``evaluate`` and ``score`` answer: with the figures of scores, and with what was asked of thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pixelproof.cli.options import print_json

if TYPE_CHECKING:
    from pixelproof.evaluation.asked import Answers
    from pixelproof.runs import Scores


def print_scored(scores: Scores, answers: Answers, json: bool) -> None:
    """Print figures, as one JSON object where that is asked for, with the answers in it where there are any."""
    from pixelproof.evaluation import summarise
    from pixelproof.evaluation.asked import plain_answers
    from pixelproof.evaluation.tables import print_scores

    if json:
        print_json(summarise(scores) | plain_answers(answers))
        return
    print_scores(scores, answers)
