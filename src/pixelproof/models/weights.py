"""Weights from elsewhere: ImageNet's for the VGG and FCN family, or any file of tensors.

What fits by name and shape is taken, the rest is reported. Files are never unpickled beyond plain tensors.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pixelproof.config import COLORS
from pixelproof.errors import UserError
from pixelproof.models.pixel_model import PixelModel
from pixelproof.numbers import counted
from pixelproof.progress import say

State = dict[str, Tensor]
WRAPPERS = re.compile(r"^(module\.|_orig_mod\.|model\.)+")  # what DataParallel, compilers and adapters put before names
GROUPS = ("state_dict", "model")  # keys under which training scripts keep the weights
STAGES = ("features", "middlelayer", "lastlayer")
ENCODER_WEIGHT = re.compile(rf"(({'|'.join(STAGES)})\.\d+)\.weight")


@dataclass(frozen=True)
class Match:
    """What became of the tensors of a file, names sorted as in the model or file.

    Attributes:
        loaded: Taken over.
        missing: In the model, not in the file.
        unexpected: In the file, not in the model.
        wrong_shape: In both, with different shapes; not taken over.
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    wrong_shape: tuple[str, ...]

    def __str__(self) -> str:
        rest = {"missing": self.missing, "unexpected": self.unexpected, "of wrong shape": self.wrong_shape}
        return ", ".join(
            [f"{counted(len(self.loaded), 'tensor')} loaded"]
            + [f"{len(names)} {label} ({_some(names)})" for label, names in rest.items() if names]
        )


def transfer_weights(model: PixelModel, state: Mapping[str, Tensor], source: str) -> Match:
    """Copy into ``model`` what fits of ``state`` and say what does not.

    Args:
        model: Any model. Encoders of the VGG and FCN family take each other's weights, and torchvision's. What a first
            layer has for red, green and blue is shared out over the bands of a model for others, as timm does.
        state: Tensors by name.
        source: Where they came from, for messages.

    Raises:
        UserError: Nothing fits.
    """
    own = {_bare(name): tensor for name, tensor in model.state_dict().items()}
    given = _in_order_of(model, {_bare(name): tensor for name, tensor in state.items()})
    if model.channels != COLORS:
        given |= _shared_out(given, own, model.channels)
    common = [name for name in own if name in given]
    fitting = [name for name in common if own[name].shape == given[name].shape]
    match = Match(
        loaded=tuple(fitting),
        missing=tuple(name for name in own if name not in given),
        unexpected=tuple(name for name in given if name not in own),
        wrong_shape=tuple(name for name in common if own[name].shape != given[name].shape),
    )
    if not any(own[name].ndim > 1 for name in fitting):  # counters and biases of the classes fit everywhere
        raise UserError(f"{source}: no tensor fits the model ({match})", "check the model's name and width")
    with torch.no_grad():
        for name in fitting:
            own[name].copy_(given[name])
    say(f"{source}: {match}")
    if any(name.endswith(".running_mean") for name in match.unexpected):
        say("note: these weights have batch norms, which the network has not; plain.safetensors of their run has none")
    return match


def read_weights(path: Path) -> State:
    """Return the tensors of a safetensors file or a PyTorch state dict.

    Raises:
        UserError: The file is absent, damaged, or holds anything but tensors.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file of weights", "give --weights none, imagenet or the path of a file")
    content: Any = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    if not isinstance(content, Mapping):
        content = {}
    for group in GROUPS:
        if isinstance(content.get(group), Mapping):
            content = content[group]
    state = {str(name): tensor for name, tensor in content.items() if isinstance(tensor, Tensor)}
    if any(name.startswith("model/") for name in state):
        raise UserError(f"{path} is what training goes on from", "give best.safetensors, which lies beside it")
    if {name.partition(".")[0] for name in state} == {"members", "temperatures"}:
        raise UserError(f"{path} has the weights of an ensemble", "give best.safetensors of one of its members")
    if not state:
        raise UserError(f"{path}: no tensors by name in it", "save the model's state_dict()")
    return state


def imagenet_vgg16(batch_norm: bool) -> State:
    """Return torchvision's ImageNet weights of VGG16, downloaded once into torch's cache.

    Raises:
        UserError: They are not in the cache and cannot be downloaded.
    """
    from torchvision.models import VGG16_BN_Weights, VGG16_Weights

    weights = (VGG16_BN_Weights if batch_norm else VGG16_Weights).IMAGENET1K_V1
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    try:
        # torch.hub announces a download on stdout, which belongs to results.
        with redirect_stdout(sys.stderr):
            return dict(weights.get_state_dict(progress=sys.stderr.isatty(), check_hash=True, weights_only=True))
    except Exception as error:  # no network, a server's answer, a damaged file in the cache
        raise UserError(
            f"the imagenet weights cannot be loaded: {error}",
            f"download {weights.url} elsewhere and put it into {folder}, or use --weights PATH or --weights none",
        ) from error


def _read_safetensors(path: Path) -> State:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a readable safetensors file ({error})", "copy or export it again") from error


def _read_torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # hostile or damaged bytes fail in many ways, none of which runs code from the file
        raise UserError(
            f"{path}: not a file of plain tensors, or damaged", "save only the state dict, best as .safetensors"
        ) from error


def _bare(name: str) -> str:
    """Return the name of a tensor without what wrappers put before it."""
    return WRAPPERS.sub("", name)


def _in_order_of(model: PixelModel, state: State) -> State:
    """Rename the encoder's tensors of one member of the VGG and FCN family to those of ``model``.

    The members split the same layers into differently named stages; so convolutions are paired with convolutions and
    norms with norms, in order from the image.
    """
    layers = model.encoder_layers()
    sources = sorted(
        (match[1] for name in state if (match := ENCODER_WEIGHT.fullmatch(name))),
        key=lambda layer: (STAGES.index(layer.partition(".")[0]), int(layer.partition(".")[2])),
    )
    renamed: dict[str, str] = {}
    for kind, dimensions in ((nn.Conv2d, 4), (nn.BatchNorm2d, 1)):
        ours = [name for name, layer in layers.items() if isinstance(layer, kind)]
        theirs = [name for name in sources if state[f"{name}.weight"].ndim == dimensions]
        if len(ours) == len(theirs):  # else it is another network, such as VGG19
            renamed |= zip(theirs, ours, strict=True)
    return {_rename(name, renamed): tensor for name, tensor in state.items()}


def _shared_out(colors: State, own: Mapping[str, Tensor], channels: int) -> State:
    """Return the weights of layers for RGB as those of layers for other channels, where that is all that differs."""
    from timm.models import adapt_input_conv

    shared = [name for name in colors if name in own and own[name].ndim == colors[name].ndim == 4]
    return {
        name: adapt_input_conv(channels, colors[name])
        for name in shared
        if colors[name].shape[1] == COLORS and own[name].shape[1] == channels
    }


def _rename(name: str, renamed: Mapping[str, str]) -> str:
    layer, dot, part = name.rpartition(".")
    return f"{renamed.get(layer, layer)}{dot}{part}"


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
