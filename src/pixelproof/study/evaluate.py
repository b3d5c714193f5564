"""``evaluate``: a run's scores on a split, kept in the run folder."""

from __future__ import annotations

from pathlib import Path

from pixelproof.data import fingerprint, image_size
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import use_backend
from pixelproof.runs import Run, Scores, Source, save_scores
from pixelproof.study.parts import samples_for


def evaluate_run(
    run_path: Path,
    data: Path,
    split: str = "validation",
    device: str = "auto",
    *,
    backend: str = "torch",
    tta: bool | None = None,
) -> Scores:
    """Return the scores of a run on a split of ``data`` and write them to the run folder.

    Args:
        run_path: The run folder.
        data: The folder of labelled images.
        split: Which part of it.
        device: Where to compute.
        backend: The library that computes: one of ``BACKENDS``.
        tta: Whether to average over an image's symmetries; None is as the run was set.

    Raises:
        UserError: The run or the data cannot be read, or do not fit each other.
    """
    run = Run.open(Path(run_path))
    samples = samples_for(run, Path(data), split)
    source = Source(run.name, split, fingerprint(samples))
    predictor = Predictor.open(run, device, tta=tta)
    use_backend(predictor, run, backend, image_size(samples[0].image))
    scores = evaluate(predictor, samples, source)
    save_scores(run.scores(split), scores)
    return scores
