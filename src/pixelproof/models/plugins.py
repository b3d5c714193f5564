"""Networks that installed packages bring."""

from __future__ import annotations

from torch import nn

from pixelproof.config import Task
from pixelproof.errors import UserError
from pixelproof.plugins import NETWORKS, PREFIX, find_plugin, made_by_plugin

TASKS: dict[str, Task] = dict(zip(NETWORKS, ("classification", "segmentation"), strict=True))


def plugin_task(name: str) -> Task:
    """Return what the network is for, as its group says.

    Raises:
        UserError: As ``find_plugin`` does.
    """
    return TASKS[find_plugin(name, NETWORKS).group]


def make_network(name: str, num_classes: int, channels: int) -> nn.Module:
    """Import a factory and return the network it makes, on the CPU.

    Args:
        name: What follows ``plugin:``.
        num_classes: K.
        channels: C, of the images.

    Raises:
        UserError: There is no such entry point, it cannot be imported, or it makes no network.
    """
    network, where = made_by_plugin(name, NETWORKS, num_classes=num_classes, channels=channels)
    if not isinstance(network, nn.Module):
        problem = f"{where} makes {type(network).__name__} for '{PREFIX}{name}' where an nn.Module is wanted"
        raise UserError(problem, "let it return the network")
    return network
