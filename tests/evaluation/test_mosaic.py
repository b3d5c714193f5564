"""The mosaic index: high on a grid, chance elsewhere."""

import numpy as np
import pytest
from scipy import ndimage, stats

from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.evaluation.mosaic import mosaic

SCORED = np.ones(2, bool)
SIZE = 200


def landscape(rng, size=SIZE):
    """Two smooth classes without any grid."""
    return (ndimage.gaussian_filter(rng.normal(size=(size, size)), 8, mode="wrap") > 0).astype(np.uint8)


def on_grid(mask, stride):
    """The mask as a network sees it that answers once for each cell."""
    centres = np.minimum(np.arange(stride // 2, mask.shape[0] + stride // 2, stride), mask.shape[0] - 1)
    cells = mask[np.ix_(centres, centres)].repeat(stride, axis=0).repeat(stride, axis=1)
    return cells[: mask.shape[0], : mask.shape[1]]


def phases(pairs):
    return np.stack([boundary_counts(truth, prediction, SCORED).phases for truth, prediction in pairs])


def test_a_prediction_on_the_grid_is_a_mosaic_and_its_truth_is_not():
    rng = np.random.default_rng(0)
    truths = [landscape(rng) for _ in range(12)]
    counts = phases([(t, on_grid(t, 32)) for t in truths])
    found = mosaic(counts, 32)
    assert found.index == pytest.approx(32, rel=1e-9)  # all boundaries on the lines, whatever their number
    assert found.p < 0.001
    assert 0 <= found.low < 1 < found.high < found.index
    control = mosaic(counts, 32, "truth")
    assert control.low <= control.index <= control.high
    fine = phases([(t, on_grid(t, 8)) for t in truths])
    assert mosaic(fine, 8).index == pytest.approx(8, rel=1e-9)
    assert mosaic(fine, 8).p < 0.001


def test_p_is_uniform_where_there_is_no_grid():
    rng = np.random.default_rng(1)
    values = []
    for _ in range(150):
        masks = [landscape(rng, 96) for _ in range(2)]
        values.append(mosaic(phases([(m, m) for m in masks]), 16).p)
    assert stats.kstest(values, "uniform").pvalue > 0.01
    assert 0.01 <= np.mean(np.array(values) < 0.05) <= 0.1


def test_chance_reaches_as_far_as_it_says_in_images_of_few_lines():
    """At stride 32, an image of 64 pixels has one line of the grid and two of any other, whose rate varies less."""
    rng, counts = np.random.default_rng(2), np.zeros((400, 4, 3, 2, 32), np.int64)
    lines = rng.binomial(64, rng.beta(1, 9, (400, 4, 2, 64)))
    lines[..., 0] = 0  # the border is no boundary
    counts[:, :, 1] = lines.reshape(400, 4, 2, 2, 32).sum(axis=3)
    counts[:, :, 2] = 128
    counts[:, :, 2, :, 0] = 64
    found = [mosaic(each, 32) for each in counts]
    assert 0.02 <= np.mean([one.p < 0.05 for one in found]) <= 0.075
    assert np.mean([one.index < one.low for one in found]) <= 0.05


def test_without_boundaries_the_index_is_undefined():
    same = np.zeros((64, 64), np.uint8)
    found = mosaic(phases([(same, same)]), 32)
    assert np.isnan([found.index, found.low, found.high, found.p]).all()
    tiny = np.eye(8, dtype=np.uint8)  # smaller than a cell
    assert np.isnan(mosaic(phases([(tiny, tiny)]), 32).index)


@pytest.mark.parametrize("stride", [0, 1, 5, 64])
def test_a_stride_that_does_not_divide_is_refused(stride):
    with pytest.raises(ValueError, match="does not divide 32"):
        mosaic(np.zeros((1, 3, 2, 32), np.int64), stride)
