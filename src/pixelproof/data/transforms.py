"""Random changes to training images: drawn for each sample, applied to whole batches on any device.

What happens to a sample is a function of the numbers it is given, of its size and of the settings. It is written down
as the place in the stored image that each row and column of the result comes from, which covers crop, zoom, shift, flip
and turn at once; so applying it is the same few operations for all of them, on the CPU and on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from pixelproof.array_types import Float64, Int64
from pixelproof.config import COLORS, AugmentConfig
from pixelproof.labels import VOID

Places = tuple[Float64, Float64]
OUTSIDE = -2.0
"""The place of what lies beyond the image, where even interpolation reaches no pixel."""
GREY = (0.299, 0.587, 0.114)
"""Share of red, green and blue in brightness, by ITU-R BT.601."""
CHOICES = ("zoom", "down", "across", "brightness", "contrast", "saturation", "flip", "turn")
"""What is chosen for each image, each from a number in 0..1."""


@dataclass(frozen=True)
class Augmentation:
    """What happens to a batch of N images of one size: row y and column x come from ``rows[y]`` and ``columns[x]``.

    Where ``transposed`` is true they come from ``rows[x]`` and ``columns[y]``; the result is then square.
    """

    rows: Tensor
    """float32 [N, h], in pixels of the stored image."""
    columns: Tensor
    """float32 [N, w], likewise."""
    transposed: Tensor | None
    """bool [N]; None where no image is transposed."""
    color: Tensor | None
    """float32 [N, 3], factors of brightness, contrast and saturation; None where colours stay."""
    beyond: bool
    """Whether any place lies beyond its image."""

    def __getitem__(self, index: int) -> Augmentation:
        """Return what happens to one image, as a batch of one."""
        one = slice(index, index + 1)
        transposed = None if self.transposed is None or not self.transposed[index] else self.transposed[one]
        color = None if self.color is None else self.color[one]
        return Augmentation(self.rows[one], self.columns[one], transposed, color, self.beyond)


def draw(
    size: npt.ArrayLike, config: AugmentConfig, numbers: Float64, segmented: bool, device: torch.device | str = "cpu"
) -> Augmentation:
    """Choose what happens to N images of (height, width) pixels.

    Segmented ones are cropped; of classified ones a window is brought to their size, or they are shifted.

    Args:
        size: Height and width, [2] of all or [N, 2] of each; only where they are cropped may they differ.
        config: What may happen.
        numbers: [N, 8] in 0..1, one for each of ``CHOICES``.
        segmented: Whether they have masks.
        device: Where the result is needed.
    """
    chance = dict(zip(CHOICES, numbers.T[..., None], strict=True))
    sizes = np.reshape(size, (-1, 2)).astype(np.int64)
    zooms = config.scale != (1.0, 1.0)
    side = config.crop if segmented else int(sizes[0, 0]) * zooms  # classifiers' images are square
    if side:
        rows, columns = _window(sizes, side, config.scale, chance)
    else:
        rows, columns = _shifted(sizes[0], 0 if segmented else config.shift, chance)
    if config.flip:
        columns = np.where(chance["flip"] < 0.5, columns[:, ::-1], columns)
    quarters = np.floor(4 * chance["turn"]) * config.turn
    if rows.shape != columns.shape:
        quarters -= quarters % 2  # a quarter turn would change the size
    transposed = quarters[:, 0] % 2 == 1

    def tensor(array: Float64) -> Tensor:
        return torch.from_numpy(array.astype(np.float32)).to(device, non_blocking=True)

    return Augmentation(
        rows=tensor(np.where(quarters >= 2, rows[:, ::-1], rows)),
        columns=tensor(np.where((quarters == 1) | (quarters == 2), columns[:, ::-1], columns)),
        transposed=torch.from_numpy(transposed).to(device, non_blocking=True) if transposed.any() else None,
        color=tensor(1 + config.color * (2 * numbers[:, 3:6] - 1)) if config.color else None,
        beyond=bool((rows < 0).any() or (columns < 0).any()),
    )


def augment_images(images: Tensor, changes: Augmentation, zoomed: bool) -> Tensor:
    """Apply changes to images, uint8 [N, C, H, W] -> uint8 [N, C, h, w]; what lies beyond an image is black.

    Args:
        images: The stored images.
        changes: What happens to each.
        zoomed: True where places may lie between pixels; then the image is sampled bilinearly.
    """
    if not zoomed and changes.color is None:
        return _transposed(_filled(_nearest(images, changes), changes, 0), changes)
    values = _bilinear(images.float(), changes) if zoomed else _nearest(images, changes).float()
    if changes.color is not None:
        values = _recolor(values, changes.color)
    values = _filled(values, changes, 0)
    # On a CPU the way through int16 takes a quarter of the time.
    return _transposed(values.round_().to(torch.int16).to(torch.uint8), changes)


def augment_masks(masks: Tensor, changes: Augmentation) -> Tensor:
    """Apply changes to masks, uint8 [N, H, W] -> [N, h, w], by nearest neighbour: no class appears that was not there.

    What lies beyond an image is void.
    """
    return _transposed(_filled(_nearest(masks[:, None], changes), changes, VOID), changes)[:, 0]


def _window(sizes: Int64, side: int, scale: tuple[float, float], chance: dict[str, Float64]) -> Places:
    """Choose a square of ``side / zoom`` pixels that is brought to ``side``; it leaves only images smaller than it."""
    low, high = np.log(scale)
    window = np.round(side / np.exp(low + (high - low) * chance["zoom"]))
    centers = (np.arange(side) + 0.5) * window / side - 0.5
    places = []
    for length, axis in zip(sizes.T[..., None], ("down", "across"), strict=True):
        place = centers + np.floor(chance[axis] * (np.maximum(length, window) - window + 1))
        # The outer half of a border pixel has no neighbour to be mixed with.
        places.append(np.where(place < length - 0.5, place.clip(0, length - 1), OUTSIDE))
    return places[0], places[1]


def _shifted(size: Int64, most: int, chance: dict[str, Float64]) -> Places:
    """Choose a move of up to ``most`` pixels each way; the image is reflected into the gap."""
    most = min(most, *(length - 1 for length in size))
    places = []
    for length, axis in zip(size, ("down", "across"), strict=True):
        place = np.abs(np.arange(length) + np.floor(chance[axis] * (2 * most + 1)) - most)
        places.append(np.where(place < length, place, 2 * (length - 1) - place))
    return places[0], places[1]


def _nearest(images: Tensor, changes: Augmentation) -> Tensor:
    """Take the pixels nearest to each place, uint8 [N, C, H, W] -> [N, C, h, w], not yet transposed."""
    count, channels, _, width = images.shape
    rows, columns = ((places + 0.5).floor().clamp(min=0).long() for places in (changes.rows, changes.columns))
    if count == 1:  # whole rows are copied at once, which no gather does
        taken = images.index_select(2, rows[0])
    else:
        taken = images.gather(2, rows[:, None, :, None].expand(count, channels, -1, width))
    return taken.gather(3, columns[:, None, None, :].expand(count, channels, taken.shape[2], -1))


def _bilinear(images: Tensor, changes: Augmentation) -> Tensor:
    """Interpolate between the four pixels around each place, float [N, C, H, W] -> [N, C, h, w], not yet transposed."""
    height, width = images.shape[2:]
    # grid_sample counts from -1 to 1 between the outer edges of the image.
    grid = torch.empty(len(images), changes.rows.shape[1], changes.columns.shape[1], 2, device=images.device)
    grid[..., 0] = ((2 * changes.columns + 1) / width - 1)[:, None, :]
    grid[..., 1] = ((2 * changes.rows + 1) / height - 1)[:, :, None]
    # A third faster on a CPU than padding with zeros.
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _filled(taken: Tensor, changes: Augmentation, beyond: int) -> Tensor:
    """Set what lies beyond the images, in place, [N, C, h, w]."""
    if not changes.beyond:
        return taken
    return taken.masked_fill_((changes.rows < 0)[:, None, :, None] | (changes.columns < 0)[:, None, None, :], beyond)


def _transposed(images: Tensor, changes: Augmentation) -> Tensor:
    """Swap rows and columns of those images, [N, C, S, S], where changes say so."""
    if changes.transposed is None:
        return images
    if len(images) == 1:  # "some are transposed" is then about this one
        return images.transpose(2, 3)
    return torch.where(changes.transposed.view(-1, 1, 1, 1), images.transpose(2, 3), images)


def _recolor(values: Tensor, factors: Tensor) -> Tensor:
    """Scale brightness, contrast and saturation of images, float [N, C, H, W] in 0..255, in place."""
    brightness, contrast, saturation = (factors[:, i].view(-1, 1, 1, 1) for i in range(3))
    values.mul_(brightness).clamp_(0, 255)
    # Sums of whole numbers, exact in float32 for a row and in float64 for all, whatever the order in which threads add.
    rows = _grey(values).round_().sum(dim=3, keepdim=True)
    mean = (rows.double().sum(dim=2, keepdim=True) / values[0, 0].numel()).float()
    values.mul_(contrast).add_(mean * (1 - contrast)).clamp_(0, 255)
    grey = _grey(values).mul_(1 - saturation)
    return values.mul_(saturation).add_(grey).clamp_(0, 255)


def _grey(values: Tensor) -> Tensor:
    """Return the brightness of pixels, [N, C, H, W] -> [N, 1, H, W]; of other bands than colours, their mean."""
    if values.shape[1] != COLORS:
        return values.mean(dim=1, keepdim=True)
    red, green, blue = (values[:, i : i + 1] for i in range(3))
    return (red * GREY[0]).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2])
