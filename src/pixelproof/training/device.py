"""Which device computes, and in which precision."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from pixelproof.config import Switch
from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.progress import say


def pick_device(name: str = "auto") -> torch.device:
    """Return the device named, or the fastest one there is for "auto".

    Raises:
        UserError: There is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # some, such as meta, hold no numbers
    except (RuntimeError, AssertionError, ImportError):
        raise UserError(f"device '{name}' is not available here", "use auto, cpu, cuda or cuda:N") from None
    return device


def dtype_of_products(device: torch.device, precision: str) -> torch.dtype:
    """Return what convolutions and matrices multiply in: bf16 where asked for, or where "auto" finds it in a GPU."""
    found = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if precision == "bf16" or (precision == "auto" and found) else torch.float32


def multiplies_bfloat16() -> bool:
    """Return whether this machine's processor does; True where torch cannot tell, as before 2.12."""
    if not hasattr(torch.cpu, "get_capabilities"):
        return True
    return any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which the network runs."""
    wanted = dtype_of_products(device, precision) is torch.bfloat16
    return torch.autocast(device.type, torch.bfloat16, enabled=wanted)


def is_on(wanted: Switch, device: torch.device) -> bool:
    """Return whether something is to be done that "auto" does on a GPU only."""
    return wanted == "yes" or (wanted == "auto" and device.type == "cuda")


def compiled(network: nn.Module, wanted: Switch, device: torch.device) -> nn.Module:
    """Return a network compiled where that is wanted and can be trusted; any other as it is.

    On a CUDA device alone: on a CPU, torch 2.12 compiled an fcn8s-bn to one with the same outputs and other gradients,
    those of the first convolution 14% off float64's on four images of 64 x 64, folded or not, and right on eight of
    128 x 128.
    """
    if not is_on(wanted, device):
        return network
    if device.type != "cuda":
        say("note: the network is not compiled, because torch's compiler gave wrong gradients on a CPU")
        return network
    return cast(nn.Module, torch.compile(network, dynamic=False))


def tune(device: torch.device, precision: str) -> None:
    """Let a GPU compute what is left in float32 as TF32, unless ``precision`` is float32, and time its convolutions.

    cudnn tries its algorithms on the first batch and keeps the fastest, so two runs on a GPU agree to rounding only.
    On a CPU there is nothing to tune; one that has to emulate bf16 is named, because that costs more than it saves.
    """
    if device.type == "cpu" and precision == "bf16" and not multiplies_bfloat16():
        say("note: this processor has no bfloat16, so that precision=bf16 takes longer than float32 and is less exact")
    if device.type != "cuda":
        return
    exact = precision == "float32"
    torch.set_float32_matmul_precision("highest" if exact else "high")
    torch.backends.cudnn.allow_tf32 = not exact
    torch.backends.cudnn.benchmark = True


def describe(device: torch.device) -> str:
    """Return the device in words, for the run's environment."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {counted(torch.get_num_threads(), 'thread')}"
