"""``assess``: how good maps are, and how much of each class there truly is, from points that somebody has looked up."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.deploy.class_map import ClassMap
from pixelproof.deploy.geo import CPLE_BaseError, lies, located, rasterio, transformed
from pixelproof.errors import UserError
from pixelproof.evaluation.assessment import Assessment, Estimates, PointSample, assess
from pixelproof.labels import VOID
from pixelproof.numbers import HECTARE, counted, first_of
from pixelproof.progress import say
from pixelproof.report.out_folder import require_place
from pixelproof.runs.assessment_file import FILE, AssessedMap, AssessmentRecord, Gains, Looked, save_assessment
from pixelproof.runs.fields import Estimate
from pixelproof.runs.files import AnyPath, Paths, as_paths
from pixelproof.runs.folder import PAGE
from pixelproof.runs.points_folder import DESIGN, NOBODY, POINTS, Design, load_design, load_truth

OF_CLASSES = {"users_accuracy": "users", "producers_accuracy": "producers", "iou": "iou"}
OF_MAPS = {"overall_accuracy": "overall", "miou": "miou"}
"""Measures by what records call them."""


def assess_map(
    points: AnyPath,
    map: Paths = (),
    truth: AnyPath | None = None,
    seed: int = 0,
    out: AnyPath | None = None,
    overwrite: bool = False,
) -> AssessmentRecord:
    """Return how good the map is that points were drawn from, and other maps of the same ground.

    Args:
        points: The folder that ``sample`` has written.
        map: Other maps, with classes of the same names.
        truth: The table with the truth, by default ``points.csv`` in the folder.
        seed: Of the intervals.
        out: Folder for ``assessment.json`` and its page, ``report.html``; that of the points will do.
        overwrite: Replace what is there.

    Raises:
        UserError: The table is wrong or says too little, another map has other classes, or no data at a point, or
            ``out`` holds an assessment already.
    """
    folder = Path(points)
    if out is not None:
        require_place(Path(out), [Path(out) / name for name in (FILE, PAGE)], overwrite)
    design = load_design(folder)
    table = folder / POINTS if truth is None else Path(truth)
    said = load_truth(table, design)
    known = np.array([each not in (None, NOBODY) for each in said])
    areas, left_out = _areas(table, design, said, known)
    sample = _sample(design, areas, said, known)
    record = AssessmentRecord(
        **_figures(design.map, design, assess(sample, None, seed, _places(design, left_out)), sample, areas, left_out),
        points=Looked(drawn=len(said), with_truth=int(known.sum()), unclear=said.count(NOBODY)),
        areas=design.areas,
        seed=seed,
        left_out=left_out,
        others=tuple(_other(path, design, sample, areas, known, seed, left_out) for path in as_paths(map)),
        design=design,
        truth=tuple(said),
    )
    if out is not None:
        # Here, not above: what draws pages takes a moment to load.
        from pixelproof.report.page import build_report

        save_assessment(Path(out) / FILE, record)
        build_report(out)
    return record


def _areas(table: Path, design: Design, said: Sequence[int | None], known: Bool) -> tuple[Float64, tuple[str, ...]]:
    """Return the area of each class as the map has it, [K], 0 where it is left out, and which those are."""
    drawn = np.array([point.mapped for point in design.points])
    areas, left_out = np.array([each.area for each in design.classes]), list[str]()
    for place in sorted(set(drawn.tolist()) - set(drawn[known].tolist())):
        here, name = [said[point] for point in np.flatnonzero(drawn == place).tolist()], design.names[place]
        if None in here:
            problem = f"{table} says of no point where the map says '{name}' what is there"
            raise UserError(problem, "look up more of the first points, or all")
        say(f"warning: nobody can tell what is where the map says '{name}', so its ground is left out")
        areas[place] = 0
        left_out.append(name)
    if not areas.any():
        raise UserError(f"{table} says of no point what is there", "look some up")
    return areas, tuple(left_out)


def _sample(design: Design, areas: Float64, said: Sequence[int | None], known: Bool) -> PointSample:
    drawn, weights = (np.array([getattr(point, key) for point in design.points]) for key in ("mapped", "weight"))
    truth = np.array([each for each in said if each not in (None, NOBODY)])
    return PointSample(areas / areas.sum(), drawn[known], truth, weights[known])


def _figures(
    name: str, design: Design, found: Assessment, sample: PointSample, areas: Float64, hidden: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the fields of an ``AssessedMap``; what it shows of classes that are ``hidden`` is not known."""
    counts = np.bincount(sample.drawn, minlength=len(design.classes)).tolist()
    hectares = float(areas.sum()) / HECTARE if design.areas else None
    classes = {}
    for k, called in enumerate(design.names):
        values: dict[str, Estimate | None] = {}
        for key in ("mapped", "true"):
            unknown = key == "mapped" and called in hidden
            values[f"{key}_share"] = share = Estimate(value=None) if unknown else _at(found.measures[key], k)
            values[f"{key}_hectares"] = _scaled(share, hectares)
        values |= {key: _at(found.measures[measure], k) for key, measure in OF_CLASSES.items()}
        classes[called] = {"points": counts[k]} | values
    whole = {key: _at(found.measures[measure]) for key, measure in OF_MAPS.items()}
    return {"map": name, "classes": classes, **whole, "error_matrix": np.clip(found.matrix, 0, 1).tolist()}


def _other(
    path: Path,
    design: Design,
    sample: PointSample,
    areas: Float64,
    known: Bool,
    seed: int,
    left_out: Sequence[str],
) -> AssessedMap:
    """Return how good another map is, and by how much it is better than the one the points were drawn from."""
    with closing(ClassMap(path)) as other:
        mapped = _mapped(other, design)[known]
    if missing := int((mapped == VOID).sum()):
        problem = f"{path} holds no data at {counted(missing, 'point')} of {len(mapped):,}"
        raise UserError(problem, "draw points from a map of the ground that both show")
    found = assess(sample, mapped, seed, _places(design, left_out))
    gains = Gains(**{key: _at(found.gains[measure], least=-1.0) for key, measure in OF_MAPS.items()})
    return AssessedMap(**_figures(str(path), design, found, sample, areas), gains=gains)


def _places(design: Design, names: Sequence[str]) -> list[int]:
    return [design.names.index(name) for name in names]


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


def _at(found: Estimates, *place: int, least: float = 0.0) -> Estimate:
    values = {key: float(each[place]) for key, each in vars(found).items()}
    # Sums of shares may be a rounding error more than all.
    return Estimate(**{key: min(max(each, least), 1.0) if np.isfinite(each) else None for key, each in values.items()})


def _scaled(share: Estimate, factor: float | None) -> Estimate | None:
    if factor is None:
        return None
    return Estimate(**{key: None if value is None else value * factor for key, value in share.model_dump().items()})
