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
from pixelproof.explanation.maps import deepest_maps, padded_size
from pixelproof.models import PixelModel
from pixelproof.prediction import Predictor

HEAT = np.array((255, 96, 0), np.float32)
OPACITY = 0.75


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
        UserError: The network is a classifier without maps, as most vision transformers are.
    """
    networks = predictor.network.networks()
    if target is None and len(networks) > 1:
        target = _likeliest(predictor.network(predictor.prepared([image])).logits.detach())
    heats = [_heat(network, predictor, image, target) for network in networks]
    total = np.sum([heat.values for heat in heats], axis=0)
    return Heat(total / max(float(total.max()), np.finfo(np.float32).tiny), heats[0].target)


def _heat(network: PixelModel, predictor: Predictor, image: UInt8, target: int | None) -> Heat:
    """Return what speaks for a class in one network that answers, alone or with others."""
    batch = predictor.prepared([image])
    if predictor.scheme.task == "classification":
        maps, logits = _classify(network, batch)
        target = _likeliest(logits) if target is None else target
        score = logits[0, target]
    else:
        maps, logits = _segment(network, batch)
        target = _likeliest(logits) if target is None else target
        mine = logits[0].argmax(dim=0) == target
        score = logits[0, target][mine].sum() if mine.any() else logits[0, target].sum()
    (gradient,) = torch.autograd.grad(score, maps)
    heat = (gradient.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True).relu().detach()
    return Heat(_fitted(heat, predictor, network, batch, image), target)


def _likeliest(logits: Tensor) -> int:
    """Return the class of an image by a network's logits, [1, K] or [1, K, H, W]: the one with most pixels."""
    return int(logits[0].argmax(dim=0).flatten().bincount().argmax())


def overlay(image: UInt8, heat: Float32) -> UInt8:
    """Return an image, uint8 [H, W, C], in grey, and what speaks for the class in orange, uint8 [H, W, 3].

    One hue, for all kinds of colour vision.
    """
    grey = np.asarray(Image.fromarray(as_picture(image)).convert("L"), np.float32)[..., None]
    strength = OPACITY * heat[..., None]
    mixed: UInt8 = np.rint(grey * (1 - strength) + HEAT * strength).astype(np.uint8)
    return mixed


def _classify(model: PixelModel, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Return the deepest maps that are fine enough, and the logits made from them."""
    place = deepest_maps(model, batch)
    kept: list[Tensor] = []

    def keep(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> Tensor:
        kept.append(output.movedim(place.channels, 1))
        return kept[-1].movedim(1, place.channels).clone()  # the next layer may work in place, which would change it

    handle = place.module.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            logits = model(batch.requires_grad_()).logits
    finally:
        handle.remove()
    return kept[place.call], logits


def _segment(model: PixelModel, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Return the deepest maps of the encoder, and the logits made from them."""
    with torch.enable_grad():
        output = model(batch.requires_grad_())
    return output.features, output.logits


def _fitted(heat: Tensor, predictor: Predictor, network: PixelModel, batch: Tensor, image: UInt8) -> Float32:
    """Return heat [1, 1, h, w] at the image's size, 0..1: scaled up from cells, padding cut off."""
    height, width = batch.shape[-2:]
    if predictor.scheme.task == "segmentation":
        padded = [cells * network.reduction for cells in heat.shape[2:]]
    else:
        padded = padded_size(network, batch)
    if padded != [height, width]:
        heat = F.interpolate(heat, padded, mode="bilinear", align_corners=False)[..., :height, :width]
    values = F.interpolate(heat, image.shape[:2], mode="bilinear", align_corners=False)[0, 0]
    highest = float(values.max())
    return np.asarray((values / highest if highest > 0 else values).cpu(), np.float32)
