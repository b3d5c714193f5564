"""What a user may say about a map, checked before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, TypeAdapter, field_validator, model_validator

from pixelproof.config.bands import Bands, Ranges
from pixelproof.errors import UserError
from pixelproof.schema import Strict

POLYGONS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON"}
"""Drivers by suffix."""
RASTERS = (".tif", ".tiff")


class Stretch(NamedTuple):
    """The stored values that become black and white."""

    ranges: Ranges
    """One for all bands, or one for each."""
    unit: Literal["value", "percent"] = "value"
    """``percent``: of the values in each band, counted over a sample of the raster."""


def _stretch(value: object) -> object:
    """Return ``(0, 3000)``, ``(2, 98, "percent")``, pairs or a text as the stretch that they stand for."""
    if isinstance(value, str):
        return parse_stretch(value)
    if isinstance(value, Stretch) or not isinstance(value, list | tuple):
        return value
    *ranges, unit = value if value and isinstance(value[-1], str) else (*value, "value")
    return Stretch(ranges, unit)  # type: ignore[arg-type]  # checked after this


class MapSettings(Strict):
    """Everything ``map`` can be told."""

    bands: Bands | None = None
    """The bands that are the network's channels, counted from 1: red, green and blue, or the one that is grey. None is
    what the raster says, or for a network that was trained on bands, these."""
    nodata: float | None = None
    """Pixels with this value in all bands hold no data; without it, those with the raster's own nodata value. What
    alpha or a mask say holds with both."""
    stretch: Annotated[Stretch | None, BeforeValidator(_stretch)] = None
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
    def _within(cls, value: Stretch | None) -> Stretch | None:
        ends = value.ranges if value is not None and value.unit == "percent" else ()
        if not all(low >= 0 and high <= 100 for low, high in ends):
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
            raise UserError(f"the map {out} does not end in .tif", "give --out a name that does: a map is a GeoTIFF")
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
    """Return the stretch that "0,3000", "2%,98%" or, with a pair for each band, "0,3000,0,6000" says.

    Raises:
        UserError: It is anything else.
    """
    parts = [part.strip() for part in text.split(",")]
    percent = {part.endswith("%") for part in parts}
    try:
        ranges = TypeAdapter(Ranges).validate_python([part.removesuffix("%") for part in parts])
    except ValueError:
        ranges = ()
    if not ranges or len(percent) > 1:
        remedy = "write --stretch 0,3000 or --stretch 2%,98%, or two values for each band"
        raise UserError(f"--stretch {text} is not a range", remedy)
    return Stretch(ranges, "percent" if percent == {True} else "value")
