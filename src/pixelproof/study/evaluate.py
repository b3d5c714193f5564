"""``evaluate``: a run's scores on a split, kept in the run folder."""

from __future__ import annotations

from pathlib import Path

from pixelproof.data import fingerprint
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.prediction import Predictor
from pixelproof.runs import Run, Scores, Source, save_scores
from pixelproof.study.parts import samples_for


def evaluate_run(
    run_path: Path, data: Path, split: str = "validation", device: str = "auto", *, tta: bool | None = None
) -> Scores:
    """Return the scores of a run on a split of ``data`` and write them to the run folder.

    Args:
        run_path: The run folder.
        data: The folder of labelled images.
        split: Which part of it.
        device: Where to compute.
        tta: Whether to average over an image's symmetries; None is as the run was set.

    Raises:
        UserError: The run or the data cannot be read, or do not fit each other.
    """
    run = Run.open(Path(run_path))
    samples = samples_for(run, Path(data), split)
    source = Source(run.name, split, fingerprint(samples))
    scores = evaluate(Predictor.open(run, device, tta=tta), samples, source)
    save_scores(run.scores(split), scores)
    return scores
