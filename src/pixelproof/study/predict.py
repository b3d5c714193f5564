"""``predict``: a run applied to image files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.data import image_size
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import use_backend
from pixelproof.prediction.files import gather, predict_files
from pixelproof.runs import Run


def predict_run(
    run: Path,
    images: Sequence[Path],
    out: Path,
    *,
    device: str = "auto",
    backend: str = "torch",
    overwrite: bool = False,
    tta: bool | None = None,
) -> list[Path]:
    """Predict image files, or folders of them, write the predictions to ``out`` and return the files predicted.

    Args:
        run: The run folder.
        images: Files, or folders of them.
        out: Folder to write to.
        device: Where to compute.
        backend: The library that computes: one of ``BACKENDS``.
        overwrite: Replace earlier predictions in ``out``.
        tta: Whether to average over an image's symmetries; None is as the run was set.

    Raises:
        UserError: The run or an image cannot be read, or ``out`` holds something already.
    """
    opened = Run.open(Path(run))
    predictor = Predictor.open(opened, device, tta=tta)
    files = [Path(image) for image in images]
    if backend != "torch":
        use_backend(predictor, opened, backend, image_size(next(iter(gather(files, predictor.scheme.task).values()))))
    return predict_files(predictor, files, Path(out), overwrite)
