"""Rasters of any number of bands, read by GDAL, which the extra ``geo`` brings. Input is hostile until it is read."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.data.scaling import refuse_complex
from pixelproof.errors import UserError, explain_os_error

__all__ = [
    "CACHE",
    "HOW",
    "CPLE_BaseError",
    "MemoryFile",
    "RasterioError",
    "driver_of",
    "explained",
    "in_memory",
    "is_raster",
    "open_raster",
    "opened_raster",
    "rasterio",
    "read_bands",
    "type_of_bands",
]

HOW = "install the extra: pip install -c constraints.txt -e '.[geo]'"
try:
    import rasterio
    import rasterio.warp
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import NotGeoreferencedWarning, RasterioError
    from rasterio.io import MemoryFile
except ModuleNotFoundError as missing:
    raise UserError(f"rasters need {missing.name}, which is not installed", HOW) from missing

# GDAL's complaints are told in our own sentences; without a handler they would reach stderr as well.
logging.getLogger("rasterio").addHandler(logging.NullHandler())

VRT = "VRT"
"""A raster made of other files, which only a user's own word leads to."""
DRIVERS = {
    b"II*\0": "GTiff",
    b"MM\0*": "GTiff",
    b"II+\0": "GTiff",
    b"MM\0+": "GTiff",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"<VRTDataset": VRT,
    b"\0\0\0\x0cjP  ": "JP2OpenJPEG",
}
"""What GDAL may read, by the first bytes: some of its other readers fetch from networks or are little tested."""
HEAD = 512
"""Bytes that tell the format of a file."""
MOST_VALUES = 500_000_000
"""Values of the largest image that is read as a whole, about those of the largest that Pillow opens."""
CACHE = 64 * 2**20
"""Bytes that GDAL may keep of decoded blocks; its default grows with the machine."""


def open_raster(path: Path | str, driver: str | None = None, mode: str = "r") -> Any:
    """Return an open raster; that it lies nowhere on Earth is no reason for a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, mode, driver=driver)


@contextmanager
def in_memory(memory: Any, **how: Any) -> Iterator[Any]:
    """Give the open raster of a file in memory, as ``open_raster`` does of others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(**how) as raster:
            yield raster


def driver_of(path: Path) -> str:
    """Return the GDAL driver for a file by its first bytes.

    Raises:
        UserError: The file is missing, may not be read or is of another format.
    """
    try:
        if not path.is_file():
            raise UserError(
                f"{path} does not exist" if not path.exists() else f"{path} is not a file", "give a raster file"
            )
        with path.open("rb") as file:
            return _driver(path, file.read(HEAD))
    except OSError as error:
        raise explain_os_error(error, path) from error


def is_raster(path: Path) -> bool:
    """Return whether a file begins as a raster that is read does."""
    try:
        return bool(driver_of(path))
    except UserError:
        return False


@contextmanager
def explained(path: Path | str, where: str = "", cache: int = CACHE) -> Iterator[None]:
    """Turn whatever GDAL raises about a raster into one sentence.

    Args:
        path: What messages call it.
        where: In which part of it, for messages.
        cache: Bytes that GDAL may keep of decoded blocks.
    """
    try:
        # Reading a PNG at once, GDAL does not notice that its end is missing; row by row it does.
        with rasterio.Env(GDAL_CACHEMAX=cache, GDAL_PNG_WHOLE_IMAGE_OPTIM=False), np.errstate(invalid="ignore"):
            yield
    except RasterioError as error:
        missing = f" ({error})" if "does not exist" in str(error) else ""
        raise UserError(f"{path} is truncated or damaged{where}{missing}", "copy or export it again") from None


@contextmanager
def opened_raster(path: Path | str, data: bytes | None = None) -> Iterator[Any]:
    """Give the open raster of an image of a data set, and turn whatever GDAL raises until the end into one sentence.

    Args:
        path: The file, or with ``data`` what messages call it.
        data: The file's bytes, where it is not to be read from ``path``.

    Raises:
        UserError: The file is missing, damaged, of another format or made of other files.
    """
    driver = driver_of(Path(path)) if data is None else _driver(path, data[:HEAD])
    if driver == VRT:
        raise UserError(f"{path} is made of other files", "save it as a GeoTIFF")
    with explained(path):
        if data is None:
            with open_raster(path, driver) as raster:
                yield raster
        else:
            with MemoryFile(data) as memory, in_memory(memory, driver=driver) as raster:
                yield raster


def read_bands(path: Path | str, raster: Any, bands: Sequence[int]) -> npt.NDArray[Any]:
    """Return the stored values of some bands, [bands, h, w].

    Raises:
        UserError: A band is missing, they are of different types or complex, or hold too many values.
    """
    refuse_complex(path, type_of_bands(path, raster, bands))
    if (count := raster.height * raster.width * len(bands)) > MOST_VALUES:
        raise UserError(f"{path} has {count:,} values in {len(bands)} bands", "cut it up")
    values: npt.NDArray[Any] = raster.read(list(bands))
    return values


def type_of_bands(path: Path | str, raster: Any, bands: Sequence[int], remedy: str = "") -> str:
    """Return the type of the values of some bands, such as "uint16".

    Raises:
        UserError: A band is missing, or they are of different types.
    """
    if max(bands) > raster.count:
        have = f"{raster.count} band{'s' * (raster.count > 1)}"
        read = f"its images are read by bands {', '.join(map(str, bands))}: give such, or correct bands"
        raise UserError(f"{path} has {have}, no band {max(bands)}", remedy or read)
    kinds: set[str] = {raster.dtypes[band - 1] for band in bands}
    if len(kinds) > 1:
        raise UserError(f"{path} has bands of different types: {', '.join(sorted(kinds))}", "convert them to the same")
    return kinds.pop()


def _driver(path: Path | str, head: bytes) -> str:
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n")  # a byte-order mark, as Windows writes it before text
    if head.startswith(b"<?xml"):
        head = head[head.find(b"<VRTDataset") :]
    if not head:
        raise UserError(f"{path} is an empty file", "copy or export it again")
    found = next((driver for start, driver in DRIVERS.items() if head.startswith(start)), None)
    if found is None:
        raise UserError(f"{path} is not a GeoTIFF, PNG, JPEG or JPEG 2000", "convert it, for example to GeoTIFF")
    return found
