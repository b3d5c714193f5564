"""Regions as outlines: exact there and back, against drawing by hand, whatever text stands in a file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pixelproof.labels.outlines import Box, box_of, outline_of, region_of

MASKS = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def crossings(outline, height, width):
    """Which pixels are inside, bool [H, W], by counting for each the upright edges left of it: no array is scanned."""
    edges = []
    for piece in outline.split("z")[:-1]:
        start, *steps = piece.replace("h", " h").replace("v", " v").removeprefix("M").split(" ", 1)
        x, y = int(start), int(steps[0].split()[0])
        first = (x, y)
        for step in steps[0].split()[1:]:
            length = int(step[1:])
            if step[0] == "v":
                edges.append((x, min(y, y + length), max(y, y + length)))
                y += length
            else:
                x += length
        edges.append((x, min(y, first[1]), max(y, first[1])))
    inside = [
        [sum(x <= column and top <= row < bottom for x, top, bottom in edges) % 2 == 1 for column in range(width)]
        for row in range(height)
    ]
    return np.array(inside, bool)


@given(MASKS, st.integers(0, 5), st.integers(0, 5))
def test_an_outline_is_exactly_its_pixels(inside, left, top):
    full = np.zeros((inside.shape[0] + top + 3, inside.shape[1] + left + 2), bool)
    full[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    outline = outline_of(inside, left, top)
    assert (outline == "") == (not inside.any())
    if outline:
        region = region_of(outline, *full.shape)
        drawn = np.zeros_like(full)
        drawn[region.window] = region.inside
        np.testing.assert_array_equal(drawn, full)
        np.testing.assert_array_equal(crossings(outline, *full.shape), full)
        rows, columns = np.nonzero(full)
        assert box_of(outline) == Box(columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)


def test_a_person_can_write_a_rectangle_and_a_hole():
    ring = region_of(" M 2,1 h4 v3 h-4 z\nM3 2h2v1h-2v-1z", 9, 9)  # a line that ends where it begins, too
    np.testing.assert_array_equal(ring.inside, [[1, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1]])
    np.testing.assert_array_equal(region_of("M0 0h1h1v1v1h-2z", 2, 2).inside, np.ones((2, 2)))
    assert outline_of(np.ones((3, 4), bool), 2, 1) == "M2 1h4v3h-4z"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no outline such as"),
        ("M0 0h2v2h-2", "no outline such as .* from 'M0 0h2v2h-2' on"),  # as a spreadsheet cuts it off
        ("M0 0h2v2h-2zM1", "from 'M1' on"),
        ("M0 0l2 2z", "no outline"),
        ("M0 0h2v2z", "does not end beside or above where it begins"),
        ("M0 0h-2v2h2z", "beyond the first row or column"),
        ("M0 0h99999999v1z", "no outline"),
        ("M0 0h9999999v9999999h-9999999z", "9,999,999 x 9,999,999 pixels at left 0, top 0, it lies outside of 4 x 4"),
        ("M1 1h4v1h-4z", "4 x 1 pixels at left 1, top 1, it lies outside of 4 x 4"),
        ("M0 0h2h-2z", "there is no pixel in it"),
        ("M0 0h2v2h-2zM0 0h2v2h-2z", "there is no pixel in it"),
        ("M0 0" + "h1v1" * 60_000 + "x", "outside|no outline"),
    ],
)
def test_what_is_no_region_of_an_image_is_refused(text, problem):
    with pytest.raises(ValueError, match=problem):
        region_of(text, 4, 4)


def test_a_large_region_costs_its_box_and_its_corners():
    import tracemalloc

    inside = np.zeros((700, 700), bool)
    inside[100:600, 50:650] = True
    inside[::9, ::7] ^= True
    tracemalloc.start()
    outline = outline_of(inside, 9_000, 9_000)
    region = region_of(outline, 10_000, 10_000)
    assert tracemalloc.get_traced_memory()[1] < 40e6  # not the 100 million pixels of the image
    tracemalloc.stop()
    placed = np.zeros((700, 700), bool)
    placed[region.top - 9_000 :, region.left - 9_000 :][: region.inside.shape[0], : region.inside.shape[1]] = (
        region.inside
    )
    np.testing.assert_array_equal(placed, inside)
