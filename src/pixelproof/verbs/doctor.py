"""``doctor``: what is wrong with a data set, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.config import ModelConfig
from pixelproof.data.doctor import Diagnosis, examine
from pixelproof.data.reader import ImageReader
from pixelproof.errors import UserError
from pixelproof.runs.files import AnyPath
from pixelproof.schema import parse


def examine_data(
    data: AnyPath,
    *,
    bands: str | Sequence[int] | None = None,
    stretch: str | Sequence[float] | Sequence[Sequence[float]] | None = None,
) -> Diagnosis:
    """Examine a data set.

    Args:
        data: The folder.
        bands: Read the images by these bands, counted from 1, as a network will; a list, or "3,2,1".
        stretch: Stored values that are black and white: a pair, or one for each band; a list, or "0,3000".

    Raises:
        UserError: The folder cannot be read as a data set, or bands or stretch are refused.
    """
    if stretch and not bands:
        raise UserError("--stretch is for bands, and none are named", "give --bands, too, such as --bands 1,2,3")
    model = parse(ModelConfig, {"name": "", "bands": bands, "stretch": stretch}, "doctor")
    return examine(Path(data), ImageReader.of(model))
