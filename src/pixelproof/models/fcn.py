"""Fully convolutional networks: a VGG16 encoder whose levels are brought to one stride, summed and upsampled.

All variants are one network. They differ in the finest level that joins the sum and in the steps that lead from there
to the pixels. A level is counted by its poolings: level 3, "pool3", has stride 8. For fcn8s:

    features (pool3) ---- conv1_1 ----+
    middlelayer (pool4) - deconv_2x --+--> sum --> deconv_2x_2layer --> deconv_2x_tochannel_7 --> logits
    lastlayer (pool5) --- deconv_4x --+

The bilinear variant is the paper's: each level is scored first, and scores are upsampled with fixed weights. Its two
sums are written out here, up(up(c) + b) + a = up(up(c)) + up(b) + a, which is the same function.
Fully Convolutional Networks for Semantic Segmentation, https://arxiv.org/abs/1411.4038
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from operator import add

from torch import Tensor, nn

from pixelproof.config import COLORS
from pixelproof.models.initialisation import initialise
from pixelproof.models.padding import pad_and_downsample, upsample_and_crop
from pixelproof.models.pixel_model import Output, PixelModel
from pixelproof.models.vgg import CHANNELS, encoder_blocks, scaled

DEEPEST = len(CHANNELS)
STAGES = {4: "middlelayer", 5: "lastlayer"}  # the blocks that lead to a level after the finest


@dataclass(frozen=True)
class Variant:
    """What sets one network of the family apart.

    Attributes:
        steps: Factors by which the sum is upsampled, one after the other.
        bilinear: Score each level first and upsample with fixed bilinear weights, instead of learned ones.
    """

    steps: tuple[int, ...]
    bilinear: bool = False

    @property
    def finest(self) -> int:
        """The shallowest level that joins the sum: the one whose stride is the product of the steps."""
        return int(math.log2(math.prod(self.steps)))


UPSAMPLINGS = ("direct", "stepwise", "bilinear")


def _variant(stride: int, upsampling: str) -> Variant:
    """Return the network whose finest level has ``stride``, upsampled from there at once or by 2 at a time."""
    doublings = int(math.log2(stride))
    return Variant((2,) * doublings if upsampling == "stepwise" else (stride,), bilinear=upsampling == "bilinear")


VARIANTS = {
    "fcn32s": _variant(32, "direct"),
    "fcn16s": _variant(16, "stepwise"),
    "fcn8s": _variant(8, "stepwise"),
    # Every finest level with every way up, for studies that vary one of them; the study's own go by two names.
    **{f"fcn{stride}s-{way}": _variant(stride, way) for stride in (32, 16, 8) for way in UPSAMPLINGS},
}


class FCN(PixelModel):
    """A network of the family; inputs are padded with zeros to the stride and logits cropped back.

    Args:
        num_classes: K.
        variant: Which one.
        batch_norm: Normalise after each convolution of the encoder and of the skip connection.
        width: Factor on every channel count.
        channels: C, of the images.

    Attributes:
        laterals: Name of the submodule that brings a stage's map to the sum, by stage; a stage without one joins as is.
        upsampling: Names of the submodules that lead from the sum to the logits, in order.
    """

    stride = 2**DEEPEST

    def __init__(
        self,
        num_classes: int,
        variant: Variant,
        batch_norm: bool = False,
        width: float = 1.0,
        channels: int = COLORS,
    ) -> None:
        super().__init__(num_classes, channels)
        self.variant = variant
        blocks = encoder_blocks(channels, batch_norm, width)
        self.laterals: dict[str, str] = {}
        for level in range(variant.finest, DEEPEST + 1):
            first = level == variant.finest
            stage = "features" if first else STAGES[level]
            self.add_module(stage, nn.Sequential(*(chain(*blocks[:level]) if first else blocks[level - 1])))
            self.encoder += (stage,)
            for name, module in _lateral(variant, level, num_classes, batch_norm, width).items():
                self.add_module(name, module)
                self.laterals[stage] = name
        tail = _upsampling(variant, num_classes, width)
        for name, module in tail.items():
            self.add_module(name, module)
        self.upsampling = tuple(tail)
        self.head_parts = (*self.laterals.values(), *self.upsampling)
        initialise(self, *self._scorers())

    def forward(self, images: Tensor) -> Output:
        """Return logits [N, K, H, W] and the pool5 map [N, 512 x width, ceil(H / 32), ceil(W / 32)]."""
        maps = pad_and_downsample(images, self.stride, self.downsample)
        joined = []
        for stage in self.encoder:
            maps = self.get_submodule(stage)(maps)
            lateral = self.laterals.get(stage)
            joined.append(self.get_submodule(lateral)(maps) if lateral else maps)
        logits = reduce(add, joined)
        for name in self.upsampling:
            logits = self.get_submodule(name)(logits)
        return Output(upsample_and_crop(logits, images, self.downsample), maps)

    def _scorers(self) -> list[nn.Module]:
        """Return the layers that yield logits."""
        if self.variant.bilinear:
            return [self.get_submodule(f"{lateral}.0") for lateral in self.laterals.values()]
        return [self.get_submodule(self.upsampling[-1])]


def _lateral(variant: Variant, level: int, num_classes: int, batch_norm: bool, width: float) -> dict[str, nn.Module]:
    """Return what brings a level to the stride and channels of the sum, by its name; nothing if it has both."""
    channels, wide = scaled(CHANNELS[level - 1], width), scaled(CHANNELS[-1], width)
    doublings = level - variant.finest
    if variant.bilinear:
        score = nn.Conv2d(channels, num_classes, kernel_size=1)
        return {f"score_pool{level}": nn.Sequential(score, *(_bilinear(2) for _ in range(doublings)))}
    if doublings:
        return {f"deconv_{2**doublings}x": _deconv(channels, wide, 2**doublings)}
    if CHANNELS[level - 1] == CHANNELS[-1]:
        return {}
    norm = [nn.BatchNorm2d(wide)] if batch_norm else []
    return {"conv1_1": nn.Sequential(nn.Conv2d(channels, wide, kernel_size=1), *norm, nn.ReLU(inplace=True))}


def _upsampling(variant: Variant, num_classes: int, width: float) -> dict[str, nn.Module]:
    """Return what leads from the sum to the logits at the input's size, by name and in order."""
    wide = scaled(CHANNELS[-1], width)
    *inner, last = variant.steps
    if variant.bilinear:
        return {f"upsample_{last}x": _bilinear(last)}
    modules: dict[str, nn.Module] = {}
    if inner:
        modules[f"deconv_2x_{len(inner)}layer"] = nn.Sequential(*(_deconv(wide, wide, factor) for factor in inner))
    modules[f"deconv_{last}x_tochannel_{num_classes}"] = _deconv(wide, num_classes, last)
    return modules


def _deconv(inputs: int, outputs: int, factor: int) -> nn.ConvTranspose2d:
    """Return a transposed convolution whose outputs do not overlap: one pixel becomes factor x factor."""
    return nn.ConvTranspose2d(inputs, outputs, kernel_size=factor, stride=factor)


def _bilinear(factor: int) -> nn.Upsample:
    return nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=False)
