"""What images suffer, each against another way to compute it."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage, stats
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import rotate

from pixelproof.data import moving, stressing
from pixelproof.data.stresses import ALL, NAMES, chosen
from pixelproof.errors import UserError
from pixelproof.randomness import generator

IMAGE = np.random.default_rng(7).integers(0, 256, (37, 52, 3)).astype(np.uint8)
SMOOTH = np.stack([ndimage.gaussian_filter(IMAGE[..., k].astype(float), 2) for k in range(3)], axis=-1)
SMOOTH = ((SMOOTH - SMOOTH.min()) / np.ptp(SMOOTH) * 255).round().astype(np.uint8)
STRESS = {each.name: each for each in ALL}


def light(value: float) -> float:
    """Decode one value, 0..1, of sRGB as IEC 61966-2-1 has it."""
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)


def shown(value: float) -> float:
    value = min(max(value, 0.0), 1.0)
    return 12.92 * value if value <= 0.0031308 else 1.055 * math.pow(value, 1 / 2.4) - 0.055


def by_pixel(image: np.ndarray, change) -> np.ndarray:
    """Return an image of which each value was changed by itself, [H, W, C]."""
    return np.array(
        [[[round(255 * change(v / 255, k)) for k, v in enumerate(p)] for p in row] for row in image.tolist()]
    )


def test_light_is_light():
    small = IMAGE[:9, :11]
    for stops in (-2.0, 0.7):
        expected = by_pixel(small, lambda v, _, s=stops: shown(light(v) * 2**s))
        assert (stressing.exposed(small, stops, False) == expected).all()
        expected = by_pixel(small, lambda v, _, s=stops: min(1, v * 2**s))
        assert (stressing.exposed(small, stops, True) == expected).all()
    expected = by_pixel(small, lambda v, _: shown(0.6 * light(v) + 0.4 * 0.7))
    assert (stressing.veiled(small, 40, False) == expected).all()
    expected = by_pixel(small, lambda v, k: shown(light(v) * 2 ** (0.5, 0, -0.5)[k]))
    assert (stressing.cast(small, 1) == expected).all()
    assert (stressing.exposed(IMAGE, -10, False) <= 3).all()
    assert np.ptp(stressing.veiled(IMAGE, 100, False)) == 0


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0, 40.0])
def test_blur_is_that_of_scipy(sigma):
    expected = ndimage.gaussian_filter(IMAGE.astype(float), (sigma, sigma, 0), mode="nearest", truncate=4)
    assert np.abs(stressing.blurred(IMAGE, sigma) - expected).max() < 0.51


@pytest.mark.parametrize("length", [2.0, 12.5])
def test_moving_is_the_mean_of_shifted_images(length):
    angle = generator(3, "x").uniform(0, math.pi)
    ways = np.linspace(-length / 2, length / 2, 8 * math.ceil(length) + 1)
    rows, columns, channels = np.indices(IMAGE.shape).astype(float)
    padded = np.pad(IMAGE.astype(float), ((20, 20), (20, 20), (0, 0)), mode="edge")
    total = sum(
        ndimage.map_coordinates(
            padded, [rows + 20 - w * math.sin(angle), columns + 20 - w * math.cos(angle), channels], order=1
        )
        for w in ways
    )
    assert np.abs(stressing.moved(IMAGE, length, generator(3, "x")) - total / len(ways)).max() < 0.51
    assert stressing.streak(length, angle).sum() == pytest.approx(1)


def test_noise_is_normal_of_its_size_and_grows_without_changing():
    grey = np.full((80, 80, 3), 128, np.uint8)
    mild, hard = (STRESS["noisy"](grey, sigma, False, 0, "a").astype(float) - 128 for sigma in (8, 16))
    assert hard.std() == pytest.approx(16, rel=0.03)
    assert abs(hard.mean()) < 4 * 16 / math.sqrt(hard.size)
    continuous = hard.ravel() + np.random.default_rng(0).uniform(-0.5, 0.5, hard.size)
    assert stats.kstest(continuous / 16, "norm").pvalue > 0.001
    assert abs(np.corrcoef(hard[..., 0].ravel(), hard[..., 1].ravel())[0, 1]) < 0.05
    assert np.abs(hard - 2 * mild).max() <= 1.5


# torchvision says from 0.29 on that it will give its decoders up.
@pytest.mark.filterwarnings("ignore:The image decoding and encoding capabilities:DeprecationWarning")
def test_jpeg_is_that_of_torchvision():
    from torchvision.io import decode_jpeg, encode_jpeg

    for quality in (10, 70):
        told = decode_jpeg(encode_jpeg(torch.from_numpy(SMOOTH).permute(2, 0, 1), quality)).permute(1, 2, 0).numpy()
        assert np.abs(stressing.compressed(SMOOTH, quality).astype(int) - told).mean() < 0.5
    assert np.abs(stressing.compressed(SMOOTH, 10).astype(int) - SMOOTH).mean() > 2


@pytest.mark.parametrize("times", [1.5, 4])
def test_smaller_is_down_and_up_again(times):
    size = round(52 / times), round(37 / times)
    bilinear = Image.Resampling.BILINEAR
    planes = [
        Image.fromarray(SMOOTH[..., k].astype(np.float32)).resize(size, bilinear).resize((52, 37), bilinear)
        for k in range(3)
    ]
    assert np.abs(stressing.smaller(SMOOTH, times) - np.stack([np.asarray(p) for p in planes], axis=-1)).max() < 0.6


def test_turning_and_shifting_leave_a_mirror_image_outside():
    image = SMOOTH
    sign = 1 if generator(5, "x").random() < 0.5 else -1
    padded = np.pad(image, ((40, 40), (40, 40), (0, 0)), mode="symmetric").transpose(2, 0, 1).astype(np.float32)
    told = rotate(torch.from_numpy(padded), sign * 20.0, InterpolationMode.BILINEAR).permute(1, 2, 0)[40:-40, 40:-40]
    assert np.abs(moving.turned(image, 20, generator(5, "x")) - told.numpy()).max() < 3
    angle = generator(5, "y").uniform(0, 2 * math.pi)
    down, right = (round(0.2 * 37 * part(angle)) for part in (math.sin, math.cos))
    rows, columns = ((np.arange(n) + by) % (2 * n) for n, by in ((37, down), (52, right)))
    folded = image[np.minimum(rows, 73 - rows)][:, np.minimum(columns, 103 - columns)]
    assert (moving.shifted(image, 20, generator(5, "y")) == folded).all()


@pytest.mark.parametrize("strength", [3.0, 20.0])
@pytest.mark.parametrize("name", ["turned", "shifted"])
def test_a_mask_goes_where_the_image_goes(name, strength):
    """Of two flat colours the turned image says which class a pixel is of, the mean of its colours being nearer to."""
    stress = STRESS[name]
    mask = (SMOOTH[..., 0] > 120).astype(np.uint8)
    image = np.repeat(20 + 200 * mask[..., None], 3, axis=2)
    for image_id in "abcd":
        places = stress.places_of(mask, strength, 0, image_id)
        seen = stress(image, strength, False, 0, image_id)[..., 0]
        told = places >= 0
        found = mask.ravel()[places[told]]
        sure = np.abs(seen[told].astype(int) - 120) > 1  # in the middle between two colours rounding decides
        assert (found == (seen[told] > 120))[sure].all()
        assert sure.mean() > 0.97
        assert 0.4 < told.mean() < 0.99


def test_what_comes_from_beyond_the_border_has_no_place():
    mask = np.arange(6, dtype=np.uint8).reshape(2, 3)
    rng = generator(5, "y")
    angle = generator(5, "y").uniform(0, 2 * math.pi)
    down, right = round(math.sin(angle)), round(math.cos(angle))
    rows, columns = np.indices((2, 3)) + np.array([down, right])[:, None, None]
    inside = (rows >= 0) & (rows < 2) & (columns >= 0) & (columns < 3)
    assert (moving.shifted_from(mask, 50, rng) == np.where(inside, rows * 3 + columns, -1)).all()
    assert (moving.turned_from(mask, 0, rng) == np.arange(6).reshape(2, 3)).all()
    square = np.zeros((301, 301), np.uint8)
    kept = (moving.turned_from(square, 45, rng) >= 0).mean()
    assert kept == pytest.approx(2 * (math.sqrt(2) - 1), abs=0.01)  # the octagon that two squares share


@pytest.mark.parametrize("name", NAMES)
def test_a_stress_is_a_function_of_image_seed_and_id(name):
    stress, before = STRESS[name], SMOOTH.copy()
    assert stress(SMOOTH, stress.none, False, 0, "a") is SMOOTH
    results = [stress(SMOOTH, strength, False, 0, "a") for strength in stress.strengths]
    for each in results:
        assert (each.shape, each.dtype, each.flags.c_contiguous) == (SMOOTH.shape, np.uint8, True)
    harm = [np.abs(each.astype(int) - SMOOTH).mean() for each in results]
    assert harm[0] > 0
    assert all(a < b for a, b in pairwise(harm)) or stress.places
    assert (stress(SMOOTH, stress.strengths[-1], False, 0, "a") == results[-1]).all()
    others = [stress(SMOOTH, stress.strengths[-1], False, *key) for key in [(1, "a"), *((0, i) for i in "bcdefgh")]]
    alike = all((each == results[-1]).all() for each in others)
    assert alike == (name not in ("noisy", "moved", "turned", "shifted"))
    assert (before == SMOOTH).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 50, 3), (20, 20, 1), (20, 9, 5)])
def test_small_images_and_any_bands(shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    for stress in ALL:
        if shape[2] == 3 or not stress.colours:
            for strength in (*stress.strengths, stress.hardest):
                assert stress(image, strength, True, 0, "a").shape == shape


def test_what_is_asked_for_is_checked():
    every, left_out = chosen(None, {}, True, 1.0)
    assert ([each.name for each in every], left_out) == (list(NAMES), ())
    bands, left_out = chosen(None, {}, False, 1.0)
    assert {*NAMES} - {each.name for each in bands} == {"warmer", "cooler", "compressed"}
    assert left_out == ("warmer", "cooler", "compressed")
    (large,), _ = chosen(["blurred"], {}, True, 3.4)
    assert large.strengths == (2, 4, 8, 16)
    (own,), _ = chosen(["compressed"], {"compressed": [20, 90, 20]}, True, 3.4)
    assert own.strengths == (90, 20)
    for only, strengths, said in (
        ([], {}, "no stress is asked for"),
        (["drker"], {}, "did you mean 'darker'"),
        (["darker"], {"blurred": [1]}, "not among those asked for"),
        (None, {"darker": [0]}, "has no strength 0"),
        (None, {"darker": [float("nan")]}, "has no strength nan"),
        (None, {"compressed": [96]}, "1 to 95"),
        (None, {"smaller": []}, "no strengths"),
    ):
        with pytest.raises(UserError, match=said):
            chosen(only, strengths, True, 1.0)
