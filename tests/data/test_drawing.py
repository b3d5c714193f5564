"""Masks drawn from outlines and runs, checked against another library and by hand."""

import numpy as np
import pytest
import shapely

from pixelproof.data.drawing import inside, run_lengths, unpacked


def packed(counts):
    """The inverse of ``unpacked``, as COCO's own description has it."""
    text = ""
    for place, count in enumerate(counts):
        value = count - (counts[place - 2] if place > 2 else 0)
        more = True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text += chr((bits | (32 if more else 0)) + 48)
    return text


@pytest.mark.parametrize("seed", range(12))
def test_a_pixel_is_inside_where_its_middle_is(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 30))
    angle = np.sort(rng.uniform(0, 2 * np.pi, count))
    away = rng.uniform(3, 40, count)  # a star, in part beyond the image
    outline = rng.uniform(0, 40, 2) + np.stack([away * np.cos(angle), away * np.sin(angle)], axis=1)
    x, y = np.meshgrid(np.arange(50) + 0.5, np.arange(35) + 0.5)
    shape = shapely.Polygon(outline)
    expected = shapely.contains_xy(shape if shape.is_valid else shapely.make_valid(shape), x, y)
    np.testing.assert_array_equal(inside(outline, 35, 50), expected)


def test_squares_side_by_side_share_no_pixel_and_leave_none():
    whole = np.zeros((9, 9), int)
    for left, right in ((0, 4.5), (4.5, 9)):
        for top, bottom in ((0, 2.5), (2.5, 9)):
            corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
            whole += inside(np.array(corners), 9, 9)
    assert (whole == 1).all()


def test_where_an_outline_crosses_itself_the_middle_is_outside():
    star = np.array([[np.sin(k * 4 * np.pi / 5), -np.cos(k * 4 * np.pi / 5)] for k in range(5)]) * 40 + 50
    mask = inside(star, 100, 100)
    assert not mask[50, 50]
    assert mask[15, 50]


def test_lines_and_nothing_enclose_nothing():
    assert not inside(np.array([[1.0, 1.0], [8.0, 8.0]]), 10, 10).any()
    assert not inside(np.array([[3.0, 3.0]]), 10, 10).any()
    assert not inside(np.array([[900.0, 900.0], [990.0, 900.0], [950.0, 999.0]]), 10, 10).any()


def test_runs_go_down_the_columns():
    mask = np.zeros((4, 3), bool)
    mask[1:3, 0] = mask[3, 1] = mask[0, 2] = True
    assert run_lengths([1, 2, 4, 2, 3], 4, 3).tolist() == mask.tolist()
    with pytest.raises(ValueError, match="its runs are 3 pixels of 12"):
        run_lengths([1, 2], 4, 3)
    with pytest.raises(ValueError, match="its runs are 12 pixels"):
        run_lengths([15, -3], 4, 3)


@pytest.mark.parametrize("seed", range(5))
def test_packed_runs_are_the_same_runs(seed):
    counts = np.random.default_rng(seed).integers(0, 5000, 40).tolist()
    assert unpacked(packed(counts)) == counts


def test_what_pycocotools_writes_is_read():
    assert run_lengths(unpacked("141"), 2, 3).tolist() == [[False, True, True], [True, True, False]]


@pytest.mark.parametrize(
    ("text", "problem"), [("q", "packed in another way"), ("P", "end amid a number"), ("é", "another way")]
)
def test_other_texts_are_refused(text, problem):
    with pytest.raises(ValueError, match=problem):
        unpacked(text)
