"""The embedded demo data: real handwritten digits, and land-cover tiles that are generated with their exact truth."""

from __future__ import annotations

from pathlib import Path

from pixelproof.data.demo.digits import write_digits
from pixelproof.data.demo.landcover import landcover_tile, write_landcover
from pixelproof.errors import UserError, explain_os_error
from pixelproof.runs.atomic import fresh_folder
from pixelproof.runs.files import read_json, write_json

__all__ = ["landcover_tile", "write_demo", "write_digits", "write_landcover"]

_EDITION = 1  # rises with every change of the pictures, so that an older demo folder is not taken for this one
_MARKER = "demo.json"


def write_demo(folder: Path, train: int = 160, validation: int = 40, size: int = 192) -> None:
    """Write ``folder/digits`` and ``folder/landcover``, which appear together or not at all.

    A folder that already holds exactly this demo is left alone.

    Args:
        folder: Where the demo goes; its parents are made.
        train: Number of land-cover tiles to train on.
        validation: Number of land-cover tiles to validate on.
        size: Side of a land-cover tile in pixels.

    Raises:
        UserError: Something else is in the way, or the folder cannot be written.
    """
    folder = folder.absolute()
    recipe = {"edition": _EDITION, "train": train, "validation": validation, "size": size}
    if _is_filled(folder):
        _check(folder, recipe)
        return
    with fresh_folder(folder) as temporary:
        write_digits(temporary / "digits")
        write_landcover(temporary / "landcover", train, validation, size, seed=0)
        write_json(temporary / _MARKER, {**recipe, "images": _count(temporary)})


def _is_filled(folder: Path) -> bool:
    """Return whether a folder is there and not empty."""
    try:
        return folder.exists() and any(folder.iterdir())
    except OSError as error:
        raise explain_os_error(error, folder) from error


def _check(folder: Path, recipe: dict[str, int]) -> None:
    """Refuse a folder that is not exactly this demo."""
    marker = folder / _MARKER
    if not marker.is_file():
        raise UserError(f"{folder} holds other files than the demo data", "choose another folder")
    if read_json(marker) != {**recipe, "images": _count(folder)}:
        raise UserError(f"{folder} holds demo data that is incomplete or of another edition", "delete it and run again")


def _count(folder: Path) -> int:
    return sum(path.suffix in (".png", ".jpg") for path in folder.rglob("*"))
