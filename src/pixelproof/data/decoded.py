"""Labelled images as pixels, by index: from their files, or from the cache of what the files decode to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelproof.array_types import UInt8
from pixelproof.data.folder import Sample
from pixelproof.data.patches import read_truth
from pixelproof.data.reader import RGB, ImageReader
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.numbers import dimensions


class Decoded(Protocol):
    """The pixels of N labelled images. Whichever source they come from, they are the same bytes."""

    def __len__(self) -> int:
        """Return N."""

    def __getitem__(self, index: int) -> tuple[UInt8, UInt8 | None]:
        """Return an image and its mask.

        Returns:
            uint8 [C, H, W], a classifier's at its input size; class indices, uint8 [H, W], None for a classified
            image.
        """


class Files:
    """Pixels decoded from the files each time they are asked for.

    Args:
        samples: The images, all with a mask or all with a label.
        scheme: The label contract of the masks.
        input_size: Side in pixels to which images are resized; None leaves them as they are.
        reader: Reads the images.
    """

    def __init__(
        self, samples: Sequence[Sample], scheme: LabelScheme, input_size: int | None, reader: ImageReader = RGB
    ) -> None:
        self.samples = samples
        self.scheme = scheme
        self.input_size = input_size
        self.reader = reader

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[UInt8, UInt8 | None]:
        """Return an image and its mask.

        Raises:
            UserError: A file cannot be read, the mask is of another size, or holds what the scheme does not name.
        """
        image, mask = read_sample(self.samples[index], self.scheme, self.reader)
        return resized(torch.from_numpy(image).permute(2, 0, 1), self.input_size).numpy(), mask


def resized(image: Tensor, side: int | None) -> Tensor:
    """Return an image, uint8 [C, H, W], brought to ``side`` x ``side`` pixels where it is not, contiguous in memory.

    Contiguous before it is resized, too: torch rounds images that lie in memory pixel by pixel in another way.
    """
    image = image.contiguous()
    if side is None or tuple(image.shape[1:]) == (side, side):
        return image
    return F.interpolate(image[None], (side, side), mode="bilinear", antialias=True)[0]


def read_sample(sample: Sample, scheme: LabelScheme, reader: ImageReader) -> tuple[UInt8, UInt8 | None]:
    """Return a sample's image, uint8 [H, W, C], and its mask as ``read_pair`` does; None where it has none.

    Raises:
        UserError: A file is unreadable, or the mask is of another size.
    """
    return (reader(sample.image), None) if sample.mask is None else read_pair(sample, scheme, reader)


def read_pair(sample: Sample, scheme: LabelScheme, reader: Callable[[Path], UInt8]) -> tuple[UInt8, UInt8]:
    """Return the image, uint8 [H, W, C], and the mask, class indices as uint8 [H, W], of a sample that has one.

    The mask is as corrected.

    Raises:
        UserError: A file is unreadable, the mask is of another size, or a correction does not fit it.
    """
    image, mask = reader(sample.image), read_truth(sample, scheme)
    if mask.shape != image.shape[:2]:
        found, wanted = dimensions(mask.shape), dimensions(image.shape[:2])
        raise UserError(f"mask {sample.mask} is {found} pixels, its image is {wanted}", "correct or remove the pair")
    return image, mask
