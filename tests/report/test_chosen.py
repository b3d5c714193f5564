"""What the page says of a choice among candidates."""

import pytest

from pixelproof.report.choosing import _clearness, _one
from pixelproof.runs.choice_record import Candidate, ChoiceRecord


def choice(told=(), **scores):
    runs = [
        Candidate(name=name, runs=(name,), scores=(score,), score=score, told=name in told)
        for name, score in scores.items()
    ]
    return ChoiceRecord(metric="accuracy", images=50, chosen=runs[0].name, candidates=tuple(runs))


def test_equal_but_for_rounding_is_the_same_score():
    assert 0.1 + 0.2 != 0.3
    said = " ".join(_clearness(choice(first=0.3, second=0.1 + 0.2, third=0.2)))
    assert said.startswith("second has the same score; the first one is taken. These images cannot tell any other")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (choice(a=0.9, b=0.1, told="b"), "Each of the others is worse beyond chance."),
        (
            choice(a=0.9, b=0.1, c=None, told="b"),
            "Each of the others that has a score is worse beyond chance. Undefined, and so not chosen: c.",
        ),
        (choice(a=0.9, b=None), "Undefined, and so not chosen: b."),
        (choice(a=None, b=None), ""),
    ],
)
def test_what_is_undefined_is_not_called_worse(found, said):
    assert " ".join(_clearness(found)) == said


def test_where_nothing_is_defined_none_is_called_the_highest():
    said = _one("best", choice(a=None, b=None))
    assert said.endswith(
        "the first of 2: on the 50 images of the selection part of train the accuracy of none is defined."
    )
    assert "has the highest accuracy on the 50 images" in _one("best", choice(a=0.9, b=None))
