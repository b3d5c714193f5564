"""Stretches of equal pixels put together again are the pixels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.labels import stretches
from pixelproof.labels.stretches import by_stretch


@given(
    channels=st.sampled_from([None, 1, 3]),
    lengths=st.lists(st.integers(1, 60), max_size=20),
    values=st.integers(2, 5),
    seed=st.integers(0, 10**6),
)
def test_repeating_the_values_gives_the_pixels(channels, lengths, values, seed):
    rng = np.random.default_rng(seed)
    shape = (len(lengths),) if channels is None else (len(lengths), channels)
    pixels = np.repeat(rng.integers(0, values, shape).astype(np.uint8), lengths, axis=0)
    found, found_lengths = stretches(pixels)
    np.testing.assert_array_equal(np.repeat(found, found_lengths, axis=0), pixels)
    first = pixels if channels is None else pixels[:, 0]
    np.testing.assert_array_equal(by_stretch(lambda p: p if channels is None else p[:, 0], pixels), first)


def test_long_stretches_are_found_once_although_all_channels_change():
    pixels = np.repeat(np.array([[0, 0, 0], [1, 1, 1], [1, 1, 2]], np.uint8), [40, 50, 60], axis=0)
    values, lengths = stretches(pixels)
    assert values.tolist() == [[0, 0, 0], [1, 1, 1], [1, 1, 2]]
    assert lengths.tolist() == [40, 50, 60]


def test_noise_is_taken_pixel_by_pixel():
    noise = np.random.default_rng(0).integers(0, 256, (100, 3)).astype(np.uint8)
    values, lengths = stretches(noise)
    assert values is noise
    assert lengths.tolist() == [1] * 100
