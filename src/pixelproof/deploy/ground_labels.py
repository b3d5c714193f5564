"""What is known of the ground of scenes: polygons, a raster of classes, or a folder with a raster for each scene."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from pixelproof.array_types import Bool, UInt8
from pixelproof.data.images import refuse_orientation
from pixelproof.data.layouts.listing import IMAGE_SUFFIXES, images_in, unread_in
from pixelproof.data.layouts.masks import without_masks
from pixelproof.data.layouts.partners import IMAGE_STEM, MASK_STEM, base_stem
from pixelproof.data.rasters import is_raster
from pixelproof.deploy.class_map import ClassMap
from pixelproof.deploy.geo import lies
from pixelproof.deploy.polygon_file import HEADS, KNOWN
from pixelproof.deploy.polygon_labels import PolygonLabels
from pixelproof.deploy.sheet import Sheet
from pixelproof.errors import UserError
from pixelproof.labels import VOID, LabelScheme
from pixelproof.labels.scheme import LabelClass
from pixelproof.numbers import counted, first_of
from pixelproof.progress import say, track
from pixelproof.runs.labels_file import read_labels_for
from pixelproof.schema import parse
from pixelproof.windows import Window

KINDS = (*sorted(IMAGE_SUFFIXES), ".jp2")
"""Of files in a folder that are taken for rasters; one made of others (VRT) only where somebody names it."""
SHOWN = 3
"""Names that a message shows."""


@dataclass(frozen=True)
class GroundLabels:
    """Labels of scenes.

    Attributes:
        path: The file or folder.
        scenes: Those that have labels.
        scheme: The classes of all.
        of: Gives the labels of a scene.
        polygons: How many there are of each class; empty where they are rasters.
        unnamed: How many polygons name no class, and are left out.
    """

    path: Path
    scenes: list[Path]
    scheme: LabelScheme
    of: Callable[[Path], AbstractContextManager[PolygonLabels | ClassMap]]
    polygons: dict[str, int] = field(default_factory=dict)
    unnamed: int = 0

    @contextmanager
    def over(self, sheet: Sheet) -> Iterator[Callable[[Window], tuple[UInt8, Bool]]]:
        """Give what returns the class of each pixel of a window, and which are of several classes."""
        with self.of(sheet.path) as source, source.over(*sheet.place) as classes:
            yield classes

    def checked(self, sheet: Sheet) -> list[Path]:
        """Return the files of a scene's labels.

        Raises:
            UserError: The scene does not say where it lies, and the labels are not of its pixels.
        """
        with self.of(sheet.path) as source:
            if sheet.crs is None:
                _refuse_other_pixels(sheet, source, len(self.scenes), self.path)
            return source.files


def scenes_in(given: Sequence[Path], labels: Path) -> list[Path]:
    """Return scenes that somebody gave, and in the place of folders those in them, without masks beside them.

    Args:
        given: Files and folders.
        labels: What is known of their ground, which may lie among them.

    Raises:
        UserError: A folder holds none.
    """
    found: list[Path] = []
    for path in given:
        inside = without_masks(_rasters(path, but=labels)) if path.is_dir() else [path]
        if not inside:
            raise UserError(f"{path} holds no scenes", "give a folder with GeoTIFF, PNG, JPEG or JPEG 2000 files in it")
        found += inside
    return found


def ground_labels(
    path: Path,
    scenes: list[Path],
    field: str | None,
    layer: str | None,
    called: str | None,
    rest: str | None,
    classes: Path | None,
) -> GroundLabels:
    """Return the labels of scenes, as ``cut_scenes`` takes them.

    Raises:
        UserError: They cannot be read, are fewer than two classes, contradict each other, or are of none of the scenes.
    """
    of_polygons = {"--field": field, "--layer": layer, "--as": called, "--rest": rest}
    if path.suffix.lower() in HEADS and not path.is_dir():
        if classes is not None:
            raise UserError(f"{path} holds polygons, and --classes is for rasters", "leave it out")
        if field and called:
            raise UserError("--field and --as both say the class of polygons", "leave one of them out")
        source = PolygonLabels(path, field, layer, called, rest)
        return GroundLabels(path, scenes, source.scheme, lambda _: nullcontext(source), source.polygons, source.unnamed)
    if path.is_file() and not is_raster(path):
        raise UserError(
            f"{path} holds neither polygons nor a raster that are read", f"{KNOWN}, or a GeoTIFF of classes"
        )
    if given := next((name for name, value in of_polygons.items() if value), None):
        raise UserError(f"{path} holds no polygons, which {given} is for", "leave it out, or give polygons")
    files = _paired(scenes, path) if path.is_dir() else dict.fromkeys(scenes, path)
    scheme = read_labels_for("segmentation", classes) if classes else _found(list(dict.fromkeys(files.values())))
    if len(scheme.classes) < 2:
        raise UserError(f"{path} has 1 class, and two are needed", "name others in --classes, or give another raster")
    return GroundLabels(path, list(files), scheme, lambda scene: closing(ClassMap(files[scene], scheme)))


def _rasters(folder: Path, but: Path | None = None) -> list[Path]:
    files = sorted([*images_in(folder), *unread_in(folder)])
    return [file for file in files if file.suffix.lower() in KINDS and not (but and file.resolve() == but.resolve())]


def _paired(scenes: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Return the raster of classes of each scene that has one in a folder, by the names that masks bear.

    Raises:
        UserError: A scene has two, or none has any.
    """
    known, bases = {scene.resolve() for scene in scenes}, Counter(base_stem(scene.stem, IMAGE_STEM) for scene in scenes)
    short = {base: scene for scene in scenes if bases[base := base_stem(scene.stem, IMAGE_STEM)] == 1}
    named = short | {scene.stem: scene for scene in scenes}
    found: dict[Path, Path] = {}
    alone: list[str] = []
    for file in (file for file in _rasters(folder) if file.resolve() not in known):
        if (scene := named.get(base_stem(file.stem, MASK_STEM, named))) is None:
            alone.append(file.name)
        elif (other := found.setdefault(scene, file)) != file:
            raise UserError(f"{other} and {file} may both be of {scene}", "move one of them elsewhere")
    if not found:
        remedy = "call each raster as its scene is, or with _mask or _label behind"
        raise UserError(f"{folder} holds no raster of classes that is called as a scene is", remedy)
    without = [scene.name for scene in scenes if scene not in found]
    said = [
        f"{counted(len(names), what)} {lacking} ({first_of(names, SHOWN)})"
        for names, what, lacking in (
            (without, "scene", "without labels"),
            (alone, "raster", "of classes without a scene"),
        )
        if names
    ]
    if said:
        say(f"warning: left out {' and '.join(said)}")
    return {scene: found[scene] for scene in scenes if scene in found}


