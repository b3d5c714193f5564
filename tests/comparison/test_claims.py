"""Claims against planted models: coarse, fine, and fine at edges only."""

from dataclasses import replace

import numpy as np
import pytest
from comparison_builders import classifier, probable
from scipy import ndimage

from pixelproof.comparison.classification import compare_classifiers
from pixelproof.comparison.evidence.claims import judge
from pixelproof.comparison.evidence.gather import gather
from pixelproof.comparison.match import in_order
from pixelproof.errors import UserError
from pixelproof.evaluation import confusion_counts, mean_iou
from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.runs import Boundaries, SegmentationScores, Source
from pixelproof.runs.claims import Claim
from pixelproof.runs.evidence_file import FILE, load_evidence, save_evidence
from pixelproof.schema import parse

SCHEME = LabelScheme(task="segmentation", classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate("abc")))
IMAGES = 10


def landscape(rng):
    heights = ndimage.gaussian_filter(rng.normal(size=(160, 160)), 12, mode="wrap")
    return np.digitize(heights, np.quantile(heights, [0.4, 0.75])).astype(np.uint8)


def mosaic_of(truth, side=32):
    """Every cell takes the class at its centre."""
    return np.kron(truth[side // 2 :: side, side // 2 :: side], np.ones((side, side), np.uint8)).astype(np.uint8)


def noisy(truth, rng):
    return np.where(ndimage.gaussian_filter(rng.normal(size=truth.shape), 3) > 0.14, (truth + 1) % 3, truth).astype(
        np.uint8
    )


def scored(name, truths, predictions):
    both = list(zip(truths, predictions, strict=True))
    counts = np.stack([confusion_counts(t, p, 3) for t, p in both])
    boundaries = Boundaries.stack([boundary_counts(t, p, SCHEME.scored) for t, p in both])
    return SegmentationScores(tuple(map(str, range(len(truths)))), counts, SCHEME, Source(name), boundaries)


@pytest.fixture(scope="module")
def models():
    rng = np.random.default_rng(0)
    truths = [landscape(rng) for _ in range(IMAGES)]
    coarse = [mosaic_of(t) for t in truths]
    found = {"coarse": [scored("coarse", truths, coarse)] * 2}
    found["fine"] = [scored("fine", truths, [noisy(t, rng) for t in truths]) for _ in range(2)]
    return found


def claim(*tests):
    return Claim.model_validate({"id": "c", "says": "it is so", "tests": list(tests)})


def test_a_mosaic_is_recognised_and_edges_are_finer_without_it(models):
    result = judge(
        claim(
            {"model": "coarse", "metric": "mosaic"},
            {"model": "fine", "against": "coarse", "metric": "edges"},
            {"model": "fine", "against": "coarse", "metric": "boundary_f1"},
        ),
        models,
        "unknown_counted",
    )
    assert result.status == "confirmed"
    assert result.seeds == 2
    assert result.results[0].difference.value > 10  # of at most 32
    assert all(r.difference.low > 0 for r in result.results[1:])


def test_a_claim_that_is_the_other_way_round_is_refuted(models):
    result = judge(claim({"model": "coarse", "against": "fine", "metric": "miou"}), models, "unknown_counted")
    assert result.status == "refuted"
    expected = [
        mean_iou(c, "unknown_counted") - mean_iou(f, "unknown_counted") for c, f in zip(*models.values(), strict=True)
    ]
    assert result.results[0].difference.value == pytest.approx(np.mean(expected))


@pytest.mark.parametrize(("images", "alone"), [(2, 2), (3, 3), (2500, 5), (2500, 6)])
def test_a_claim_about_one_seed_is_as_sure_as_the_comparison(images, alone):
    """Of classifiers that differ in a few images, where Student's t would be sure of two."""
    one, other = classifier(1.0, images=images), classifier(1.0, images=images)
    one.predicted[:alone] = (one.truth[:alone] + 1) % 3
    said = compare_classifiers(one, other, None, seed=0).record("a", "b", one.ids)
    result = judge(claim({"model": "b", "against": "a", "metric": "accuracy"}), {"a": [one], "b": [other]}, "x")
    assert result.results[0].p == pytest.approx(said.p, abs=0.02)
    assert result.status == ("confirmed" if said.verdict == "b" else "undecided")
    if images == alone:
        assert result.results[0].difference.low is None  # nothing varies


@pytest.mark.parametrize("metric", ["balanced_accuracy", "precision:fox", "roc_auc", "average_precision:fox"])
def test_a_claim_by_another_figure_says_what_the_comparison_says(metric):
    a, b = probable(0.5, seed=1), probable(1.1, seed=2)
    found = compare_classifiers(a, b, None, 0, metric)
    tests = claim({"model": "b", "against": "a", "metric": metric})
    (alone,) = judge(tests, {"a": [a], "b": [b]}, "x").results
    assert alone.difference.value == pytest.approx(found.b[-1] - found.a[-1])
    assert alone.p == pytest.approx(found.p[-1])
    ends = found.low[-1], found.high[-1]
    assert [alone.difference.low, alone.difference.high] == pytest.approx(ends, abs=0.02)
    again = probable(0.5, seed=3), probable(0.7, seed=4)
    other = compare_classifiers(*again, None, 0, metric)
    (seeds,) = judge(tests, {"a": [a, again[0]], "b": [b, again[1]]}, "x").results
    gains = [found.b[-1] - found.a[-1], other.b[-1] - other.a[-1]]
    assert seeds.difference.value == pytest.approx(np.mean(gains))
    assert seeds.difference.low < np.mean(gains) < seeds.difference.high


@pytest.mark.parametrize("metric", ["auc", "recall:", "iou:cat"])
def test_a_claim_names_a_known_metric(metric):
    with pytest.raises(UserError, match=r"there is no metric|is of one class"):
        test = {"model": "b", "against": "a", "metric": metric}
        parsed = parse(Claim, {"id": "c", "says": "so", "tests": [test]}, "study.yaml")
        judge(parsed, {"a": [probable(0.5)], "b": [probable(1)]}, "x")


def test_a_claim_is_known_from_as_many_scenes_as_there_are():
    """Of each site there are three images, and a model is right on all of them or on none."""
    rng, models = np.random.default_rng(0), {}
    for name, skill in (("a", 0.5), ("b", 0.7)):
        one = classifier(1.0, images=180, name=name)
        wrong = np.repeat(rng.random(60) > skill, 3)
        models[name] = [replace(one, predicted=np.where(wrong, (one.truth + 1) % 3, one.truth))]
    tests = claim({"model": "b", "against": "a", "metric": "accuracy"})
    ends = [
        gather(models, claims=[tests], groups=groups).claims[0].results[0].difference for groups in (None, r"site(\d+)")
    ]
    images, scenes = (end.high - end.low for end in ends)
    assert scenes == pytest.approx(images * 3**0.5, rel=0.1)


def test_what_cannot_be_told_is_undecided(models):
    twins = {"one": models["fine"][:1], "two": models["fine"][1:]}
    result = judge(claim({"model": "one", "against": "two", "metric": "miou"}), twins, "unknown_counted")
    assert result.status == "undecided"
    assert judge(claim({"model": "one", "metric": "mosaic"}), twins, "unknown_counted").status == "undecided"
    both = claim({"model": "one", "metric": "mosaic"}, {"model": "one", "against": "two", "metric": "edges"})
    assert judge(both, twins, "unknown_counted").status == "undecided"


def test_edges_and_interior_of_a_claim_add_up_to_the_gain(models):
    tests = [{"model": "fine", "against": "coarse", "metric": m} for m in ("edges", "interior", "miou")]
    edges, interior, gain = (r.difference.value for r in judge(claim(*tests), models, "unknown_counted").results)
    assert edges + interior == pytest.approx(gain)


def test_scores_without_boundary_counts_cannot_decide(models):
    bare = {name: [replace(run, boundaries=None) for run in runs] for name, runs in models.items()}
    with pytest.raises(UserError, match="hold no boundary counts"):
        judge(claim({"model": "coarse", "metric": "mosaic"}), bare, "unknown_counted")


def test_no_claim_is_decided_by_a_metric_of_the_other_task(models):
    classifiers = {name: [classifier(0.5)] for name in "ab"}
    for of, metric in ((classifiers, "miou"), (classifiers, "edges"), (models, "accuracy")):
        one, other = of
        with pytest.raises(UserError, match=f"there is no metric '{metric}' of "):
            judge(claim({"model": one, "against": other, "metric": metric}), of, "unknown_counted")


def test_evidence_survives_its_file(models, tmp_path):
    record = gather(models, claims=[claim({"model": "coarse", "metric": "mosaic"})])
    save_evidence(tmp_path / FILE, record)
    assert load_evidence(tmp_path / FILE) == record
    assert [pair.where.edges.value > 0 for pair in record.gains] == [True]
    assert {m.name: m.runs for m in record.models} == {"coarse": 2, "fine": 2}
    assert record.models[0].mosaics[-1].index > 10
    assert record.truth[-1].index == pytest.approx(1, abs=0.6)


def test_images_are_sorted_with_their_boundary_counts(models):
    run = models["fine"][0]
    order = [3, 1, 0, 2, *range(4, IMAGES)]
    shuffled = replace(
        run,
        ids=tuple(run.ids[i] for i in order),
        confusion=run.confusion[order],
        boundaries=run.boundaries.take(order),
    )
    back = in_order(shuffled)
    assert back.ids == run.ids
    np.testing.assert_array_equal(back.boundaries.bands, run.boundaries.bands)
