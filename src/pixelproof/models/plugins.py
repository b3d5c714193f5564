"""Networks that installed packages bring, by the names of their entry points.

A package of the user's declares ``littlenet = "my_nets:littlenet"`` in the group of its task, and ``plugin:littlenet``
is a model. A run or a data folder can but name what the user has installed: no code in it is ever found, let alone run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points

from torch import nn

from pixelproof.config import Task
from pixelproof.errors import UserError
from pixelproof.schema import nearest

PREFIX = "plugin:"
GROUPS: dict[str, Task] = {"pixelproof.classifiers": "classification", "pixelproof.segmenters": "segmentation"}
MEND = "correct it; --debug shows where"
LONGEST = 300  # characters that are shown of an error


def plugin_names() -> list[str]:
    """Return the names of all networks that installed packages bring, as ``plugin:NAME``; nothing is imported."""
    return sorted({PREFIX + entry.name for group in GROUPS for entry in entry_points(group=group)})


def find_plugin(name: str) -> EntryPoint:
    """Return the entry point that a model's name stands for; nothing is imported.

    Args:
        name: What follows ``plugin:``.

    Raises:
        UserError: No installed package has it, or there are several.
    """
    found = [entry for group in GROUPS for entry in entry_points(group=group, name=name)]
    if not found:
        problem = f"no installed package has the entry point '{name}' in the group {' or '.join(GROUPS)}"
        remedy = "install the package that brings it, which environment.json of a run names"
        known = [each.removeprefix(PREFIX) for each in plugin_names()]
        raise UserError(problem, f"{remedy}; {nearest(name, known)}" if known else remedy)
    if len(found) > 1:
        places = " and ".join(f"{package_of(entry)} in {entry.group}" for entry in found)
        raise UserError(f"'{PREFIX}{name}' may mean several networks: of {places}", "rename or uninstall one")
    return found[0]


def plugin_task(name: str) -> Task:
    """Return what the network is for, as its group says.

    Raises:
        UserError: As ``find_plugin`` does.
    """
    return GROUPS[find_plugin(name).group]


def package_of(entry: EntryPoint) -> str:
    """Return the name of the installed package that an entry point comes from."""
    assert entry.dist is not None  # which an entry point that was found always has
    return entry.dist.name


def make_plugin(name: str, num_classes: int, channels: int) -> nn.Module:
    """Import a factory and return the network it makes, on the CPU.

    Args:
        name: What follows ``plugin:``.
        num_classes: K.
        channels: C, of the images.

    Raises:
        UserError: There is no such entry point, it cannot be imported, or it makes no network.
    """
    entry = find_plugin(name)
    with blamed(f"'{PREFIX}{name}' cannot be imported from {entry.value}", f"install its package again, or {MEND}"):
        factory = entry.load()
    with blamed(f"{entry.value} cannot build '{PREFIX}{name}' for {num_classes} classes and {channels} channels"):
        network = factory(num_classes=num_classes, channels=channels)
    if not isinstance(network, nn.Module):
        problem = f"{entry.value} makes {type(network).__name__} for '{PREFIX}{name}' where an nn.Module is wanted"
        raise UserError(problem, "let it return the network")
    return network


@contextmanager
def blamed(what: str, remedy: str = MEND) -> Iterator[None]:
    """Say in one sentence what an error in somebody else's code has stopped, with the error's type and text."""
    try:
        yield
    except Exception as error:  # anything may be wrong with it
        text = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")
        raise UserError(f"{what}: {text if len(text) <= LONGEST else f'{text[:LONGEST]} …'}", remedy) from error
