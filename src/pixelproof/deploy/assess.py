"""``assess``: how good maps are, and how much of each class there truly is, from points that somebody has looked up."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Bool, Int64
from pixelproof.deploy.chips import lies
from pixelproof.deploy.class_map import ClassMap
from pixelproof.deploy.geo import CPLE_BaseError, located, rasterio, transformed
from pixelproof.deploy.tally import HECTARE
from pixelproof.errors import UserError
from pixelproof.evaluation.assessment import Assessment, Estimate, PointSample, assess
from pixelproof.labels import VOID
from pixelproof.numbers import counted, first_of
from pixelproof.progress import say
from pixelproof.runs.files import AnyPath, Paths, as_paths
from pixelproof.runs.points_folder import DESIGN, NOBODY, POINTS, Design, load_design, load_truth

OF_CLASSES = ("users", "producers", "iou")
NAMES = {"users": "users_accuracy", "producers": "producers_accuracy", "overall": "overall_accuracy"}
"""What measures are called in JSON where that is another name."""


def assess_map(points: AnyPath, map: Paths = (), truth: AnyPath | None = None, seed: int = 0) -> dict[str, Any]:
    """Return how good the map is that points were drawn from, and other maps of the same ground, as plain data.

    Args:
        points: The folder that ``sample`` has written.
        map: Other maps, with classes of the same names.
        truth: The table with the truth, by default ``points.csv`` in the folder.
        seed: Of the intervals.

    Raises:
        UserError: The table is wrong or says too little, or another map has other classes, or no data at a point.
    """
    folder = Path(points)
    design = load_design(folder)
    table = folder / POINTS if truth is None else Path(truth)
    said = load_truth(table, design)
    known = np.array([each not in (None, NOBODY) for each in said])
    sample = _sample(table, design, said, known)
    own = assess(sample, seed=seed)
    return {
        "map": design.map,
        "points": {"drawn": len(said), "with_truth": int(known.sum()), "unclear": said.count(NOBODY)},
        "areas": design.areas,
        **_facts(design, own, sample),
        "others": [_other(path, design, sample, known, seed) for path in as_paths(map)],
    }


def _sample(table: Path, design: Design, said: Sequence[int | None], known: Bool) -> PointSample:
    drawn = np.array([point.mapped for point in design.points])
    areas = np.array([each.area for each in design.classes])
    for place in set(drawn.tolist()) - set(drawn[known].tolist()):
        here, name = [said[point] for point in np.flatnonzero(drawn == place).tolist()], design.names[place]
        if None in here:
            problem = f"{table} says of no point where the map says '{name}' what is there"
            raise UserError(problem, "look up more of the first points, or all")
        say(f"warning: nobody can tell what is where the map says '{name}', so its ground is left out")
        areas[place] = 0
    if not areas.any():
        raise UserError(f"{table} says of no point what is there", "look some up")
    weights = np.array([point.weight for point in design.points])[known]
    truth = np.array([each for each in said if each not in (None, NOBODY)])
    return PointSample(areas / areas.sum(), drawn[known], truth, weights)


def _facts(design: Design, found: Assessment, sample: PointSample) -> dict[str, Any]:
    counts = np.bincount(sample.drawn, minlength=len(design.classes)).tolist()
    hectares = sum(each.area for each in design.classes) / HECTARE if design.areas else None
    classes = {}
    for k, name in enumerate(design.names):
        values: dict[str, Any] = {"points": counts[k]}
        for key in ("mapped", "true"):
            share = _at(found.measures[key], k)
            values[f"{key}_share"] = share
            values[f"{key}_hectares"] = _scaled(share, hectares)
        values |= {NAMES.get(key, key): _at(found.measures[key], k) for key in OF_CLASSES}
        classes[name] = values
    whole = {NAMES.get(key, key): _at(found.measures[key]) for key in ("overall", "miou")}
    return {"classes": classes, **whole, "error_matrix": found.matrix.tolist()}


def _other(path: Path, design: Design, sample: PointSample, known: Bool, seed: int) -> dict[str, Any]:
    """Return how good another map is, and by how much it is better than the one the points were drawn from."""
    with closing(ClassMap(path)) as other:
        mapped = _mapped(other, design)[known]
    if missing := int((mapped == VOID).sum()):
        problem = f"{path} holds no data at {counted(missing, 'point')} of {len(mapped):,}"
        raise UserError(problem, "draw points from a map of the ground that both show")
    found = assess(sample, mapped, seed)
    gains = {NAMES.get(key, key): _at(gain) for key, gain in found.gains.items()}
    return {"map": str(path), **_facts(design, found, sample), "gains": gains}


def _mapped(other: ClassMap, design: Design) -> Int64:
    """Return the class, by its place in the design, that another map has at each point; ``VOID`` without data."""
    found = other.at(*_pixels(other, design))
    places = {(each.name if other.named else each.id): place for place, each in enumerate(design.classes)}
    meant = np.full(256, VOID)
    for index in set(found.tolist()) - {VOID}:
        theirs = other.scheme.classes[index]
        if (place := places.get(theirs.name if other.named else theirs.id)) is None:
            known = first_of(design.names, 5)
            problem = f"{other.path} has the class '{theirs.name}' at a point, and the points know {known}"
            raise UserError(problem, "give a map of the same classes")
        meant[index] = place
    return meant[found]


def _pixels(other: ClassMap, design: Design) -> tuple[Int64, Int64]:
    """Return columns and rows of another map's pixels in which the points lie, [N] each."""
    columns, rows = (np.array([getattr(point, name) for point in design.points]) for name in ("column", "row"))
    if design.crs is None or design.transform is None or not lies(other):
        if (design.height, design.width) == (other.height, other.width):
            return columns, rows
        problem = f"nothing says how {other.path} lies on {design.map}, which has another size"
        raise UserError(problem, "give a map with a CRS and a transform, or one of the same pixels")
    x, y = located(design.transform, columns.astype(np.float64) + 0.5, rows.astype(np.float64) + 0.5)
    x, y = transformed(_crs(design.crs), other.crs, x, y)
    with np.errstate(invalid="ignore"):  # of what is off the Earth
        places = located(~other.transform, x, y)
    columns, rows = (np.floor(np.where(np.isfinite(place), place, -1)).astype(np.int64) for place in places)
    return columns, rows


def _crs(wkt: str) -> Any:
    try:
        with rasterio.Env():  # which keeps GDAL's own words from stderr
            return rasterio.crs.CRS.from_wkt(wkt)
    except (ValueError, CPLE_BaseError):  # rasterio's own error is a ValueError
        raise UserError(f"the CRS of {DESIGN} cannot be read", "draw the points again") from None


def _at(estimate: Estimate, *place: int) -> dict[str, float | None]:
    values = {"estimate": estimate.value, "low": estimate.low, "high": estimate.high}
    return {key: float(value[place]) if np.isfinite(value[place]) else None for key, value in values.items()}


def _scaled(share: dict[str, float | None], factor: float | None) -> dict[str, float | None] | None:
    if factor is None:
        return None
    return {key: None if value is None else value * factor for key, value in share.items()}
