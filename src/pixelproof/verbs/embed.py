"""``embed``: a run's features on a split and their map, as files of their own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from pixelproof.array_types import Float32
from pixelproof.data.layouts.listing import meant_split
from pixelproof.data.run_data import samples_for
from pixelproof.errors import UserError
from pixelproof.explanation.embed import embed
from pixelproof.explanation.features import SECOND_LAST, predictor_for
from pixelproof.explanation.projection import PERPLEXITY
from pixelproof.report.figures.tsne import tsne
from pixelproof.report.map_page import map_page
from pixelproof.runs import Features, Run, Thumbnails, load_features, save_features, save_thumbnails, write_text
from pixelproof.runs.atomic import atomic_folder, refuse_existing, require_writable
from pixelproof.runs.files import AnyPath, file_digest, write_bytes

FEATURES, THUMBNAILS, PAGE = "features.npz", "thumbnails.npz", "explanation.html"
KINDS: tuple[Literal["png", "svg"], ...] = ("png", "svg")
FILES = (FEATURES, THUMBNAILS, PAGE, *(f"tsne.{kind}" for kind in KINDS))


def embed_run(
    run: AnyPath,
    data: AnyPath,
    out: AnyPath,
    split: str = "validation",
    *,
    layer: str | None = None,
    perplexity: float | None = None,
    seed: int | None = None,
    onto: AnyPath | None = None,
    device: str = "auto",
    overwrite: bool = False,
) -> list[Path]:
    """Write ``features.npz``, ``thumbnails.npz``, ``explanation.html``, ``tsne.png`` and ``tsne.svg`` to ``out``.

    The page is interactive and needs nothing beside it.

    Args:
        run: The run folder of a classifier.
        data: The folder of labelled images.
        out: The folder to write to.
        split: The images that are mapped.
        layer: Whose output is mapped: "second-last", the default, or the name of a module.
        perplexity: About how many neighbours each image has on the map, by default 30.
        seed: Seed of the projection, by default 0.
        onto: A ``features.npz`` of the same run; the images are placed on its map, which stays as it is and decides
            layer, perplexity and seed: they cannot be given beside it.
        device: Where to compute.
        overwrite: Replace such files in ``out``.

    Returns:
        The paths of the files.

    Raises:
        UserError: The run is a segmenter, does not fit the data or the map, a setting is given beside ``onto``, or
            ``out`` holds such files already or cannot be written.
    """
    if onto is not None:
        _refuse_own(Path(onto), layer=layer, perplexity=perplexity, seed=seed)
    opened, data, out = Run.open(Path(run)), Path(data), Path(out)
    split = meant_split(split)
    if opened.labels().task != "classification":
        raise UserError(f"{run} segments images, so an image has no one class", "embed a classifier")
    perplexity, seed = _in_range(PERPLEXITY if perplexity is None else perplexity, seed or 0)
    files = [out / name for name in FILES]
    refuse_existing(files, overwrite)
    weights = file_digest(opened.best)
    reference = None if onto is None else _map_of(weights, Path(onto), Path(run))
    samples = samples_for(opened, data, split)
    layer = reference.settings["layer"] if reference else SECOND_LAST if layer is None else layer
    predictor = predictor_for(opened, device, layer)
    require_writable(files[0])
    features, thumbnails = embed(predictor, samples, seed, perplexity, layer, reference)
    features.settings["weights"] = weights
    title = f"{opened.name}: {split} images as the model sees them"
    with atomic_folder(out) as folder:
        _write(folder, features, thumbnails, title, None if reference is None else reference.map)
        refuse_existing(files, overwrite)  # for what another process has written meanwhile
    return files


def _in_range(perplexity: float, seed: int) -> tuple[float, int]:
    if not 1 <= perplexity < math.inf or not 0 <= seed < 2**32:
        raise UserError(f"perplexity {perplexity:g} or seed {seed} is out of range", "see 'pixelproof embed --help'")
    return perplexity, seed


def _map_of(weights: str, onto: Path, run: Path) -> Features:
    """Return the map on which images are placed, which must be that of the same weights."""
    reference = load_features(onto)
    if reference.settings.get("weights") != weights:
        raise UserError(f"{onto} was made by another model than {run}", "give a map that the same run made")
    return reference


def _write(folder: Path, features: Features, thumbnails: Thumbnails, title: str, beneath: Float32 | None) -> None:
    save_features(folder / FEATURES, features)
    save_thumbnails(folder / THUMBNAILS, thumbnails)
    write_text(folder / PAGE, map_page(features, thumbnails, title, beneath))
    for kind in KINDS:
        write_bytes(folder / f"tsne.{kind}", tsne(features, kind, names=True, beneath=beneath))


def _refuse_own(onto: Path, **settings: object) -> None:
    """Refuse settings beside a map that was made with its own."""
    if given := [name for name, value in settings.items() if value is not None]:
        raise UserError(f"the map {onto} has its own {', '.join(given)}", "give no other beside --onto")
