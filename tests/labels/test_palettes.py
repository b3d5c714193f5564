from __future__ import annotations

import numpy as np

from pixelproof.labels import LabelScheme, class_colors, distinct_colors


def cielab(rgb):
    """CIE L*a*b* under D65, from the standard's formulas."""
    linear = np.where(rgb / 255 <= 0.04045, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = linear @ to_xyz.T / (0.95047, 1.0, 1.08883)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=-1)


def test_neighbouring_class_numbers_look_different():
    lab = cielab(distinct_colors(50).astype(float))
    neighbours = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    rainbow = np.array([[255 * abs(np.cos(np.pi * (i / 50 + k / 3))) for k in range(3)] for i in range(50)])
    assert neighbours.min() > 30
    assert neighbours.min() > 3 * np.linalg.norm(np.diff(cielab(rainbow), axis=0), axis=1).min()


def test_any_two_of_fifty_can_be_told_apart():
    lab = cielab(distinct_colors(50).astype(float))
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    assert distance[~np.eye(50, dtype=bool)].min() > 8  # three times a just noticeable difference


def test_colors_stand_out_on_white_and_on_black():
    lightness = cielab(distinct_colors(50).astype(float))[:, 0]
    assert lightness.min() > 15
    assert lightness.max() < 90


def test_fewer_colors_are_the_first_of_more():
    np.testing.assert_array_equal(distinct_colors(7), distinct_colors(50)[:7])
    assert distinct_colors(200).shape == (200, 3)
    assert distinct_colors(200).dtype == np.uint8
    assert len(np.unique(distinct_colors(200), axis=0)) == 200


def test_classes_without_a_colour_get_none_that_another_has():
    first = tuple(distinct_colors(1)[0].tolist())
    classes = [{"name": "a", "id": 0}, {"name": "b", "id": 1, "color": first}, {"name": "c", "id": 2}]
    colors = class_colors(LabelScheme.model_validate({"task": "segmentation", "classes": classes}))[:3]
    assert tuple(colors[1].tolist()) == first
    lab = cielab(colors.astype(float))
    assert min(np.abs(lab[i] - lab[j]).max() for i, j in ((0, 1), (0, 2), (1, 2))) > 20
