"""From raw pixels to a cloud-optimised GeoTIFF: tiled, compressed, with overviews.

GDAL's own COG driver writes it. It reads the raw pixels through a VRT, a text that says what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from pixelproof.array_types import Unsigned
from pixelproof.data.rasters import CACHE
from pixelproof.deploy.geo import CPLE_BaseError, RasterioError, open_raster, rasterio
from pixelproof.deploy.journal import RawFile
from pixelproof.deploy.legend import Legend
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.reading import shown
from pixelproof.errors import UserError

BLOCK = 512
"""Pixels a side; smaller rasters have no overviews."""
OPTIONS = {
    "COMPRESS": "DEFLATE",
    "LEVEL": 9,
    "BLOCKSIZE": BLOCK,
    "BIGTIFF": "IF_SAFER",
    "NUM_THREADS": "ALL_CPUS",
}
TYPES = {"uint8": "Byte", "uint16": "UInt16"}
SMALLEST_CACHE = 2**20
"""Bytes; GDAL takes numbers far below for megabytes."""
STEPS = 250
"""Probabilities are stored in this many steps; 255 is no data."""


@dataclass(frozen=True)
class Meaning:
    """What a file's bands hold.

    Attributes:
        names: Of the bands.
        nodata: Value of pixels without data.
        bands: XML for all bands: colours and classes, or scale.
        overviews: How pixels are combined in overviews.
        tags: Written into the file.
    """

    names: Sequence[str]
    nodata: int
    bands: str
    overviews: str
    tags: dict[str, str]


def classes(legend: Legend, tags: dict[str, str]) -> Meaning:
    """Return the meaning of a map: a palette band of class ids."""
    colors, names = dict(zip(legend.ids, legend.colors, strict=True)), dict(zip(legend.ids, legend.names, strict=True))
    values = range(max(legend.ids) + 1)
    entries = "".join(
        '<Entry c1="{}" c2="{}" c3="{}" c4="255"/>'.format(*colors.get(value, (0, 0, 0))) for value in values
    )
    categories = "".join(f"<Category>{escape(names.get(value, ''))}</Category>" for value in values)
    xml = (
        f"<ColorInterp>Palette</ColorInterp><ColorTable>{entries}</ColorTable>"
        f"<CategoryNames>{categories}</CategoryNames>"
    )
    named = {f"CLASS_{value}": name for value, name in names.items()}
    return Meaning(["class"], legend.nodata, xml, "MODE", tags | named)


def probabilities(legend: Legend, tags: dict[str, str]) -> Meaning:
    """Return the meaning of probabilities: a band for each class, stored as probability = value * scale."""
    return Meaning(legend.names, 255, f"<Offset>0</Offset><Scale>{1 / STEPS}</Scale>", "AVERAGE", tags)


def write_cog(path: Path, raw: RawFile, scene: Scene, meaning: Meaning) -> None:
    """Write raw pixels as a COG with the scene's place on Earth.

    Args:
        path: The file; what GDAL cannot keep inside, the classes' names, goes to ``path`` + ".aux.xml".
        raw: The pixels.
        scene: What was mapped.
        meaning: Of the bands.

    Raises:
        UserError: GDAL cannot write it; a disk that fills is the usual reason.
    """
    bands, height, width = raw.shape
    row = width * raw.dtype.itemsize
    # A cache that holds all pixels would hide how far the second reading of them is.
    cache = max(min(CACHE, bands * height * row // 2), SMALLEST_CACHE)
    path.unlink(missing_ok=True)
    options = OPTIONS | {"OVERVIEW_RESAMPLING": meaning.overviews}
    try:
        # GDAL reads raw bands of a VRT without a file of its own only where this is allowed.
        allowed = rasterio.Env(GDAL_CACHEMAX=cache, GDAL_VRT_RAWRASTERBAND_ALLOWED_SOURCE="ALL")
        with allowed, shown(raw.path, height, row, path, max(height, width) > BLOCK):
            rasterio.shutil.copy(_vrt(raw, scene, meaning), path, driver="COG", **options)
    except (RasterioError, CPLE_BaseError) as error:
        path.unlink(missing_ok=True)
        reason = str(error).splitlines()[0].rstrip(".")
        raise UserError(
            f"{path.name} cannot be written to the disk ({reason})",
            "free some space and run the same command again: it goes on where it was",
        ) from None


def rows_of(path: Path, rows: int) -> Iterator[tuple[int, Unsigned]]:
    """Yield the first band of a GeoTIFF in strips from top to bottom: the first row's number, and values [h, W]."""
    with rasterio.Env(GDAL_CACHEMAX=CACHE), open_raster(path) as data:
        for top in range(0, data.height, rows):
            place = rasterio.windows.Window(0, top, data.width, min(rows, data.height - top))
            yield top, data.read(1, window=place)


def _vrt(raw: RawFile, scene: Scene, meaning: Meaning) -> str:
    """Return the text that makes raw pixels a raster."""
    _, height, width = raw.shape
    bands = "".join(_band(raw, index, name, meaning) for index, name in enumerate(meaning.names))
    return (
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}">{_place(scene)}'
        f"<Metadata>{_items(meaning.tags)}</Metadata>"
        f'<Metadata domain="RPC">{_items(scene.rpc)}</Metadata>{bands}</VRTDataset>'
    )


def _items(values: Mapping[str, str]) -> str:
    return "".join(f"<MDI key={quoteattr(key)}>{escape(value)}</MDI>" for key, value in values.items())


def _band(raw: RawFile, index: int, name: str, meaning: Meaning) -> str:
    _, height, width = raw.shape
    size = raw.dtype.itemsize
    order = "LSB" if np.little_endian else "MSB"
    return (
        f'<VRTRasterBand dataType="{TYPES[raw.dtype.name]}" band="{index + 1}" subClass="VRTRawRasterBand">'
        f"<Description>{escape(name)}</Description><NoDataValue>{meaning.nodata}</NoDataValue>{meaning.bands}"
        f'<SourceFilename relativeToVRT="0">{escape(str(raw.path.resolve()))}</SourceFilename>'
        f"<ImageOffset>{index * height * width * size}</ImageOffset><PixelOffset>{size}</PixelOffset>"
        f"<LineOffset>{width * size}</LineOffset><ByteOrder>{order}</ByteOrder></VRTRasterBand>"
    )


def _place(scene: Scene) -> str:
    """Return where the scene lies: its CRS and transform, or its ground control points."""
    points, points_crs = scene.gcps
    if points and scene.crs is None:
        listed = "".join(
            f'<GCP Id="{index}" Pixel="{p.col!r}" Line="{p.row!r}" X="{p.x!r}" Y="{p.y!r}" Z="{p.z or 0.0!r}"/>'
            for index, p in enumerate(points, 1)
        )
        projection = f" Projection={quoteattr(points_crs.to_wkt())}" if points_crs else ""
        return f"<GCPList{projection}>{listed}</GCPList>"
    srs = f"<SRS>{escape(scene.crs.to_wkt())}</SRS>" if scene.crs is not None else ""
    if scene.transform.is_identity:
        return srs
    a, b, c, d, e, f, *_ = scene.transform
    return f"{srs}<GeoTransform>{c!r}, {a!r}, {b!r}, {f!r}, {d!r}, {e!r}</GeoTransform>"
