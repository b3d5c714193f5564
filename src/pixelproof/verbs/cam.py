"""``cam``: Grad-CAM of image files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pixelproof.array_types import UInt8
from pixelproof.data.checking import check_images
from pixelproof.data.images import write_png
from pixelproof.errors import UserError
from pixelproof.explanation.gradcam import grad_cam, overlay
from pixelproof.numbers import first_of
from pixelproof.prediction import Predictor
from pixelproof.prediction.gathering import gather
from pixelproof.progress import say, track
from pixelproof.runs import Run
from pixelproof.runs.atomic import atomic_folder, refuse_existing
from pixelproof.runs.files import AnyPath, Paths, as_paths, file_name
from pixelproof.schema import one_of

VISIBLE = 256
"""Pixels a side up to which small pictures are enlarged."""
SAID = 3


def cam_run(
    run: AnyPath,
    images: Paths,
    out: AnyPath,
    *,
    target: str | None = None,
    device: str = "auto",
    overwrite: bool = False,
) -> list[Path]:
    """Write what in image files speaks for a class, as pictures in ``out``, all or none, and return their paths.

    Args:
        run: The run folder.
        images: An image file or a folder of them, or several.
        out: The folder to write to; a picture is called after its image and the class.
        target: Name of the class; None takes the one predicted for each image.
        device: Where to compute.
        overwrite: Replace pictures of the same names.

    Raises:
        UserError: The run or an image cannot be read, there is no such class, the network has no maps, two images have
            the same name, or a picture is there already.
    """
    predictor = Predictor.open(Run.open(Path(run)), device)
    names = predictor.scheme.names
    index = None if target is None else names.index(one_of(target, names, "class"))
    files = gather(as_paths(images), predictor.scheme.task, drawn=True)
    # Which class an image will get is not known yet, so any picture of it counts.
    possible = names if target is None else (target,)
    there = set() if overwrite else {path.relative_to(out).as_posix() for path in Path(out).rglob("*")}
    pictures = (_picture(name, label) for name in files for label in possible) if there else ()
    refuse_existing((Path(out, picture) for picture in pictures if picture in there), overwrite)
    check_images(list(files.values()), predictor.reader)
    with atomic_folder(Path(out)) as folder:
        written = [Path(out, picture) for picture in _draw(predictor, files, folder, index)]
        refuse_existing(written, overwrite)  # by what another process has written meanwhile
    return written


def _draw(predictor: Predictor, files: Mapping[str, Path], folder: Path, target: int | None) -> list[str]:
    """Write a picture of each image and return their places in the folder."""
    written: dict[str, None] = {}
    plain: list[str] = []
    for name, file in track(files.items(), "grad-cam", len(files)):
        image = predictor.reader(file)
        heat = grad_cam(predictor, image, target)
        picture = _picture(name, predictor.scheme.names[heat.target])
        if picture in written:  # x of the class a-b, and x-a of the class b
            raise UserError(f"two images would both be drawn as {picture}", "draw them one by one")
        if not heat.values.any():
            plain.append(picture)
        write_png(folder / picture, _enlarged(overlay(image, heat.values)))
        written[picture] = None
    if plain:
        how = "is plain, for nothing in it" if len(plain) == 1 else "are plain, for nothing in them"
        say(f"note: {first_of(plain, SAID)} {how} speaks for the class")
    return list(written)


def _enlarged(picture: UInt8) -> UInt8:
    """Return a picture, uint8 [H, W, 3], each pixel repeated where it would be too small to be looked at."""
    times = max(1, VISIBLE // max(picture.shape[:2]))
    larger: UInt8 = picture.repeat(times, axis=0).repeat(times, axis=1)
    return larger


def _picture(name: str, label: str) -> str:
    """Return the place of an image's picture, which is called after the image and the class."""
    return f"{name}-{file_name(label)}.png"
