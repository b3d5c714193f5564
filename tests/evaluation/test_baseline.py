"""What a model is beside always answering the most frequent class."""

import numpy as np
import pytest
from test_finding import scores_of

from pixelproof.evaluation import summarise
from pixelproof.evaluation.baseline import baseline, baseline_lines
from pixelproof.evaluation.tables import print_scores

GOOD, SCRATCH, DENT = np.eye(3) * 0.7 + 0.1


def answers(*groups):
    """Return scores of so many images each of a class, with the probabilities that they were given."""
    truth = np.repeat([true for true, _, _ in groups], [count for *_, count in groups])
    return scores_of(np.repeat([chances for _, chances, _ in groups], [count for *_, count in groups], axis=0), truth)


@pytest.mark.parametrize(
    ("hits", "false", "said"),
    [
        (0, 0, "are not shown to be better"),
        (40, 0, None),
        (4, 0, "are not shown to be better"),
        (0, 200, "is worse than that"),
    ],
)
def test_a_model_that_is_no_better_than_one_answer_is_called_so(hits, false, said, capsys):
    scores = answers(
        (0, GOOD, 920 - false), (0, SCRATCH, false), (1, SCRATCH, hits), (1, GOOD, 50 - hits), (2, GOOD, 30)
    )
    print_scores(scores)
    *_, line, result = capsys.readouterr().out.splitlines()
    assert line.startswith("Always answering c0, the most frequent class, would be right for 92.00% of these images.")
    assert (said in line) if said else ("better" not in line)
    assert ("It never answers c2, of which 30 images are here." in line) == bool(hits or false)
    assert ("It never answers c1, c2, of which 80 images are here." in line) == (not (hits or false))
    assert result.startswith("Accuracy ")
    plain = summarise(scores)["baseline"]
    assert (plain["class"], plain["accuracy"], plain["better"]) == ("c0", 0.92, said is None)
    assert plain["never"][-1] == "c2"


def test_of_one_class_alone_nothing_is_told():
    assert baseline(answers((0, GOOD, 5))) is None
    assert baseline_lines(answers((0, GOOD, 5))) == []
    assert summarise(answers((0, GOOD, 5)))["baseline"] is None
