from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from data_builders import colored, index_mask
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from pixelproof.data.proposal import count_values, propose_scheme
from pixelproof.labels import VOID, decode_colors, decode_ids


def of_ids(*masks, **options):
    return propose_scheme([count_values(np.asarray(m, np.int64), None) for m in masks], **options)


def of_colors(*masks, **options):
    return propose_scheme([count_values(None, m) for m in masks], **options)


def blocks(values, side=8):
    return np.kron(np.asarray(values), np.ones((side, side), np.int64))


def jpeg(rgb, **options):
    buffer = BytesIO()
    Image.fromarray(rgb).save(buffer, format="JPEG", **options)
    return np.array(Image.open(buffer).convert("RGB"))


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)), elements=st.integers(0, 3)))
def test_counting_is_exact(rgb):
    values = count_values(None, rgb)
    expected, counts = np.unique(rgb.reshape(-1, 3), axis=0, return_counts=True)
    assert dict(zip(map(tuple, values.colors.tolist()), values.counts.tolist(), strict=True)) == dict(
        zip(map(tuple, expected.tolist()), counts.tolist(), strict=True)
    )
    assert (np.diff(values.counts) <= 0).all()


@given(arrays(np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(-3, 70000)))
def test_counting_ids_is_exact(ids):
    values = count_values(ids, None)
    expected, counts = np.unique(ids, return_counts=True)
    assert dict(zip(values.ids.tolist(), values.counts.tolist(), strict=True)) == dict(
        zip(expected.tolist(), counts.tolist(), strict=True)
    )


def test_ids_keep_their_numbers():
    scheme = of_ids(blocks([[4, 1]]), blocks([[1, 9]])).scheme
    assert [(c.name, c.id) for c in scheme.classes] == [("class_1", 1), ("class_4", 4), ("class_9", 9)]
    assert scheme.void_ids == ()


def test_255_beside_small_ids_is_void():
    scheme = of_ids(blocks([[0, 1], [2, 255]])).scheme
    assert [c.id for c in scheme.classes] == [0, 1, 2]
    assert scheme.void_ids == (VOID,)


def test_zero_and_255_are_background_and_foreground():
    scheme = of_ids(blocks([[0, 255]])).scheme
    assert [(c.name, c.id) for c in scheme.classes] == [("background", 0), ("foreground", 255)]
    scheme = of_colors(blocks([[0, 255]])[..., None].repeat(3, -1).astype(np.uint8)).scheme
    assert [(c.name, c.color) for c in scheme.classes] == [("background", (0,) * 3), ("foreground", (255,) * 3)]


def test_colors_are_named_by_frequency():
    mask = np.zeros((10, 10), np.uint8)
    mask[0], mask[1, :5] = 1, 2
    rgb = colored(mask)
    scheme = of_colors(rgb, rgb).scheme
    assert [c.name for c in scheme.classes] == ["class_0", "class_1", "class_2"]
    np.testing.assert_array_equal(decode_colors(scheme, rgb), mask)


def test_palette_masks_keep_ids_and_colors():
    mask = index_mask(0).astype(np.int64)
    scheme = propose_scheme([count_values(mask, colored(mask))]).scheme
    assert [(c.id, c.color) for c in scheme.classes] == [(0, (0, 0, 200)), (1, (200, 200, 0)), (2, (0, 150, 0))]
    ramp = np.stack([mask] * 3, -1).astype(np.uint8)
    assert propose_scheme([count_values(mask, ramp)]).scheme.classes[0].color is None
    one_color = np.zeros((*mask.shape, 3), np.uint8)
    assert propose_scheme([count_values(mask, one_color)]).scheme.classes[0].color is None


@pytest.mark.parametrize("colors", [[(0, 0, 0), (255, 255, 255)], [(10, 10, 10), (130, 130, 130), (250, 250, 250)]])
def test_colors_blurred_by_jpeg_gather_around_the_true_ones(colors):
    palette = np.array(colors, np.uint8)
    masks = [
        blocks(np.random.default_rng(i).integers(0, len(colors), (6, 6)), 7) for i in range(4)
    ]  # no multiple of JPEG's 8
    blurred = [jpeg(palette[m], quality=95, subsampling=0) for m in masks]
    assert len(np.unique(np.concatenate(blurred).reshape(-1, 3), axis=0)) > 2 * len(colors)
    scheme = of_colors(*blurred, lossy=True).scheme
    assert len(scheme.classes) == len(colors)
    assert scheme.tolerance > 0
    for mask, rgb in zip(masks, blurred, strict=True):
        # Numbered by frequency, yet one class for each true one.
        pairs = np.unique(np.stack([decode_colors(scheme, rgb).ravel(), mask.ravel()]), axis=1)
        assert pairs.shape[1] == len(colors)
    # One less would not cover every pixel.
    centres = np.array([c.color for c in scheme.classes], int)
    pixels = np.concatenate(blurred).reshape(-1, 1, 3).astype(int)
    assert np.abs(pixels - centres).max(-1).min(-1).max() == scheme.tolerance


def test_masks_that_cannot_be_explained_give_a_reason():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    smooth = np.array(Image.fromarray(noise[:5, :5]).resize((200, 200), Image.Resampling.BICUBIC))
    for mask, words in ((noise, "like photographs"), (np.repeat(smooth, 3, axis=1), "no tolerance tells")):
        proposal = of_colors(mask)
        assert proposal.scheme is None
        assert words in proposal.reason
    assert "no tolerance tells" in of_colors(noise, lossy=True).reason
    assert "less than or equal to 65535" in of_ids(blocks([[0, 70000]])).reason
    assert of_ids(blocks([[0, -1]])).scheme is None
    assert of_ids(blocks(np.arange(300)[None])).scheme is None
    assert "grey and compressed with loss" in of_ids(blocks([[0, 3, 250]]), lossy=True).reason
    assert "no mask" in propose_scheme([]).reason
    mixed = [count_values(blocks([[0]]), None), count_values(None, noise)]
    assert "others hold colours" in propose_scheme(mixed).reason


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=12, unique=True))
def test_a_proposal_reads_the_masks_it_was_made_of(ids):
    mask = blocks([ids], 4)
    scheme = of_ids(mask).scheme
    decoded = decode_ids(scheme, mask)
    assert len(np.unique(decoded)) == len(ids)