def _found(files: Sequence[Path]) -> LabelScheme:
    """Return the classes of all rasters, by their values.

    Raises:
        UserError: Two of them call a value otherwise.
    """
    schemes: dict[Path, LabelScheme] = {}
    for file in track(files, "look for classes", len(files), "rasters") if len(files) > 1 else files:
        with closing(ClassMap(file)) as found:
            schemes[file] = found.scheme
    return _joined(schemes) if len(schemes) > 1 else next(iter(schemes.values()))


def _joined(schemes: Mapping[Path, LabelScheme]) -> LabelScheme:
    first: dict[int, tuple[Path, LabelClass]] = {}
    for path, scheme in schemes.items():
        for each in scheme.classes:
            where, other = first.setdefault(each.id, (path, each))
            if other.name != each.name:
                problem = f"{where} calls the value {each.id} '{other.name}', and {path} '{each.name}'"
                raise UserError(problem, "say by --classes what the values mean")
    listed = [each for _, (_, each) in sorted(first.items())]
    if len(listed) > VOID:
        raise UserError(f"the rasters have {len(listed):,} classes, and {VOID} are possible", "give maps of classes")
    own = [each.color for each in listed]
    usable = None not in own and len({*own}) == len(own)
    classes = [{"name": each.name, "id": each.id, "color": each.color if usable else None} for each in listed]
    return parse(LabelScheme, {"task": "segmentation", "classes": classes}, "the rasters of classes")


def _refuse_other_pixels(sheet: Sheet, labels: PolygonLabels | ClassMap, scenes: int, given: Path) -> None:
    if isinstance(labels, PolygonLabels) or lies(labels):
        remedy = "give a scene with a CRS and a transform, or a raster of classes of its size that has none either"
        raise UserError(f"{sheet.path} does not say where it lies", remedy)
    if scenes > 1 and labels.path == given:
        problem = f"{labels.path} does not say where it lies, and {counted(scenes, 'scene')} are given"
        raise UserError(problem, "cut each with labels of its own, or give all a CRS and a transform")
    sizes = [(each.width, each.height) for each in (sheet, labels)]
    if sizes[0] != sizes[1]:
        one, other = (f"{width} x {height}" for width, height in sizes)
        problem = f"{sheet.path} has {one} pixels and {labels.path} {other}, and they do not say where they lie"
        raise UserError(problem, "give labels of the scene's size")
    if sheet.transform != labels.transform:
        problem = f"{sheet.path} and {labels.path} have different coordinates and no CRS"
        raise UserError(problem, "say in which CRS they are, or take the coordinates from both")
    for path in (sheet.path, labels.path):
        refuse_orientation(path)
