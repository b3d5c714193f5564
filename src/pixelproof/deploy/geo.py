"""The geospatial libraries, which come with the extra ``geo``: everything in this package takes them from here."""

from __future__ import annotations

import logging
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.errors import UserError

try:
    import rasterio
    import rasterio.features
    import rasterio.shutil
    import rasterio.warp
    import shapely
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    if find_spec("pyogrio") is None:  # imported where it is needed: it brings pandas, and few maps want polygons
        raise ModuleNotFoundError(name="pyogrio")
except ModuleNotFoundError as missing:
    raise UserError(f"maps need {missing.name}, which is not installed", "pip install 'pixelproof[geo]'") from missing

__all__ = ["RasterioError", "located", "open_raster", "rasterio", "shapely"]

# GDAL's complaints are told in our own sentences; without a handler they would reach stderr as well.
logging.getLogger("rasterio").addHandler(logging.NullHandler())


Float = npt.NDArray[np.float64]


def open_raster(path: Path, driver: str | None = None, mode: str = "r") -> Any:
    """Return an open raster; that it lies nowhere on Earth is no reason for a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, mode, driver=driver)


def located(transform: Any, columns: Float, rows: Float) -> tuple[Float, Float]:
    """Return the coordinates of points given in pixels from the upper left corner."""
    # Written out, because the operator that applies a transform differs between versions of affine.
    a, b, c, d, e, f, *_ = transform
    return a * columns + b * rows + c, d * columns + e * rows + f
