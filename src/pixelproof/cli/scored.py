"""How ``evaluate`` and ``score`` answer: with the figures of scores, and with what was asked of thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pixelproof.cli.options import print_json

if TYPE_CHECKING:
    from pixelproof.evaluation.asked import Answers
    from pixelproof.evaluation.rule import Held
    from pixelproof.runs import Scores


def print_scored(scores: Scores, answers: Answers, json: bool, rule: Held | None = None) -> None:
    """Print figures, as one JSON object where that is asked for, with the answers and a kept rule where there are any.

    Args:
        scores: The scores.
        answers: What was asked of thresholds.
        json: Whether to print JSON.
        rule: What the rule that their run keeps does on them.
    """
    from pixelproof.evaluation import summarise
    from pixelproof.evaluation.asked import plain_answers
    from pixelproof.evaluation.rule_tables import plain_rule
    from pixelproof.evaluation.tables import print_scores

    if json:
        print_json(summarise(scores) | plain_answers(answers) | ({} if rule is None else {"rule": plain_rule(rule)}))
        return
    print_scores(scores, answers, rule)
