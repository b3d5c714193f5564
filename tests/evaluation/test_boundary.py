"""Boundary counts against brute force on random masks, and the metrics derived from them."""

import json

import boundary_brute as brute
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from pixelproof.data.masks import read_mask
from pixelproof.evaluation import confusion_counts, summarise
from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.evaluation.boundary_metrics import (
    boundary_f1,
    error_rate,
    object_recall,
    objects_found,
    region_iou,
)
from pixelproof.evaluation.discs import FAR, over_discs, reach
from pixelproof.evaluation.metrics import PROTOCOLS, class_iou
from pixelproof.evaluation.mosaic import mosaic
from pixelproof.labels import PRESETS, VOID, LabelClass, LabelScheme
from pixelproof.runs import Boundaries, SegmentationScores

SCORED = np.array([True, True, True, False])


@st.composite
def masks(draw):
    """Pairs of masks of any small shape: from one class alone to noise, with and without void and missing classes."""
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 40))
    if draw(st.booleans()):
        height, width = width, height
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pair = []
    for _ in range(2):
        present = rng.permutation(4)[: draw(st.integers(1, 4))]
        cell = draw(st.sampled_from([1, 3, 8]))
        coarse = rng.choice(present, (height // cell + 1, width // cell + 1))
        mask = np.kron(coarse, np.ones((cell, cell)))[:height, :width].astype(np.uint8)
        mask[rng.random(mask.shape) < draw(st.sampled_from([0, 0, 0.2]))] = VOID
        pair.append(mask)
    if draw(st.booleans()):
        pair[1] = np.where(rng.random(pair[0].shape) < 0.7, pair[0], pair[1])
    return pair


@settings(max_examples=40, deadline=None)
@given(masks())
def test_counts_equal_brute_force(pair):
    found = boundary_counts(*pair, SCORED)
    for name, expected in brute.boundaries(*pair, SCORED).items():
        np.testing.assert_array_equal(getattr(found, name), expected, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(masks())
def test_bands_and_objects_add_up_to_the_confusion_matrix(pair):
    confusion, found = confusion_counts(*pair, 4), boundary_counts(*pair, SCORED)
    bands = found.bands.sum(axis=0)
    np.testing.assert_array_equal(bands[:, 0], np.diagonal(confusion)[:4])
    np.testing.assert_array_equal(bands[:, 1], confusion[:4].sum(axis=1))
    np.testing.assert_array_equal(bands[:, 2], confusion[:4, :4].sum(axis=0))
    np.testing.assert_array_equal(bands[:, 3], confusion[3, :4])
    np.testing.assert_array_equal(found.objects.sum(axis=0)[:, :2], bands[:, :2])
    for protocol in PROTOCOLS:
        np.testing.assert_array_equal(region_iou(bands, SCORED, protocol), class_iou(confusion, SCORED, protocol))


def test_more_classes_than_a_byte_has_bits():
    """Classes 7, 8, 15 and 40 are in different bytes of bit planes, and 40 is out of reach of three of them."""
    rng = np.random.default_rng(0)
    truth, prediction = rng.choice(np.array([7, 8, 15, 40], np.uint8), (2, 9, 11))
    scored = np.ones(41, bool)
    for name, expected in brute.boundaries(truth, prediction, scored).items():
        np.testing.assert_array_equal(getattr(boundary_counts(truth, prediction, scored), name), expected, err_msg=name)


@pytest.mark.parametrize("classes", [2, 7, 8, 254])
def test_reach_equals_scipys_distance_transform(classes):
    rng = np.random.default_rng(classes)
    mask = np.kron(rng.integers(0, classes, (12, 9)), np.ones((13, 13))).astype(np.uint8)
    mask[rng.random(mask.shape) < 0.01] = classes  # 254 classes: the highest index beside void
    distance = np.zeros(mask.shape)
    for label in np.unique(mask):
        distance += ndimage.distance_transform_edt(mask == label)
    radii = (1, 2, 3, 4, 5, 8, 16)
    expected = np.array([*radii, FAR])[np.searchsorted(radii, distance)]
    np.testing.assert_array_equal(reach(mask, radii), expected)


def test_discs_are_round_and_end_at_the_border():
    image = np.zeros((9, 9), np.uint8)
    image[0, 0] = image[4, 4] = 1
    y, x = np.indices(image.shape)
    for radius, found in zip((1, 2, 3), over_discs(image, (1, 2, 3), np.maximum, 0), strict=True):
        expected = (np.hypot(y, x) <= radius) | (np.hypot(y - 4, x - 4) <= radius)
        np.testing.assert_array_equal(found, expected)


def test_masks_of_differing_shape_are_refused():
    with pytest.raises(ValueError, match="truth is"):
        boundary_counts(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), SCORED)


def test_without_a_boundary_its_metrics_are_undefined():
    """One class everywhere, or two that only void pixels part: nothing to be near to."""
    alone = np.zeros((40, 40), np.uint8)
    parted = alone.copy()
    parted[:, 20:], parted[:, 15:25] = 1, VOID
    for mask in (alone, parted):
        found = boundary_counts(mask, mask, SCORED)
        assert np.isnan(boundary_f1(found.contours, SCORED)).all()
        assert np.isnan(region_iou(found.rims, SCORED, "unknown_counted")).all()
    assert np.isnan(error_rate(boundary_counts(alone, alone, SCORED).bands, SCORED)[:4]).all()
    assert error_rate(boundary_counts(alone, alone, SCORED).bands, SCORED)[4] == 0
    ignored = np.full((5, 5), 3, np.uint8)
    found = boundary_counts(ignored, ignored, SCORED)
    assert np.isnan(object_recall(found.objects, SCORED)).all()
    assert np.isnan(objects_found(found.objects, SCORED)).all()


def test_a_boundary_in_one_mask_alone_scores_zero():
    truth, prediction = np.zeros((2, 10, 10), np.uint8)
    prediction[:, 5:] = 1
    found = boundary_counts(truth, prediction, SCORED)
    assert boundary_f1(found.contours, SCORED)[:, :2].tolist() == [[0, 0]] * 3
    assert region_iou(found.rims, SCORED, "unknown_counted")[:, :2].tolist() == [[0, 0]] * 3


def test_a_boundary_moved_by_two_pixels():
    truth, prediction = np.zeros((2, 10, 40), np.uint8)
    truth[:, 20:], prediction[:, 22:] = 1, 1
    found = boundary_counts(truth, prediction, SCORED)
    np.testing.assert_array_equal(boundary_f1(found.contours, SCORED)[:, :2], [[0, 0], [1, 1], [1, 1]])
    # Rims of 3 px overlap by 1, of 5 px by 3: 1 / (3 + 3 - 1) and 3 / (5 + 5 - 3).
    expected = [[0, 0], [1 / 5, 1 / 5], [3 / 7, 3 / 7]]
    np.testing.assert_allclose(region_iou(found.rims, SCORED, "unknown_counted")[:, :2], expected)
    assert error_rate(found.bands, SCORED).tolist() == [0.5, 0, 0, 0, 0]


def test_predictions_on_ignored_pixels_count_under_one_protocol_only():
    truth = np.repeat(np.array([[0, 3]], np.uint8), 10, axis=1)
    found = boundary_counts(truth, np.zeros_like(truth), SCORED)
    assert region_iou(found.bands[0], SCORED, "unknown_counted")[0] == 0.5
    assert region_iou(found.bands[0], SCORED, "unknown_ignored")[0] == 1


def test_objects_by_size():
    truth = np.zeros((64, 64), np.uint8)
    truth[2:12, 2:12], truth[20:40, 20:40] = 1, 2  # 100 and 400 px in 3596 of class 0
    prediction = np.where(truth == 1, 0, truth)
    prediction[30:40, 20:40] = 0
    found = boundary_counts(truth, prediction, SCORED).objects
    np.testing.assert_array_equal(object_recall(found, SCORED), [0, 0.5, 1, np.nan])
    np.testing.assert_array_equal(objects_found(found, SCORED), [0, 0, 1, np.nan])  # exactly half is not found


def test_pixels_that_touch_at_corners_are_two_objects():
    truth = np.array([[0, 1], [1, 0]], np.uint8)
    assert boundary_counts(truth, truth, SCORED).objects[0, :2, 3].tolist() == [2, 2]


def test_the_summary_says_all_of_it_and_is_json():
    truth = np.kron(np.array([[0, 1], [2, 0]]), np.ones((40, 40))).astype(np.uint8)
    prediction = np.roll(truth, 3, axis=1)
    scheme = LabelScheme(
        task="segmentation", classes=tuple(LabelClass(name=n, id=i, ignored=n == "x") for i, n in enumerate("abcx"))
    )
    counts = boundary_counts(truth, prediction, SCORED)
    confusion = confusion_counts(truth, prediction, 4)
    scores = SegmentationScores(("0",), confusion[None], scheme, boundaries=Boundaries.stack([counts]))
    figures = summarise(scores)["boundary"]
    iou = region_iou(counts.rims, SCORED, "unknown_counted")
    assert figures["iou"]["unknown_counted"]["classes"]["b"]["3"] == iou[1, 1]
    assert figures["iou"]["unknown_counted"]["mean"]["5"] == pytest.approx(iou[2, :3].mean())
    assert figures["f1"]["classes"]["c"]["3"] == boundary_f1(counts.contours, SCORED)[1, 2]
    assert "x" not in figures["f1"]["classes"]
    assert figures["error_rate"][">16"] == error_rate(counts.bands, SCORED)[4]
    assert figures["objects"]["count"] == {"<256": 0, "256-1023": 0, "1024-9215": 4, ">=9216": 0}
    assert figures["objects"]["found"] == {"<256": None, "256-1023": None, "1024-9215": 1, ">=9216": None}
    assert set(figures["mosaic"]) == {"8", "16", "32"}
    json.dumps(figures, allow_nan=False)
    assert summarise(SegmentationScores(("0",), confusion[None], scheme))["boundary"] is None


@pytest.mark.real
def test_real_masks_seen_through_a_grid(real_data):
    """Truth that was sampled once in 32 x 32 pixels: wrong at edges alone, and a mosaic, which the truth is not."""
    files = sorted((real_data / "p2_data" / "validation").glob("*_mask.png"))[:20]
    truths = [read_mask(file, PRESETS["deepglobe"]) for file in files]
    scored = PRESETS["deepglobe"].scored
    coarse = [t[16::32, 16::32].repeat(32, axis=0).repeat(32, axis=1) for t in truths]
    counts = Boundaries.stack([boundary_counts(t, c, scored) for t, c in zip(truths, coarse, strict=True)])
    rates = error_rate(counts.bands.sum(axis=0), scored)
    assert rates[0] > 0.4
    assert rates[4] < 0.01
    assert (np.diff(rates) < 0).all()
    assert mosaic(counts.phases, 32).index == pytest.approx(32)
    assert abs(mosaic(counts.phases, 32, "truth").index - 1) < 0.2


def test_the_boundaries_of_many_images_do_not_overflow():
    contours = np.full((1, 4), 4_000_000_000)
    assert boundary_f1(contours, np.array([True])).tolist() == [1.0]
