"""What light, weather, lenses, sensors and files do to an image: pure functions of it, a strength and a generator.

Each takes and returns uint8 [H, W, C] and leaves the image as it is where the strength is that of no change. Gains of
light and veils act on light itself: colours are decoded from sRGB before and encoded after, bands are taken as they
are.
"""

from __future__ import annotations

import io
import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from pixelproof.array_types import Float32, Float64, UInt8

VEIL = 0.7
"""Light of haze, as a share of white: a light grey, 218 of 255 in sRGB."""
LARGE = 64
"""Pixels of a kernel from which on Fourier transforms are faster."""
Generator = np.random.Generator


def exposed(image: UInt8, stops: float, linear: bool) -> UInt8:
    """Return an image of 2^stops times the light; what exceeds white is white.

    Args:
        image: uint8 [H, W, C].
        stops: Below 0 is darker.
        linear: Whether values are light as they are, as those of bands; otherwise they are sRGB.
    """
    return _lit(image, 2.0**stops, 0.0, linear)


def veiled(image: UInt8, percent: float, linear: bool) -> UInt8:
    """Return an image of which so much of the light is replaced by that of a light grey veil (Koschmieder 1924)."""
    share = percent / 100
    return _lit(image, 1 - share, share * VEIL, linear)


def cast(image: UInt8, stops: float) -> UInt8:
    """Return colours of which red has 2^(stops/2) times the light and blue 2^(-stops/2) times."""
    red, green, blue = (_table(2.0 ** (half * stops), 0.0, False) for half in (0.5, 0.0, -0.5))
    return np.stack([red[image[..., 0]], green[image[..., 1]], blue[image[..., 2]]], axis=-1)


def blurred(image: UInt8, sigma: float) -> UInt8:
    """Return an image blurred by a Gaussian of so many pixels, cut off at 4 of them; its border goes on beyond it."""
    reach = math.ceil(4 * sigma)
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, dtype=torch.float64) / sigma) ** 2).float()
    weights = weights / weights.sum()
    return _pixels(_convolved(_convolved(_planes(image), weights[:, None]), weights[None]))


def moved(image: UInt8, length: float, rng: Generator) -> UInt8:
    """Return an image as if the camera had moved straight over so many pixels, in a random direction."""
    return _pixels(_convolved(_planes(image), torch.from_numpy(streak(length, rng.uniform(0, math.pi))).float()))


def streak(length: float, angle: float) -> Float64:
    """Return what a point becomes that moves straight over ``length`` pixels, [S, S], summing to 1.

    The mean of many places on the way, each shared by the four pixels around it.
    """
    reach, steps = math.ceil(length / 2) + 1, 8 * math.ceil(length) + 1
    kernel, way = np.zeros((2 * reach + 1,) * 2), np.linspace(-length / 2, length / 2, steps)
    rows, columns = reach + way * math.sin(angle), reach + way * math.cos(angle)
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = rows - top, columns - left
    for row, column, weight in (
        (top, left, (1 - down) * (1 - right)),
        (top, left + 1, (1 - down) * right),
        (top + 1, left, down * (1 - right)),
        (top + 1, left + 1, down * right),
    ):
        np.add.at(kernel, (row, column), weight / steps)
    return kernel


def noisy(image: UInt8, sigma: float, rng: Generator) -> UInt8:
    """Return an image with normal noise of so many grey levels, of each pixel and channel by itself."""
    noise = rng.standard_normal(image.shape, np.float32)
    return rounded(image + np.float32(sigma) * noise)


def compressed(image: UInt8, quality: float) -> UInt8:
    """Return colours that were stored as JPEG of a quality of 1 to 95, colour at half the resolution."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=round(quality), subsampling="4:2:0")
    with Image.open(buffer) as stored:
        return np.array(stored)


def smaller(image: UInt8, times: float) -> UInt8:
    """Return an image that was brought to 1/times of its sides and back."""
    height, width = image.shape[:2]
    size = max(1, round(height / times)), max(1, round(width / times))
    small = F.interpolate(_planes(image), size, mode="bilinear", antialias=True)
    return _pixels(F.interpolate(small, (height, width), mode="bilinear", antialias=True))


def _lit(image: UInt8, gain: float, veil: float, linear: bool) -> UInt8:
    lit: UInt8 = _table(gain, veil, linear)[image]
    return lit


def _table(gain: float, veil: float, linear: bool) -> UInt8:
    """Return what each of the 256 values becomes."""
    values = np.arange(256) / 255
    light = values if linear else np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = np.clip(gain * light + veil, 0, 1)
    shown = seen if linear else np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    return rounded(255 * shown)


def _convolved(planes: Tensor, kernel: Tensor) -> Tensor:
    """Return planes, [1, C, H, W], each convolved with a kernel of odd sides; their borders go on beyond them."""
    tall, wide = (side // 2 for side in kernel.shape)
    around = F.pad(planes, (wide, wide, tall, tall), mode="replicate")
    if kernel.numel() > LARGE:
        from scipy.signal import fftconvolve  # here, because it takes long to import

        found = fftconvolve(around[0].numpy(), kernel.numpy()[None], mode="valid", axes=(1, 2))
        return torch.from_numpy(found)[None]
    weights = kernel.flip(0, 1).expand(planes.shape[1], 1, *kernel.shape)
    return F.conv2d(around, weights, groups=planes.shape[1])


def _planes(image: UInt8) -> Tensor:
    """Return an image, uint8 [H, W, C], as float32 [1, C, H, W]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float()[None]


def _pixels(planes: Tensor) -> UInt8:
    """Return what ``_planes`` was given."""
    return rounded(planes[0].permute(1, 2, 0).numpy())


def rounded(values: Float32 | Float64) -> UInt8:
    """Return values as the nearest ones that a pixel can have."""
    pixels: UInt8 = np.rint(values).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)
