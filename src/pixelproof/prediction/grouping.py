"""Which of the images that are predicted belong together, as of one patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pixelproof.data.layouts.groups import read_groups
from pixelproof.runs.scenes import scenes_of


def is_table(said: str) -> bool:
    """Return whether a text names a table of groups; else it is a regular expression."""
    return said.lower().endswith(".csv")


def groups_of(files: Mapping[str, Path], said: str) -> dict[str, str]:
    """Return the group of each image by its name; one of which a table says that it has none is called as the image.

    Args:
        files: The image files by the name under which they are predicted.
        said: A table such as ``groups.csv``, whose name ends in ``.csv``, or a regular expression for the names.

    Raises:
        UserError: The table cannot be read, or names an image not at all or not clearly, or the expression is none, or
            finds nothing in a name.
    """
    if not is_table(said):
        return dict(zip(files, scenes_of(files, said), strict=True))
    names: dict[Path, set[str]] = defaultdict(set)
    for name, file in files.items():
        names[file] |= {name, PurePosixPath(name).with_suffix("").as_posix()}
    groups = read_groups(Path(said), names)
    return {name: groups[file] or name for name, file in files.items()}
