"""Grad-CAM: where in an image lies what speaks for a class.

The maps of a late layer are weighted by how much the class's score grows with each, summed, and cut at zero.
Grad-CAM: Visual Explanations from Deep Networks, https://arxiv.org/abs/1610.02391; for segmentation the score is the
sum over the pixels of the class, https://arxiv.org/abs/2002.11434.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from pixelproof.array_types import Float32, UInt8
from pixelproof.data.reader import as_picture
from pixelproof.errors import UserError
from pixelproof.models import PixelModel
from pixelproof.prediction import Predictor

FINE = 4
"""Cells a side that a classifier's map needs at least: a coarser one points at nothing."""
HEAT = np.array((255, 96, 0), np.float32)
OPACITY = 0.75
_NO_PLACE = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Dropout2d)  # layers whose cells are no places of the image


class Heat(NamedTuple):
    """What speaks for a class in an image.

    Attributes:
        values: float32 [H, W], 0..1 of the highest; all 0 where nothing speaks for the class.
        target: The class.
    """

    values: Float32
    target: int


def grad_cam(predictor: Predictor, image: UInt8, target: int | None = None) -> Heat:
    """Return where in an image, uint8 [H, W, C], lies what speaks for a class.

    Args:
        predictor: The network, which is asked once, about the image as it is.
        image: The image.
        target: The class; None takes the predicted one, of a segmenter the one with most pixels.

    Raises:
        UserError: The network is a classifier without maps, as some vision transformers are.
    """
    batch = predictor.prepared([image])
    if predictor.scheme.task == "classification":
        maps, logits = _classify(predictor.network, batch)
        target = int(logits[0].argmax()) if target is None else target
        score = logits[0, target]
    else:
        maps, logits = _segment(predictor.network, batch)
        classes = logits[0].argmax(dim=0)
        target = int(classes.flatten().bincount().argmax()) if target is None else target
        mine = classes == target
        score = logits[0, target][mine].sum() if mine.any() else logits[0, target].sum()
    (gradient,) = torch.autograd.grad(score, maps)
    heat = (gradient.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True).relu().detach()
    return Heat(_fitted(heat, predictor, batch, image), target)


def overlay(image: UInt8, heat: Float32) -> UInt8:
    """Return an image, uint8 [H, W, C], in grey, and what speaks for the class in orange, uint8 [H, W, 3].

    One hue, for all kinds of colour vision.
    """
    grey = np.asarray(Image.fromarray(as_picture(image)).convert("L"), np.float32)[..., None]
    strength = OPACITY * heat[..., None]
    mixed: UInt8 = np.rint(grey * (1 - strength) + HEAT * strength).astype(np.uint8)
    return mixed


def _classify(model: PixelModel, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Return the maps of the deepest layer that is fine enough, and the logits made from them."""
    layer = _deepest(model, batch)
    kept: list[Tensor] = []

    def keep(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> Tensor:
        kept.append(output)
        return output.clone()  # the next layer may work in place, which would change what the gradient is taken at

    handle = layer.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            logits = model(batch.requires_grad_()).logits
    finally:
        handle.remove()
    return kept[-1], logits


def _deepest(model: PixelModel, batch: Tensor) -> nn.Module:
    found: list[nn.Module] = []

    def note(module: nn.Module, arguments: tuple[Tensor, ...], output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and _lies_on(output, batch):
            found.append(module)

    leaves = [m for m in model.modules() if not list(m.children()) and not isinstance(m, _NO_PLACE)]
    handles = [leaf.register_forward_hook(note) for leaf in leaves]
    try:
        with torch.no_grad():
            model(batch)
    finally:
        for handle in handles:
            handle.remove()
    if len(found) < 2:  # one alone is the layer that cuts the image into patches
        raise UserError("this network has no maps that lie on the image", "use a convolutional network for Grad-CAM")
    return found[-1]


def _lies_on(maps: Tensor, batch: Tensor) -> bool:
    """Return whether [N, C, h, w] has the proportions of the images, to a cell, and is fine enough."""
    (height, width), (rows, columns) = batch.shape[-2:], maps.shape[-2:]
    return min(rows, columns) >= FINE and abs(rows * width - columns * height) <= max(height, width)


def _segment(model: PixelModel, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Return the deepest maps of the encoder, and the logits made from them."""
    with torch.enable_grad():
        output = model(batch.requires_grad_())
    return output.features, output.logits


def _fitted(heat: Tensor, predictor: Predictor, batch: Tensor, image: UInt8) -> Float32:
    """Return heat [1, 1, h, w] at the image's size, 0..1: scaled up from cells, padding cut off."""
    height, width = batch.shape[-2:]
    if predictor.scheme.task == "segmentation":
        cell = predictor.network.reduction
        heat = F.interpolate(heat, (heat.shape[2] * cell, heat.shape[3] * cell), mode="bilinear", align_corners=False)
        heat = heat[..., :height, :width]
    values = F.interpolate(heat, image.shape[:2], mode="bilinear", align_corners=False)[0, 0]
    highest = float(values.max())
    return np.asarray((values / highest if highest > 0 else values).cpu(), np.float32)
