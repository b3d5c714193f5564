"""``pixelproof pack``: a study for somebody who must check it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pack(
    folder: Annotated[
        Path, typer.Argument(metavar="STUDY", help="A study folder, a run folder, or one that stress wrote.")
    ],
    out: Annotated[Path, typer.Option(help="A new folder.", metavar="DIR")],
    images: Annotated[bool, typer.Option("--images", help="Also take the pictures of the data.")] = False,
) -> None:
    """Copy what a reader needs to check a study and to rebuild its page; no weights, and no pictures of the data."""
    from pixelproof.numbers import counted, room
    from pixelproof.runs.folder import PAGE
    from pixelproof.verbs.pack import PICTURES, pack_folder

    packed = pack_folder(folder, out, images=images)
    print(f"packed {counted(packed.files, 'file')}, {room(packed.size)}")
    hints = {PICTURES: " (--images takes them along)"}
    if packed.left:
        parts = [f"{room(size)} of {kind}{hints.get(kind, '')}" for kind, size in packed.left.items()]
        print(f"left out: {', '.join(parts)}")
    print(out / PAGE)
