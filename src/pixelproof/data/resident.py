"""All training images in the memory of the device that trains on them, so that nothing is copied to it any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from pixelproof.data.decoded import Decoded
from pixelproof.progress import bar, say

SHARE_OF_FREE = 0.4
"""Images take at most this share of a GPU's free memory; the rest is for the network."""


class Resident:
    """The pixels of N images of one size on a device.

    Attributes:
        images: uint8 [N, C, H, W].
        masks: uint8 [N, H, W]; None for classified images.
    """

    def __init__(self, images: Tensor, masks: Tensor | None) -> None:
        self.images = images
        self.masks = masks

    def take(self, indices: Sequence[int]) -> tuple[Tensor, Tensor | None]:
        """Return the images and masks of a batch."""
        chosen = torch.tensor(indices).to(self.images.device, non_blocking=True)
        return self.images[chosen], None if self.masks is None else self.masks[chosen]


def resident(pixels: Decoded, device: torch.device, wanted: Literal["auto", "yes", "no"]) -> Resident | None:
    """Copy all images to a device, or return None where they do not fit or are of differing size.

    Args:
        pixels: The decoded images.
        device: Where to.
        wanted: "auto" is yes on a GPU; on the CPU it would only be a second copy.

    Raises:
        UserError: An image cannot be read.
    """
    if wanted == "no" or (wanted == "auto" and device.type != "cuda"):
        return None
    image, mask = pixels[0]
    size = len(pixels) * (image.nbytes + (0 if mask is None else mask.nbytes))
    if device.type == "cuda" and size > (free := torch.cuda.mem_get_info(device)[0]) * SHARE_OF_FREE:
        say(f"note: images stay in main memory: they take {size / 1e9:.1f} GB, the GPU has {free / 1e9:.1f} GB free")
        return None
    images = torch.empty((len(pixels), *image.shape), dtype=torch.uint8, device=device)
    masks = None if mask is None else torch.empty((len(pixels), *mask.shape), dtype=torch.uint8, device=device)
    with bar("copy to the device", len(pixels), "images") as step:
        for index in range(len(pixels)):
            image, mask = pixels[index]
            if image.shape != images.shape[1:]:
                say("note: images stay in main memory: they differ in size")
                return None
            images[index] = torch.from_numpy(image)
            if masks is not None:
                masks[index] = torch.from_numpy(mask)
            step()
    return Resident(images, masks)
