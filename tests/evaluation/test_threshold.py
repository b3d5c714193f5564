"""What a threshold finds against loops, scikit-learn and SciPy, and what is no threshold."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix
from test_finding import made_up, scores_of

from pixelproof.errors import UserError
from pixelproof.evaluation.asked import Answers, plain_looked
from pixelproof.evaluation.tables import print_scores
from pixelproof.evaluation.threshold import looked
from pixelproof.labels import PRESETS, LabelClass, LabelScheme
from pixelproof.labels.thresholds import classes_of, reaching, read_thresholds


@pytest.mark.parametrize("probability", [0.0, 0.2, 0.7, 1.0])
def test_shares_are_those_of_two_classes(probability, capsys):
    chances, truth = made_up(np.random.default_rng(0), 200, 3, 1)  # so that some are the threshold
    chances[0, 1] = 0.7  # which is smaller in float32
    scores = scores_of(chances, truth)
    found = looked(scores, "c1", probability)
    own, chosen = truth == 1, chances[:, 1] >= probability
    (spared, false), (missed, hit) = confusion_matrix(own, chosen, labels=[False, True])
    counts = {"sensitivity": (hit, hit + missed), "specificity": (spared, spared + false)}
    counts |= {
        "others_looked_at": (false, spared + false),
        "precision": (hit, hit + false),
        "looked_at": (hit + false, 200),
    }
    print_scores(scores, Answers([found]))
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1].startswith("Accuracy ")  # the result comes last
    for name, (images, of) in counts.items():
        part, plain = found.shares[name], plain_looked(found)[name]
        assert (part.hits, part.of) == (images, of)
        assert f"{images} of {of}" in printed
        if of:
            ends = binomtest(int(images), int(of)).proportion_ci(method="exact")
            assert (part.value, part.low, part.high) == pytest.approx((images / of, ends.low, ends.high))
            assert plain == {"images": images, "of": of, "value": part.value, "low": part.low, "high": part.high}
        else:
            assert plain == {"images": 0, "of": 0, "value": None, "low": None, "high": None}


def test_a_threshold_is_read_as_it_is_written():
    scheme = scores_of(np.eye(2), np.array([0, 1])).scheme
    named = [scheme.classes[0].model_copy(update={"name": "a=b"}), scheme.classes[1]]
    read = read_thresholds(["a=b=0.25", "c1=1e-3"], scheme.model_copy(update={"classes": tuple(named)}))
    assert read == [("a=b", 0.25), ("c1", 0.001)]


def test_several_classes_are_looked_for_as_one():
    chances, truth = made_up(np.random.default_rng(3), 200, 4, 2)  # so that some sums are the threshold
    scores = scores_of(chances, truth)
    for name, least in read_thresholds(["c1+c3=0.4", "c3+c0+c1=0.9"], scores.scheme):
        places = [int(part[1]) for part in name.split("+")]
        own = np.isin(truth, places)
        chosen = np.array([reaching(row, scores.scheme, [(name, least)]) == [name] for row in scores.probabilities])
        np.testing.assert_array_equal(chosen, chances[:, places].sum(axis=1) >= least - 1e-6)
        found = looked(scores, name, least).shares
        assert (found["sensitivity"].hits, found["sensitivity"].of) == ((own & chosen).sum(), own.sum())
        assert (found["specificity"].hits, found["precision"].of) == ((~own & ~chosen).sum(), chosen.sum())


def test_names_with_a_plus_are_classes_of_their_own():
    scheme = LabelScheme(
        task="classification", classes=[LabelClass(id=i, name=n) for i, n in enumerate(["a", "a+b", "b", "c", "b+"])]
    )
    for name, classes in (("a+b", ["a+b"]), ("a+b+c", ["a+b", "c"]), ("b+a", ["b", "a"]), ("b++c", ["b+", "c"])):
        assert classes_of(name, scheme) == classes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c0+xc1=0.1", "there is no class 'xc1'; did you mean 'c1'?"),
        ("c1+c1=0.1", "class 'c1' is named twice"),
        ("c0+c1=0.1", "these are all classes"),
        ("xc0=0.1", "there is no class 'xc0'; did you mean 'c0'?"),
        *((text, "is not a class and a probability of 0 to 1") for text in ("c0=1.5", "c0=nan", "c0=x", "c0", "=0.1")),
    ],
)
def test_what_is_no_threshold_is_said_in_one_sentence(text, said):
    with pytest.raises(UserError) as raised:
        read_thresholds([text], scores_of(np.eye(2), np.array([0, 1])).scheme)
    assert said in str(raised.value)


def test_masks_and_scores_without_probabilities_have_none():
    with pytest.raises(UserError, match="these classes are of masks"):
        read_thresholds(["urban=0.1"], PRESETS["deepglobe"])
    with pytest.raises(UserError, match="hold no probabilities"):
        looked(replace(scores_of(np.eye(2), np.array([0, 1])), probabilities=None), "c0", 0.1)
