"""Networks of installed packages under Pixelproof's contract."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pixelproof.errors import UserError
from pixelproof.models.adapters import SMP_STRIDE
from pixelproof.models.padding import pad_and_downsample, upsample_and_crop
from pixelproof.models.pixel_model import Output, PixelModel


class PluginClassifier(PixelModel):
    """A classifier of a user's, which gets images as they come.

    Args:
        network: From images to logits [N, K], or to an ``Output``.
        called: Its name, for messages.
        num_classes: K.
        channels: C, of the images.
        last: Name of the linear layer that makes the logits; None where it is not known.
    """

    reduction = 0

    def __init__(self, network: nn.Module, called: str, num_classes: int, channels: int, last: str | None) -> None:
        super().__init__(num_classes, channels)
        self.model = network
        self.called = called
        self.head_parts = () if last is None else (f"model.{last}",)

    def forward(self, images: Tensor) -> Output:
        """Return logits [N, K] and features [N, D]: its own, else what enters its last layer, else the logits."""
        # What compiles and exports networks needs their logits alone, and does not get over hooks.
        if not self.head_parts or torch.compiler.is_compiling():
            return as_output(self.model(images), self.called)
        taken: list[Tensor] = []

        def take(layer: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            taken.append(arguments[0])

        handle = self.get_submodule(self.head_parts[0]).register_forward_pre_hook(take)
        try:
            logits, features = as_output(self.model(images), self.called)
        finally:
            handle.remove()
        return Output(logits, taken[-1] if features is logits else features)


class PluginSegmenter(PixelModel):
    """A segmenter of a user's; inputs are padded with zeros to the stride, logits enlarged bilinearly and cropped.

    Args:
        network: From images to logits [N, K, h, w], or to an ``Output``.
        called: Its name, for messages.
        num_classes: K.
        channels: C, of the images.
        cell: Pixels a side of the network's input for each cell of its logits.
        reduction: Likewise of its features.
    """

    stride = SMP_STRIDE

    def __init__(
        self, network: nn.Module, called: str, num_classes: int, channels: int, cell: int, reduction: int
    ) -> None:
        super().__init__(num_classes, channels)
        self.model = network
        self.called = called
        self.cell = cell
        self.reduction = reduction

    def forward(self, images: Tensor) -> Output:
        """Return logits [N, K, H, W] and features [N, D, h, w], the network's own logits where it gives none."""
        answer = self.model(pad_and_downsample(images, self.stride, self.downsample))
        logits, features = as_output(answer, self.called)
        return Output(upsample_and_crop(logits, images, self.cell * self.downsample), features)


def as_output(answer: object, called: str) -> Output:
    """Return what a network gave, the logits in the place of features where it gave those alone.

    Raises:
        UserError: It is neither logits nor an ``Output``.
    """
    if isinstance(answer, Output):
        return answer
    if isinstance(answer, Tensor):
        return Output(answer, answer)
    raise UserError(
        f"the forward of '{called}' gives {type(answer).__name__} where logits are wanted",
        "let it give them, or Output(logits, features) of pixelproof.models",
    )
