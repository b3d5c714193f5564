"""The layers inside a network: what they are called, and what comes out of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from pixelproof.errors import UserError
from pixelproof.models.pixel_model import PixelModel
from pixelproof.schema import nearest


def layer_of(model: PixelModel, name: str) -> nn.Module:
    """Return a layer by its name.

    Raises:
        UserError: The network has no such layer.
    """
    layers: dict[str, nn.Module] = dict(model.named_modules())
    if not name or name not in layers:
        raise UserError(f"the network has no layer '{name}'", nearest(name, [each for each in layers if each]))
    return layers[name]


@contextmanager
def tapped(model: PixelModel, layer: str) -> Iterator[list[Tensor]]:
    """Collect what a layer gives while the network is applied inside the block.

    Args:
        model: The network.
        layer: The name of one of its modules, as PyTorch prints them: "features.16".

    Raises:
        UserError: The network has no such layer.
    """
    taken: list[Tensor] = []

    def keep(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        if not isinstance(output, Tensor):
            raise UserError(f"layer '{layer}' gives no tensor", "choose a layer inside it")
        taken.append(output.clone())  # the next layer may work in place

    handle = layer_of(model, layer).register_forward_hook(keep)
    try:
        yield taken
    finally:
        handle.remove()


def pooled(features: Tensor) -> Tensor:
    """Return one vector an image, [N, D]: the mean over positions of a map [N, D, h, w] or over tokens [N, T, D]."""
    if features.ndim == 4:
        return features.mean(dim=(2, 3))
    return features.mean(dim=1) if features.ndim == 3 else features.flatten(1)
