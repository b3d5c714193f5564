"""What a user may say about a map, checked before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from pixelproof.config.model import Band
from pixelproof.errors import UserError
from pixelproof.schema import Strict

POLYGONS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON"}
"""Drivers by suffix."""
RASTERS = (".tif", ".tiff")


class Stretch(NamedTuple):
    """The stored values that become black and white."""

    low: float
    high: float
    unit: Literal["value", "percent"] = "value"
    """``percent``: of the values in each band, counted over a sample of the raster."""


class MapSettings(Strict):
    """Everything ``map`` can be told."""

    bands: tuple[Band, ...] | None = None
    """The bands that are the network's channels, counted from 1: red, green and blue, or the one that is grey. None is
    what the raster says, or for a network that was trained on bands, these."""
    nodata: float | None = None
    """Pixels with this value in all bands hold no data; without it, those with the raster's own nodata value. What
    alpha or a mask say holds with both."""
    stretch: Stretch | None = None
    tile: int | None = Field(default=None, ge=1)
    """Side of a tile in pixels, without its halo; None is about 768."""
    polygons: Path | None = None
    """Write the classes as polygons to this GeoPackage or GeoJSON."""
    simplify: float = Field(default=0.0, ge=0.0)
    """Tolerance of the polygons' outlines, in metres, or in pixels where the raster has no CRS."""
    probabilities: Path | None = None
    """Write the classes' probabilities to this GeoTIFF."""
    tta: bool = False
    """Average over the eight flips and quarter turns of each tile, whatever the run was set to."""
    scales: tuple[float, ...] | None = None
    """Average over these sizes of each tile, whatever the run was set to; None is its own."""
    device: str = "auto"
    backend: str | None = None
    """The library that computes: one of ``BACKENDS``; None is ``auto`` for a large raster."""
    overwrite: bool = False

    @field_validator("stretch")
    @classmethod
    def _rising(cls, value: Stretch | None) -> Stretch | None:
        if value is not None and not value.low < value.high:
            raise ValueError("the first value must be less than the second")
        if value is not None and value.unit == "percent" and not (value.low >= 0 and value.high <= 100):
            raise ValueError("percentages lie between 0% and 100%")
        return value

    @field_validator("polygons")
    @classmethod
    def _known_format(cls, value: Path | None) -> Path | None:
        if value is not None and value.suffix.lower() not in POLYGONS:
            raise ValueError(f"{value} must end in .gpkg or .geojson")
        return value

    @field_validator("probabilities")
    @classmethod
    def _geotiff(cls, value: Path | None) -> Path | None:
        if value is not None and value.suffix.lower() not in RASTERS:
            raise ValueError(f"{value} must end in .tif")
        return value

    @model_validator(mode="after")
    def _of_polygons(self) -> MapSettings:
        if self.simplify and self.polygons is None:
            raise ValueError("simplify is for polygons, and none are asked for: name their file")
        return self

    @property
    def beside(self) -> list[Path]:
        """Files that are written beside the map."""
        return [path for path in (self.probabilities, self.polygons) if path is not None]

    def files(self, out: Path) -> list[Path]:
        """Return all files that will be written beside the map ``out``, and itself.

        Raises:
            UserError: Two of them are the same, or the map is no GeoTIFF.
        """
        if out.suffix.lower() not in RASTERS:
            raise UserError(f"the map {out} would be no GeoTIFF", "give --out a name that ends in .tif")
        found = [out, *self.beside]
        if len({path.resolve() for path in found}) < len(found):
            raise UserError(f"{out} is given for two files", "give each its own name")
        return found


def parse_bands(text: str) -> tuple[int, ...]:
    """Return band numbers from "3,2,1".

    Raises:
        UserError: It is anything else.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--bands {text} is not a list of band numbers", "write --bands 3,2,1") from None


def parse_stretch(text: str) -> Stretch:
    """Return the stretch that "0,3000" or "2%,98%" says.

    Raises:
        UserError: It is anything else.
    """
    parts = [part.strip() for part in text.split(",")]
    percent = [part.endswith("%") for part in parts]
    try:
        low, high = (float(part.rstrip("%")) for part in parts)
    except ValueError:
        percent = [True, False]
    if any(percent) != all(percent):
        raise UserError(f"--stretch {text} is not a range", "write --stretch 0,3000 or --stretch 2%,98%")
    return Stretch(low, high, "percent" if all(percent) else "value")
