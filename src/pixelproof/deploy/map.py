"""``map``: a raster of any size in, a land-cover map out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Unsigned
from pixelproof.deploy.areas import Ground
from pixelproof.deploy.cog import classes, probabilities, write_cog
from pixelproof.deploy.journal import Journal, RawFile, begun, moving, note_moving
from pixelproof.deploy.map_job import MapJob
from pixelproof.deploy.pipeline import Behind, ahead
from pixelproof.deploy.polygons import polygons
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.settings import MapSettings
from pixelproof.deploy.tally import tally
from pixelproof.deploy.vectors import check_polygons, write_polygons
from pixelproof.errors import UserError, explain_os_error, require_utf8
from pixelproof.progress import bar, say, track
from pixelproof.runs import Run, atomic
from pixelproof.runs.atomic import require_writable
from pixelproof.runs.files import AnyPath
from pixelproof.runs.leftovers import remove_leftovers
from pixelproof.runs.names import check_names
from pixelproof.schema import parse
from pixelproof.windows import Tile

STRIP = 2**22  # pixels that are turned into polygons at once


def map_scene(run: AnyPath, scene: AnyPath, out: AnyPath, **options: Any) -> dict[str, Any]:
    """Map a raster with the network of a run and return what came out as plain data.

    A map that was interrupted goes on where it was when the same call is made again.

    Args:
        run: Folder of a run trained for segmentation.
        scene: GeoTIFF, PNG, JPEG, JPEG 2000 or VRT.
        out: The map, a cloud-optimised GeoTIFF with the scheme's ids and colours.
        **options: The fields of ``MapSettings``.

    Raises:
        UserError: Something cannot be read, used or written; nothing half-written stands under a final name.
        Refusal: The backend named does not compute the same as the network.
    """
    started = time.monotonic()
    settings, out = parse(MapSettings, options, "map"), Path(out)
    require_utf8(Path(scene))
    check_names(settings.files(out))
    _keep_raster(settings, out, [Path(scene)])
    _refuse_overwriting(settings, out)
    with MapJob.open(Run.open(Path(run)), Path(scene), settings, begun(out)) as job:
        _keep_raster(settings, out, job.scene.files)
        if settings.polygons:
            check_polygons(settings.polygons, job.scene)
        seams = job.seams()
        _warn(job, seams)
        for path in settings.beside:
            require_writable(path)
        _refuse_overwriting(settings, out)  # another process may have finished it meanwhile
        journal = Journal(out, job.made_from(), changed="raster", anew=settings.overwrite)
        try:
            for path in settings.beside:
                remove_leftovers(path)
            shape = (job.scene.height, job.scene.width)
            pixels = journal.raw("map.raw", (1, *shape), job.legend.dtype)
            chances = None
            if settings.probabilities:
                chances = journal.raw("probabilities.raw", (len(job.legend.ids), *shape), np.dtype(np.uint8))
            work = _compute(job, journal, pixels, chances)
            facts = _finish(job, journal.folder, pixels, chances, out)
        except OSError as error:
            raise explain_os_error(error, out) from error
        finally:
            journal.close()
        journal.remove()
        work["seconds"] = {"total": time.monotonic() - started, "network": work.pop("network")}
        return _scene_facts(job, out) | facts | {"tiling": seams | work.pop("tiling")} | work


def _compute(job: MapJob, journal: Journal, pixels: RawFile, chances: RawFile | None) -> dict[str, Any]:
    """Compute the tiles that are missing; return how many they were, and the seconds spent in the network."""
    todo = [(number, tile) for number, tile in enumerate(job.tiles) if number not in journal.finished]
    done, network, empty = len(job.tiles) - len(todo), 0.0, 0
    if done:
        say(f"going on: {done} of {len(job.tiles)} tiles are done")
    with bar("map", len(job.tiles), "tiles", done) as step, Behind() as write:
        for (number, tile), (image, valid) in ahead(lambda item: job.read(item[1].seen), todo):
            start = time.perf_counter()
            logits = job.predictor.logits([image])[0] if valid[tile.inside].any() else None
            network += time.perf_counter() - start
            empty += logits is None
            planes = [(pixels, job.values(tile, logits, valid))]
            if chances:
                planes.append((chances, job.chances(tile, logits, valid)))
            write(partial(_store, journal, number, tile, planes))
            step()
    return {"network": network, "tiling": {"computed": len(todo), "empty": empty, "continued": done}}


def _store(journal: Journal, number: int, tile: Tile, planes: list[tuple[RawFile, Unsigned]]) -> None:
    for file, values in planes:
        file.write(tile.kept, values)
    journal.finish(number)


def _finish(job: MapJob, folder: Path, pixels: RawFile, chances: RawFile | None, out: Path) -> dict[str, Any]:
    """Write everything that was asked for under its final name, the map last; return classes and files."""
    scene, legend, settings = job.scene, job.legend, job.settings
    ground = _ground(scene)
    draft = folder / out.name
    say("compress the map and add overviews")
    write_cog(draft, pixels, scene, classes(legend, job.tags()))
    facts, count = tally(draft, pixels, legend, ground), None
    with ExitStack() as files:  # so that the same command can be given again until everything is there
        if settings.probabilities and chances:
            say("compress the probabilities and add overviews")
            temporary = files.enter_context(atomic(settings.probabilities))
            write_cog(temporary, chances, scene, probabilities(legend, job.tags()))
        if settings.polygons:
            tolerance = settings.simplify / (ground.pixel_side if ground.method else 1.0)
            found = polygons(track(_strips(pixels), "polygons", _strip_count(pixels), "strips"), tolerance)
            count = write_polygons(files.enter_context(atomic(settings.polygons)), found, scene, legend, ground)
        note_moving(folder, settings.beside)
    for name in (f"{out.name}.aux.xml", out.name):
        (folder / name).replace(out.with_name(name))
    return facts | {
        "probabilities": str(settings.probabilities) if settings.probabilities else None,
        "polygons": {"file": str(settings.polygons), "count": count} if settings.polygons else None,
    }


def _ground(scene: Scene) -> Ground:
    return Ground(scene.crs, scene.transform, scene.height, scene.width)


def _strips(pixels: RawFile) -> Iterator[tuple[int, Unsigned]]:
    _, height, width = pixels.shape
    rows = max(STRIP // width, 1)
    for top in range(0, height, rows):
        yield top, pixels.rows(top, min(rows, height - top))


def _strip_count(pixels: RawFile) -> int:
    return -(-pixels.shape[1] // max(STRIP // pixels.shape[2], 1))


def _scene_facts(job: MapJob, out: Path) -> dict[str, Any]:
    scene = job.scene
    return {
        "map": str(out),
        "scene": {
            "file": str(scene.path),
            "size": [scene.width, scene.height],
            "crs": scene.crs.to_string() if scene.crs is not None else None,
            "bands": list(scene.bands),
            "scaling": str(scene.scaling),
        },
        "nodata": job.legend.nodata,
        "backend": job.backend,
    }


def _warn(job: MapJob, seams: dict[str, Any]) -> None:
    scene = job.scene
    say(scene.reading)
    if scene.doubt:
        say(f"warning: {scene.doubt}")
    if doubt := _ground(scene).doubt:
        say(f"warning: {scene.path}: {doubt}")
    if not seams["equals_whole_image"]:
        high, wide = seams["sample"]
        say(
            "warning: this network sees the whole image, so tiles cannot give exactly the same: in a sample of "
            f"{wide:,} x {high:,} pixels {seams['differing_share']:.2%} differ; a larger --tile brings both closer"
        )


def _refuse_overwriting(settings: MapSettings, out: Path) -> None:
    # Between the moves of the last files, a kill leaves the first; the journal says that they are ours.
    described, ours = [] if begun(out) else [out.with_name(f"{out.name}.aux.xml")], moving(out)
    for path in [*settings.files(out), *described]:
        if path.is_dir():
            raise UserError(f"{path} is a folder", "give the name of a file")
        if path.exists() and not settings.overwrite and path.resolve() not in ours:
            raise UserError(f"{path} already exists", "choose another name or give --overwrite")
        for ending in ("-wal", "-journal"):
            # SQLite would write what stands in it into the new file.
            if path.suffix.lower() == ".gpkg" and (beside := path.with_name(path.name + ending)).exists():
                raise UserError(f"{path} is open in another program, for {beside.name} is there", "close it there")


def _keep_raster(settings: MapSettings, out: Path, files: Sequence[Path]) -> None:
    """Refuse to overwrite what is read."""
    for path in settings.files(out):
        if path.exists() and any(file.exists() and path.samefile(file) for file in files):
            raise UserError(f"{path} is the raster itself, or a part of it", "give another name for what is written")
