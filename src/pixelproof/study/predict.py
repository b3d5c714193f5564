"""``predict``: a run applied to image files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.prediction import Predictor
from pixelproof.prediction.files import predict_files
from pixelproof.runs import Run


def predict_run(
    run: Path, images: Sequence[Path], out: Path, *, device: str = "auto", overwrite: bool = False
) -> list[Path]:
    """Predict image files, or folders of them, write the predictions to ``out`` and return the files predicted.

    Raises:
        UserError: The run or an image cannot be read, or ``out`` holds something already.
    """
    predictor = Predictor.open(Run.open(Path(run)), device)
    return predict_files(predictor, [Path(image) for image in images], Path(out), overwrite)
