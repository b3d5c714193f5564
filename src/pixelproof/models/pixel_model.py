"""What every model is and returns: the contract between models and everything that uses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor, nn

from pixelproof.config import COLORS
from pixelproof.models.preprocessing import Preprocessing


class Output(NamedTuple):
    """The answer of a model to a batch of images."""

    logits: Tensor
    """Scores before softmax: [N, K] of a classifier, [N, K, H, W] at the input's size of a segmenter."""
    features: Tensor
    """What the answer was made from: [N, D], the layer before the last, of a classifier; [N, C, h, w], the
    deepest map of the encoder, of a segmenter."""


class PixelModel(nn.Module):
    """Base of every model: takes normalised images [N, C, H, W] of any height and width, returns ``Output``.

    Attributes:
        num_classes: K, the number of scores for each image or pixel.
        channels: C, of the images.
        stride: Multiple to which the height and width of the input are padded; 1 where no padding is needed.
        smallest: Of a classifier: pixels a side to which smaller images are padded, right and bottom.
        reduction: Input pixels between neighbours of the deepest feature map; 0 where that is not known.
        downsample: Of a segmenter: side in pixels of the squares whose means its first layer sees.
        asked: How often a network is asked about an image.
        scales: Sizes of the image that it is asked about, its own being 1.
        shapes_suffice: Whether it can be run on tensors without data, to draw it and to count what it does.
        encoder: Names of the submodules that form, one after the other, a plain chain of layers from the image to
            the deepest feature map; empty where the encoder is no such chain.
        head_parts: Names of the submodules that lead from the features to the scores; all else, which weights of
            ImageNet fill, is the backbone. A network folded for prediction may have lost some of them.
        preprocessing: What turns stored images into the input; belongs to the model but not to its weights.
    """

    stride: int = 1
    smallest: int = 1
    reduction: int = 32
    downsample: int = 1
    asked: int = 1
    scales: Sequence[float] = (1.0,)
    shapes_suffice: bool = True
    encoder: tuple[str, ...] = ()
    head_parts: tuple[str, ...] = ()
    preprocessing: Preprocessing

    def __init__(self, num_classes: int, channels: int = COLORS) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.channels = channels

    def downsample_by(self, factor: int) -> None:
        """Let a segmenter's layers see images at 1 / ``factor`` of their height and width; its weights stay."""
        self.downsample *= factor
        self.stride *= factor
        self.reduction *= factor

    def copy_contract(self, model: PixelModel, name: str) -> None:
        """Take over all that is known of ``model``, which is the submodule ``name`` of this one."""
        self.stride, self.reduction, self.downsample = model.stride, model.reduction, model.downsample
        self.channels, self.smallest = model.channels, model.smallest
        self.encoder = tuple(f"{name}.{stage}" for stage in model.encoder)
        self.head_parts = tuple(f"{name}.{part}" for part in model.head_parts)
        self.preprocessing = model.preprocessing

    def networks(self) -> list[PixelModel]:
        """Return the networks whose answers make its own: itself alone, unless it is an average."""
        return [self]

    def encoder_layers(self) -> dict[str, nn.Module]:
        """Return the layers of the encoder by name, from the image to the deepest feature map."""
        return {
            f"{stage}.{index}": layer
            for stage in self.encoder
            for index, layer in self.get_submodule(stage).named_children()
        }

    def backbone(self) -> list[nn.Parameter]:
        """Return the parameters outside the head."""
        head = {id(parameter) for part in self.head_parts for parameter in self.get_submodule(part).parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in head]

    if TYPE_CHECKING:

        def __call__(self, images: Tensor) -> Output:
            """Apply the model."""
