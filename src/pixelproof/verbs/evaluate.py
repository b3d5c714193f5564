"""``evaluate``: a run's scores on a split, kept in the run folder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pixelproof.data import fingerprint
from pixelproof.data.layouts.listing import meant_split
from pixelproof.data.run_data import learned_from_some, samples_for
from pixelproof.errors import UserError
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import use_backend
from pixelproof.progress import say
from pixelproof.runs import Run, Scores
from pixelproof.runs.atomic import refuse_existing
from pixelproof.runs.files import AnyPath
from pixelproof.verbs.scoring import refuse_other_images, score_run, source_of


def evaluate_run(
    run: AnyPath,
    data: AnyPath,
    split: str = "validation",
    device: str = "auto",
    *,
    backend: str = "torch",
    tta: bool | None = None,
    scales: Sequence[float] | None = None,
    out: AnyPath | None = None,
    overwrite: bool = False,
) -> Scores:
    """Return the scores of a run on a split of ``data`` and write them to the run folder.

    Args:
        run: The run folder.
        data: The folder of labelled images.
        split: Which part of it; "all" is every image.
        device: Where to compute.
        backend: The library that computes: one of ``BACKENDS``.
        tta: Whether to average over an image's symmetries; None is as the run was set.
        scales: Sizes of a segmenter's image to average over; None is as the run was set.
        out: The score file; by default ``scores/SPLIT.npz`` of the run.
        overwrite: Replace a file ``out``, or scores of other images.

    Raises:
        UserError: The run or the data cannot be read, or do not fit each other, or the score file is taken.
    """
    opened, file = Run.open(Path(run)), None if out is None else Path(out)
    split = meant_split(split)
    if file is not None:
        refuse_existing([file], overwrite)
    samples = samples_for(opened, Path(data), split)
    source = source_of(opened, split, samples, fingerprint(samples), learned_from_some(opened, Path(data), split))
    if file is None and not overwrite:
        refuse_other_images(opened.scores(split), source)
    _note_unfinished(opened)
    predictor = Predictor.open(opened, device, tta=tta, scales=scales)
    use_backend(predictor, opened, backend, predictor.reader.size(samples[0].image))
    return score_run(opened, predictor, samples, source, file, overwrite)


def _note_unfinished(run: Run) -> None:
    with suppress(UserError):  # what is known of a run's making need not be sound for it to be scored
        if run.environment().get("finished") is False:
            say(f"note: the training of {run.path} has not finished; these are the scores of its best weights so far")
