"""What the page says of a choice among candidates."""

from pixelproof.report.choosing import _clearness
from pixelproof.runs.choice_record import Candidate, ChoiceRecord


def choice(**scores):
    runs = [Candidate(name=name, runs=(name,), scores=(score,), score=score) for name, score in scores.items()]
    return ChoiceRecord(metric="accuracy", images=50, chosen=runs[0].name, candidates=tuple(runs))


def test_equal_but_for_rounding_is_the_same_score():
    assert 0.1 + 0.2 != 0.3
    said = " ".join(_clearness(choice(first=0.3, second=0.1 + 0.2, third=0.2, lost=None)))
    assert said.startswith("second has the same score; the first one is taken.")
    assert said.endswith("Undefined, and so not chosen: lost.")
