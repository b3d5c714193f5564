"""Batched augmentation against torchvision's functions, image by image, and against itself in other batches."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates
from torchvision.transforms.v2 import functional as F

from pixelproof.config import AugmentConfig
from pixelproof.data.transforms import CHOICES, augment_images, augment_masks, draw
from pixelproof.labels import VOID

SIZE = (40, 50)


@pytest.fixture
def pixels():
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.integers(0, 256, (12, 3, *SIZE)).astype(np.uint8))
    masks = torch.from_numpy(rng.integers(0, 7, (12, *SIZE)).astype(np.uint8))
    return images, masks, rng.random((12, len(CHOICES)))


def turned(tensor, flip, turn):
    tensor = tensor.flip(-1) if flip < 0.5 else tensor
    return torch.rot90(tensor, int(4 * turn), (-2, -1))


@pytest.mark.parametrize("zoomed", [False, True])
def test_crop_flip_and_turn_equal_torchvision_bit_by_bit(pixels, zoomed):
    images, masks, numbers = pixels
    changes = draw(SIZE, AugmentConfig(crop=32, turn=True), numbers, segmented=True)
    found, found_masks = augment_images(images, changes, zoomed), augment_masks(masks, changes)
    for i, (_, down, across, _, _, _, flip, turn) in enumerate(numbers):
        box = int(down * 9), int(across * 19), 32, 32
        assert torch.equal(found[i], turned(F.crop(images[i], *box), flip, turn))
        assert torch.equal(found_masks[i], turned(F.crop(masks[i], *box), flip, turn))


def test_what_lies_beyond_a_small_image_is_black_and_void(pixels):
    images, masks, numbers = pixels
    changes = draw(SIZE, AugmentConfig(crop=64, flip=False), numbers, segmented=True)
    for zoomed in (False, True):
        expected = F.pad(images, [0, 0, 14, 24])
        assert torch.equal(augment_images(images, changes, zoomed), expected)
    assert torch.equal(augment_masks(masks, changes), F.pad(masks, [0, 0, 14, 24], fill=VOID))


def test_colors_leave_what_lies_beyond_an_image_black(pixels):
    images, _, numbers = pixels
    for zoomed in (False, True):
        changes = draw(SIZE, AugmentConfig(crop=64, flip=False, color=0.8), numbers, segmented=True)
        assert not augment_images(images, changes, zoomed)[:, :, 40:].any()


def test_shift_equals_torchvision_with_reflected_edges(pixels):
    images, _, numbers = pixels
    changes = draw(SIZE, AugmentConfig(shift=5, flip=False), numbers, segmented=False)
    padded = F.pad(images, [5] * 4, padding_mode="reflect")
    for i, row in enumerate(numbers):
        expected = F.crop(padded[i], int(row[1] * 11), int(row[2] * 11), *SIZE)
        assert torch.equal(augment_images(images, changes, False)[i], expected)


def test_windows_of_a_classifier_s_images_are_brought_to_their_size_as_torchvision_does(pixels):
    images, _, numbers = pixels
    square = images[..., :40]
    changes = draw((40, 40), AugmentConfig(scale=(1, 2), shift=3, flip=False), numbers, segmented=False)
    found = augment_images(square, changes, zoomed=True)
    for i, (zoom, down, across, *_) in enumerate(numbers):
        window = round(40 / 2**zoom)
        box = int(down * (41 - window)), int(across * (41 - window)), window, window
        expected = F.resized_crop(square[i], *box, [40, 40], antialias=False)
        assert (found[i] - expected.int())[:, 2:-2, 2:-2].abs().max() <= 1  # at the rim ours sees what lies beyond


def test_zoom_samples_image_and_mask_where_scipy_does(pixels):
    images, masks, numbers = pixels
    changes = draw(SIZE, AugmentConfig(crop=24, scale=(0.7, 2.0), flip=False), numbers, segmented=True)
    found, found_masks = augment_images(images, changes, True), augment_masks(masks, changes)
    windows = 24 / np.exp(np.log(0.7) + np.log(2 / 0.7) * numbers[:, 0])
    for i, window in enumerate(np.round(windows)):
        assert 12 <= window <= 34
        rows, columns = (
            (np.arange(24) + 0.5) * window / 24 - 0.5 + np.floor(numbers[i, 1 + axis] * (SIZE[axis] - window + 1))
            for axis in (0, 1)
        )
        grid = np.meshgrid(rows, columns, indexing="ij")
        for channel in range(3):
            expected = map_coordinates(images[i, channel].numpy().astype(float), grid, order=1, mode="nearest")
            assert np.abs(found[i, channel].numpy() - expected).max() < 0.51  # rounded to whole numbers
        nearest = masks[i].numpy()[np.ix_(np.floor(rows + 0.5).astype(int), np.floor(columns + 0.5).astype(int))]
        np.testing.assert_array_equal(found_masks[i], nearest)


def test_color_equals_torchvision_up_to_its_rounding(pixels):
    images, _, numbers = pixels
    changes = draw(SIZE, AugmentConfig(color=0.3, flip=False), numbers, segmented=False)
    found = augment_images(images, changes, False)
    for i, row in enumerate(numbers):
        brightness, contrast, saturation = (1 + 0.3 * (2 * row[3:6] - 1)).tolist()
        expected = F.adjust_contrast(F.adjust_brightness(images[i], brightness), contrast)
        expected = F.adjust_saturation(expected, saturation)
        assert (found[i].int() - expected.int()).abs().max() <= 3  # torchvision cuts decimals off three times


def test_an_oblong_image_without_a_crop_keeps_its_size(pixels):
    images, _, numbers = pixels
    changes = draw(SIZE, AugmentConfig(turn=True), numbers, segmented=True)
    assert changes.transposed is None
    found = augment_images(images, changes, False)
    assert found.shape == images.shape
    upside_down = [turn >= 0.5 for turn in numbers[:, -1]]
    assert len(set(upside_down)) == 2
    for i, row in enumerate(numbers):
        assert torch.equal(found[i], turned(images[i], row[6], 0.5 if upside_down[i] else 0))


def test_a_sample_comes_out_the_same_in_any_batch(pixels):
    images, masks, numbers = pixels
    config = AugmentConfig(crop=32, scale=(0.5, 2.0), color=0.4, turn=True)
    together = draw(SIZE, config, numbers, segmented=True)
    changed, changed_masks = augment_images(images, together, True), augment_masks(masks, together)
    for i in range(len(images)):
        for alone in (draw(SIZE, config, numbers[i : i + 1], segmented=True), together[i]):
            assert torch.equal(augment_images(images[i : i + 1], alone, True)[0], changed[i])
            assert torch.equal(augment_masks(masks[i : i + 1], alone)[0], changed_masks[i])


def test_images_of_differing_size_are_each_cropped_as_if_alone(pixels):
    images, masks, numbers = pixels
    config = AugmentConfig(crop=32, scale=(0.5, 2.0), color=0.4, turn=True)
    sizes = [(40 - i, 20 + i) for i in range(len(images))]
    together = draw(sizes, config, numbers, segmented=True)
    for i, (height, width) in enumerate(sizes):
        image, mask = images[i : i + 1, :, :height, :width], masks[i : i + 1, :height, :width]
        alone = draw((height, width), config, numbers[i : i + 1], segmented=True)
        assert torch.equal(augment_images(image, alone, True), augment_images(image, together[i], True))
        assert torch.equal(augment_masks(mask, alone), augment_masks(mask, together[i]))


def test_every_choice_is_made():
    """Each setting changes something, and flips and turns come as often as they should."""
    numbers = np.random.default_rng(1).random((4000, len(CHOICES)))
    changes = draw((9, 9), AugmentConfig(turn=True, color=0.2), numbers, segmented=False)
    first = {(r, c, s) for r, c, s in zip(changes.rows[:, 0].tolist(), changes.columns[:, 0].tolist(),
                                          changes.transposed.tolist(), strict=True)}  # fmt: skip
    assert len(first) == 8  # all symmetries of the square
    assert 0.47 < changes.transposed.float().mean() < 0.53
    assert changes.color.min() > 0.8
    assert changes.color.max() < 1.2
