"""``evaluate``: a run's scores on a split, kept in the run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.data import fingerprint
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import use_backend
from pixelproof.runs import Run, Scores
from pixelproof.verbs.parts import samples_for
from pixelproof.verbs.scoring import score_run


def evaluate_run(
    run: Path,
    data: Path,
    split: str = "validation",
    device: str = "auto",
    *,
    backend: str = "torch",
    tta: bool | None = None,
    scales: Sequence[float] | None = None,
) -> Scores:
    """Return the scores of a run on a split of ``data`` and write them to the run folder.

    Args:
        run: The run folder.
        data: The folder of labelled images.
        split: Which part of it.
        device: Where to compute.
        backend: The library that computes: one of ``BACKENDS``.
        tta: Whether to average over an image's symmetries; None is as the run was set.
        scales: Sizes of a segmenter's image to average over; None is as the run was set.

    Raises:
        UserError: The run or the data cannot be read, or do not fit each other.
    """
    opened = Run.open(Path(run))
    samples = samples_for(opened, Path(data), split)
    predictor = Predictor.open(opened, device, tta=tta, scales=scales)
    use_backend(predictor, opened, backend, predictor.reader.size(samples[0].image))
    return score_run(opened, predictor, samples, split, fingerprint(samples))
