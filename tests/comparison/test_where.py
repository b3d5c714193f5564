"""Gains are attributed to where they were planted."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from scipy import ndimage

from pixelproof.comparison.counted import compare_segmenters
from pixelproof.comparison.evidence.split import split_gain
from pixelproof.comparison.evidence.where import where_gain
from pixelproof.comparison.match import in_order
from pixelproof.errors import UserError
from pixelproof.evaluation import confusion_counts, mean_iou
from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.evaluation.boundary_metrics import region_iou
from pixelproof.evaluation.metrics import mean_defined
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.runs import Boundaries, SegmentationScores, Source

NAMES = ("field", "wood", "lake", "unknown")
SCHEME = LabelScheme(
    task="segmentation", classes=tuple(LabelClass(name=n, id=i, ignored=i == 3) for i, n in enumerate(NAMES))
)


def landscape(rng, size=160):
    heights = ndimage.gaussian_filter(rng.normal(size=(size, size)), 14, mode="wrap")
    return np.digitize(heights, np.quantile(heights, [0.4, 0.75])).astype(np.uint8)


def dilated(truth):
    """Wrong at edges alone: lakes reach 3 px too far."""
    return np.where(ndimage.binary_dilation(truth == 2, iterations=3), 2, truth).astype(np.uint8)


def blobbed(truth, rng):
    """Wrong inside alone: blobs of another class, all of them more than 8 px from every edge."""
    edge = np.zeros(truth.shape, bool)
    for shift in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        edge |= np.roll(truth, shift, (0, 1)) != truth
    inside = np.argwhere(ndimage.distance_transform_edt(~edge) > 14)
    wrong = truth.copy()
    for y, x in inside[rng.permutation(len(inside))[:5]]:
        wrong[y - 2 : y + 3, x - 2 : x + 3] = (truth[y, x] + 1) % 3
    return wrong


def scored(name, truths, predictions):
    counts = np.stack([confusion_counts(t, p, 4) for t, p in zip(truths, predictions, strict=True)])
    boundaries = [boundary_counts(t, p, SCHEME.scored) for t, p in zip(truths, predictions, strict=True)]
    ids = tuple(map(str, range(len(truths))))
    return SegmentationScores(ids, counts, SCHEME, Source(name), Boundaries.stack(boundaries))


@pytest.fixture(scope="module")
def models():
    rng = np.random.default_rng(0)
    truths = [landscape(rng) for _ in range(12)]
    predictions = {
        "perfect": truths,
        "dilated": [dilated(t) for t in truths],
        "blobbed": [blobbed(t, rng) for t in truths],
        "noisy": [np.where(rng.random(t.shape) < 0.1, rng.integers(0, 4, t.shape), t).astype(np.uint8) for t in truths],
    }
    return {name: scored(name, truths, found) for name, found in predictions.items()}


def test_a_gain_at_edges_is_attributed_to_edges(models):
    found = where_gain(models["dilated"], models["perfect"])
    assert found.edges.low > 0
    assert found.edges.value == pytest.approx(found.total.value)
    assert (found.interior.value, found.interior.low, found.interior.high) == (0, None, None)
    assert [part.gain.value > 0 for part in found.bands] == [True, True, False, False, False]
    assert found.error_rates[0].difference.high < 0
    assert {(c.true, c.predicted) for c in found.confusions} <= {("field", "lake"), ("wood", "lake")}


def test_a_gain_inside_is_attributed_to_the_interior(models):
    found = where_gain(models["blobbed"], models["perfect"])
    assert found.interior.low > 0
    assert found.interior.value == pytest.approx(found.total.value)
    assert (found.edges.value, found.edges.low, found.edges.high) == (0, None, None)


def test_a_gain_inside_that_costs_edges_is_told_apart(models):
    found = where_gain(models["blobbed"], models["dilated"])
    assert found.edges.high < 0 < found.interior.low
    back = where_gain(models["dilated"], models["blobbed"])
    assert back.edges.value == pytest.approx(-found.edges.value)


@pytest.mark.parametrize("protocol", ["unknown_counted", "unknown_ignored"])
@pytest.mark.parametrize("edges", [2, 8, 16])
def test_parts_add_up_to_the_gain(models, protocol, edges):
    a, b = models["noisy"], models["dilated"]
    found = where_gain(a, b, protocol, edges)
    near = (2, 4, 8, 16).index(edges) + 1
    gain = mean_iou(b, protocol) - mean_iou(a, protocol)
    assert found.total.value == pytest.approx(gain, abs=1e-12)
    assert found.edges.value + found.interior.value == pytest.approx(gain, abs=1e-12)
    assert sum(part.gain.value for part in found.bands[:near]) == pytest.approx(found.edges.value, abs=1e-12)
    assert found.total.low < gain < found.total.high


def test_edges_are_the_mean_over_both_orders_and_bands_over_all_orders_of_regions(models):
    a, b = (models[name].boundaries.bands.sum(axis=0) for name in ("noisy", "dilated"))

    def figure(counts):
        return mean_defined(region_iou(counts, SCHEME.scored, "unknown_counted"))

    def value(turned):
        return figure(sum((b if band in turned else a)[band] for band in range(5)))

    near, far = {0, 1, 2}, {3, 4}
    *parts, edges, interior, total = split_gain(np.stack([a, b]).astype(float), figure, 3)
    assert edges == pytest.approx((value(near) - value(set()) + value(near | far) - value(far)) / 2)
    assert edges + interior == total == pytest.approx(value(near | far) - value(set()))
    orders = [p for p in permutations(range(5)) if set(p[:3]) == near or set(p[:2]) == far]
    expected = [np.mean([value({*o[: o.index(j) + 1]}) - value({*o[: o.index(j)]}) for o in orders]) for j in range(5)]
    np.testing.assert_allclose(parts, expected, atol=1e-12)


def test_all_confusions_add_up_to_the_change_of_the_error_rate(models):
    a, b = models["noisy"], models["perfect"]
    found = where_gain(a, b)
    assert len(found.confusions) == 9  # three classes taken for three others each, unknown among them
    wrong = sum(c.a for c in found.confusions)
    true = a.confusion[:, :3].sum()
    assert sum(c.repaired.value for c in found.confusions) == pytest.approx(wrong / true)
    assert all(c.b == 0 for c in found.confusions)


def test_the_whole_gain_has_the_interval_of_the_comparison(models):
    a, b = models["noisy"], models["dilated"]
    found, whole = where_gain(a, b).total, compare_segmenters(a, b, "unknown_counted", None, 0)
    width = found.high - found.low
    np.testing.assert_allclose([found.low, found.high], [whole.low[-1], whole.high[-1]], atol=0.05 * width)


def test_objects_in_one_image_alone_have_no_interval(models):
    a, b = models["noisy"], models["perfect"]
    objects = [s.boundaries.objects.copy() for s in (a, b)]
    objects[0][1:, 0] = objects[1][1:, 0] = 0  # the smallest are in the first image only
    a, b = (replace(s, boundaries=replace(s.boundaries, objects=o)) for s, o in zip((a, b), objects, strict=True))
    small, *_, large = where_gain(a, b).recalls
    assert large.difference.low is not None
    assert small.difference.value is not None
    assert small.difference.low is None


def test_scores_put_in_order_keep_their_boundary_counts(models):
    a, b = models["noisy"], models["dilated"]
    order = np.random.default_rng(0).permutation(12)
    shuffled = replace(
        b,
        ids=tuple(b.ids[place] for place in order),
        confusion=b.confusion[order],
        boundaries=b.boundaries.take(order),
    )
    assert where_gain(in_order(a), in_order(shuffled)) == where_gain(in_order(a), in_order(b))


def test_images_of_a_group_are_resampled_together(models):
    a, b = models["noisy"], models["dilated"]
    twice = np.tile(np.arange(12), 2)
    doubled = (
        replace(
            s,
            ids=tuple(map(str, range(24))),
            confusion=s.confusion[twice],
            boundaries=s.boundaries.take(twice),
        )
        for s in (a, b)
    )
    assert where_gain(*doubled, groups=twice).edges == where_gain(a, b).edges


def test_one_image_has_no_interval(models):
    a, b = (
        replace(s, ids=s.ids[:1], confusion=s.confusion[:1], boundaries=s.boundaries.take([0]))
        for s in (models["noisy"], models["dilated"])
    )
    found = where_gain(a, b)
    assert found.edges.value is not None
    assert (found.edges.low, found.edges.high) == (None, None)


def test_what_does_not_belong_together_is_refused(models):
    a, b = models["noisy"], models["dilated"]
    with pytest.raises(UserError, match="dilated hold no boundary counts"):
        where_gain(a, replace(b, boundaries=None))
    with pytest.raises(ValueError, match="same images"):
        where_gain(a, replace(b, ids=b.ids[::-1]))
    with pytest.raises(ValueError, match="are not of the images"):
        where_gain(a, replace(b, confusion=b.confusion[::-1]))
    with pytest.raises(ValueError, match="no band ends"):
        where_gain(a, b, edges=5)
