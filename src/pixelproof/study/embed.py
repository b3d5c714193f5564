"""``embed``: a run's features on a split and their map, as files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pixelproof.errors import UserError
from pixelproof.explanation.embed import embed
from pixelproof.prediction import Predictor
from pixelproof.report.figures.tsne import tsne
from pixelproof.runs import Run, atomic, save_features
from pixelproof.study.parts import samples_for


def embed_run(
    run_path: Path,
    data: Path,
    out: Path,
    split: str = "validation",
    *,
    perplexity: float = 30.0,
    seed: int = 0,
    device: str = "auto",
    overwrite: bool = False,
) -> list[Path]:
    """Write ``features.npz``, ``tsne.png`` and ``tsne.svg`` to ``out`` and return their paths.

    Raises:
        UserError: The run is a segmenter, does not fit the data, or ``out`` holds such files already.
    """
    run, data, out = Run.open(Path(run_path)), Path(data), Path(out)
    if run.labels().task != "classification":
        raise UserError(f"{run_path} segments images, so an image has no one class", "embed a classifier")
    target = out / "features.npz"
    if target.exists() and not overwrite:
        raise UserError(f"{target} already exists", "choose another --out or give --overwrite")
    features = embed(Predictor.open(run, device), samples_for(run, data, split), seed, perplexity)
    save_features(target, features)
    pictures = [out / "tsne.png", out / "tsne.svg"]
    for path in pictures:
        kind: Literal["png", "svg"] = "png" if path.suffix == ".png" else "svg"
        with atomic(path) as temporary:
            temporary.write_bytes(tsne(features, kind, names=True))
    return [target, *pictures]
