"""Ground with a forest and a lake on it, and what was cut of it put together again."""

import numpy as np
import pyogrio.raw
import rasterio
import shapely
from map_scenes import UTM
from PIL import Image

CRS = "EPSG:32633"
FOREST = [(3.1, 4.2), (61.3, 9.1), (50.2, 70.3), (12.3, 55.1)]
LAKE = [(70.1, 20.2), (99.3, 20.3), (99.1, 88.1), (80.3, 60.2)]


def ground(points):
    """Corners in pixels, x first, as a polygon on the ground."""
    return shapely.Polygon([UTM * point for point in points])


def write_polygons(path, shapes, names, crs=CRS, fields=("kind",), driver=None):
    kind = "Unknown" if {shape.geom_type for shape in shapes} != {"Polygon"} else "Polygon"
    data = [np.array(names, object) for _ in fields]
    wkb = np.array([shapely.to_wkb(shape) for shape in shapes], object)
    pyogrio.raw.write(path, wkb, data, list(fields), geometry_type=kind, crs=crs, driver=driver)
    return path


def middles_within(points, height, width):
    """Which pixels' middles lie in a polygon, by another library than the one that draws masks."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return shapely.contains_xy(shapely.Polygon(points), x, y)


def put_together(folder, height, width, kind="masks"):
    """All tiles of a scene side by side, by where they lie on the ground, and which pixels any of them covers."""
    whole, seen = None, np.zeros((height, width), int)
    for image in sorted((folder / "images").iterdir()):
        with rasterio.open(image) as tile:
            column, row = map(round, ~UTM * (tile.bounds.left, tile.bounds.top))
            place = slice(row, row + tile.height), slice(column, column + tile.width)
            pixels = tile.read()
        if kind == "masks":
            pixels = np.array(Image.open(folder / "masks" / f"{image.stem}.png"))[None]
        whole = np.zeros((len(pixels), height, width), pixels.dtype) if whole is None else whole
        whole[:, *place] = pixels
        seen[place] += 1
    return whole, seen
