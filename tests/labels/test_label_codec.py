from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_strategies import masks, schemes

from pixelproof.labels import (
    PRESETS,
    VOID,
    LabelScheme,
    UnknownValuesError,
    count_colors,
    decode_colors,
    decode_ids,
    encode_colors,
    encode_ids,
)
from pixelproof.labels.codec import pack, unpack


@given(st.data())
def test_ids_round_trip(data):
    scheme = data.draw(schemes())
    mask = data.draw(masks(scheme, void=bool(scheme.void_ids)))
    ids = encode_ids(scheme, mask)
    assert ids.dtype == np.uint16
    np.testing.assert_array_equal(decode_ids(scheme, ids), mask)


@given(st.data())
def test_colors_round_trip(data):
    scheme = data.draw(schemes().filter(lambda s: s.has_colors))
    mask = data.draw(masks(scheme, void=bool(scheme.void_colors)))
    rgb = encode_colors(scheme, mask)
    np.testing.assert_array_equal(decode_colors(scheme, rgb), mask)
    # A second reading by brute force, pixel by pixel.
    table = {color: index for index, color in scheme.indexed_colors()}
    expected = [[table[tuple(pixel)] for pixel in row] for row in rgb.tolist()]
    np.testing.assert_array_equal(expected, mask)


@given(st.data())
def test_aliases_and_every_void_value_are_read(data):
    scheme = data.draw(schemes())
    for index, color in scheme.indexed_colors():
        if scheme.has_colors:
            assert decode_colors(scheme, np.array([[color]], np.uint8)) == index
    for index, value in scheme.indexed_ids():
        assert decode_ids(scheme, np.array([[value]])) == index
    assert {value for index, value in scheme.indexed_ids() if index == VOID} == set(scheme.void_ids)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_round_trip(name):
    scheme = PRESETS[name]
    values = np.arange(len(scheme.classes), dtype=np.uint8)
    mask = np.concatenate([values, [VOID] if scheme.void_ids else []]).astype(np.uint8)[None]
    np.testing.assert_array_equal(decode_ids(scheme, encode_ids(scheme, mask)), mask)
    np.testing.assert_array_equal(decode_colors(scheme, encode_colors(scheme, mask)), mask)


@given(st.data())
def test_blurred_colors_decode_within_the_tolerance_and_not_beyond(data):
    tolerance = data.draw(st.integers(1, 20))
    step = 2 * tolerance + 2
    levels = st.integers(0, (255 - tolerance - 1) // step).map(lambda n: n * step)
    palette = data.draw(st.lists(st.tuples(levels, levels, levels), min_size=2, max_size=6, unique=True))
    classes = [{"name": str(i), "id": i, "color": color} for i, color in enumerate(palette)]
    scheme = LabelScheme.model_validate({"task": "segmentation", "classes": classes, "tolerance": tolerance})
    mask = data.draw(masks(scheme, void=False))
    noise = data.draw(st.integers(0, 2**32 - 1).map(np.random.default_rng)).integers(
        -tolerance, tolerance + 1, (*mask.shape, 3)
    )
    blurred = (encode_colors(scheme, mask).astype(int) + noise).clip(0, 255).astype(np.uint8)
    np.testing.assert_array_equal(decode_colors(scheme, blurred), mask)
    beyond = encode_colors(scheme, mask)
    beyond[0, 0] += np.uint8(tolerance + 1)
    with pytest.raises(UnknownValuesError) as caught:
        decode_colors(scheme, beyond)
    assert caught.value.counts == {tuple(beyond[0, 0].tolist()): 1}


@given(st.integers(0, 2**32 - 1))
def test_deepglobe_reads_each_channel_thresholded_at_128(seed):
    rgb = np.random.default_rng(seed).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    # The course's rule: 3-bit code -> class, stray red (100) as unknown.
    rule = {0b011: 0, 0b110: 1, 0b101: 2, 0b010: 3, 0b001: 4, 0b111: 5, 0b000: 6, 0b100: 6}
    codes = 4 * (rgb[..., 0] >= 128) + 2 * (rgb[..., 1] >= 128) + (rgb[..., 2] >= 128)
    expected = np.vectorize(rule.__getitem__)(codes)
    np.testing.assert_array_equal(decode_colors(PRESETS["deepglobe"], rgb), expected)


def test_packed_colors_come_back_and_keep_their_order():
    colors = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    np.testing.assert_array_equal(unpack(pack(colors)), colors)
    np.testing.assert_array_equal(unpack(np.unique(pack(colors))), np.unique(colors.reshape(-1, 3), axis=0))


def test_unknown_colors_are_named_with_their_pixels_most_frequent_first():
    scheme = PRESETS["dubai"]
    rgb = np.full((4, 4, 3), (60, 16, 152), np.uint8)
    rgb[0, 0], rgb[1] = (1, 2, 3), (9, 9, 9)
    with pytest.raises(UnknownValuesError, match=r"colour \(9, 9, 9\) in 4 pixels and 1 more") as caught:
        decode_colors(scheme, rgb)
    assert caught.value.counts == {(9, 9, 9): 4, (1, 2, 3): 1}
    assert caught.value.kind == "colour"


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint16])
def test_unknown_ids_are_named_with_their_pixels(dtype):
    ids = np.array([[0, 1, 9], [9, 9, 300]], dtype)
    with pytest.raises(UnknownValuesError) as caught:
        decode_ids(PRESETS["dubai"], ids)
    assert caught.value.counts == {9: 3, 300: 1}
    assert caught.value.kind == "class id"


@pytest.mark.parametrize("value", [-1, 65536, 2**31])
def test_ids_outside_16_bits_are_unknown_and_never_wrap(value):
    with pytest.raises(UnknownValuesError) as caught:
        decode_ids(PRESETS["dubai"], np.array([[0, value]], np.int64))
    assert caught.value.counts == {value: 1}


def test_void_needs_a_way_to_be_written():
    scheme = LabelScheme.model_validate(
        {"task": "segmentation", "classes": [{"name": "a", "id": 0, "color": [1, 1, 1]}]}
    )
    mask = np.array([[0, VOID]], np.uint8)
    with pytest.raises(ValueError, match="no void id"):
        encode_ids(scheme, mask)
    with pytest.raises(ValueError, match="no void colour"):
        encode_colors(scheme, mask)


def test_count_colors_counts_pixels():
    rgb = np.array([[[1, 2, 3], [1, 2, 3]], [[255, 0, 0], [0, 0, 255]]], np.uint8)
    assert count_colors(rgb) == {(1, 2, 3): 2, (255, 0, 0): 1, (0, 0, 255): 1}
