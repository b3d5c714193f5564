"""``predict``: a run applied to image files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.prediction import Predictor
from pixelproof.prediction.files import predict_files
from pixelproof.runs import Run


def predict_run(
    run: Path,
    images: Sequence[Path],
    out: Path,
    *,
    device: str = "auto",
    overwrite: bool = False,
    tta: bool | None = None,
) -> list[Path]:
    """Predict image files, or folders of them, write the predictions to ``out`` and return the files predicted.

    Args:
        run: The run folder.
        images: Files, or folders of them.
        out: Folder to write to.
        device: Where to compute.
        overwrite: Replace earlier predictions in ``out``.
        tta: Whether to average over an image's symmetries; None is as the run was set.

    Raises:
        UserError: The run or an image cannot be read, or ``out`` holds something already.
    """
    predictor = Predictor.open(Run.open(Path(run)), device, tta=tta)
    return predict_files(predictor, [Path(image) for image in images], Path(out), overwrite)
