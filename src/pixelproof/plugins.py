"""What installed packages bring, by the names of their entry points.

A package of the user's declares ``littlenet = "my_nets:littlenet"`` in a group of entry points, and settings call it
``plugin:littlenet``. A run or a data folder can but name what the user has installed: no code in it is ever found, let
alone run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pixelproof.errors import UserError
from pixelproof.schema import nearest

PREFIX = "plugin:"
NETWORKS = ("pixelproof.classifiers", "pixelproof.segmenters")
LOSSES = ("pixelproof.losses",)
AUGMENTATIONS = ("pixelproof.augmentations",)
MEND = "correct it; --debug shows where"
LONGEST = 300  # characters that are shown of an error


def plugin_names(groups: Sequence[str]) -> list[str]:
    """Return the names, as ``plugin:NAME``, of all that packages bring in groups; nothing is imported."""
    return sorted({PREFIX + entry.name for group in groups for entry in entry_points(group=group)})


def find_plugin(name: str, groups: Sequence[str]) -> EntryPoint:
    """Return the entry point that a name stands for; nothing is imported.

    Args:
        name: What follows ``plugin:``.
        groups: Where it may stand.

    Raises:
        UserError: No installed package has it, or there are several.
    """
    found = [entry for group in groups for entry in entry_points(group=group, name=name)]
    if not found:
        problem = f"no installed package has the entry point '{name}' in the group {' or '.join(groups)}"
        remedy = "install the package that brings it, which environment.json of a run names"
        known = [each.removeprefix(PREFIX) for each in plugin_names(groups)]
        raise UserError(problem, f"{remedy}; {nearest(name, known)}" if known else remedy)
    if len(found) > 1:
        places = " and ".join(f"that of {package_of(entry)} in {entry.group}" for entry in found)
        raise UserError(f"'{PREFIX}{name}' may mean {places}", "rename or uninstall one")
    return found[0]


def package_of(entry: EntryPoint) -> str:
    """Return the name of the installed package that an entry point comes from."""
    assert entry.dist is not None  # which an entry point that was found always has
    return entry.dist.name


def made_by_plugin(name: str, groups: Sequence[str], **arguments: int) -> tuple[Any, str]:
    """Import a factory and return what it makes, and where it stands, for messages.

    Args:
        name: What follows ``plugin:``.
        groups: Where it may stand.
        arguments: What the factory takes, such as ``num_classes=7``.

    Raises:
        UserError: There is no such entry point, it cannot be imported, or it fails.
    """
    entry = find_plugin(name, groups)
    with blamed(f"'{PREFIX}{name}' cannot be imported from {entry.value}", f"install its package again, or {MEND}"):
        factory = entry.load()
    purpose = " and ".join(f"{value} {key.removeprefix('num_')}" for key, value in arguments.items())
    with blamed(f"{entry.value} cannot build '{PREFIX}{name}'{purpose and f' for {purpose}'}"):
        return factory(**arguments), entry.value


@contextmanager
def blamed(what: str, remedy: str = MEND) -> Iterator[None]:
    """Say in one sentence what an error in somebody else's code has stopped, with the error's type and text.

    What that code prints goes to stderr, for stdout belongs to results.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except Exception as error:  # anything may be wrong with it
        text = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")
        raise UserError(f"{what}: {text if len(text) <= LONGEST else f'{text[:LONGEST]} …'}", remedy) from error
