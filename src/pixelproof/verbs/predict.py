"""``predict``: a run applied to image files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pixelproof.config import Task
from pixelproof.data.reader import ImageReader
from pixelproof.data.tiffs import BY_BANDS
from pixelproof.errors import UserError
from pixelproof.labels.thresholds import read_thresholds
from pixelproof.numbers import numbered
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import use_backend
from pixelproof.prediction.files import predict_files, refuse_taken
from pixelproof.prediction.gathering import gather
from pixelproof.prediction.looking import as_kept, asked_by_hand
from pixelproof.runs import Run
from pixelproof.runs.files import AnyPath, Paths, as_paths
from pixelproof.verbs.rule import rule_in_use


def predict_run(
    run: AnyPath,
    images: Paths,
    out: AnyPath,
    *,
    device: str = "auto",
    backend: str = "torch",
    overwrite: bool = False,
    tta: bool | None = None,
    scales: Sequence[float] | None = None,
    part: str = "1/1",
    probabilities: bool = False,
    skip_unreadable: bool = False,
    threshold: Sequence[str] = (),
    per_group: AnyPath | None = None,
    any_of: str | None = None,
    rule: bool = True,
) -> list[Path]:
    """Predict image files, or folders of them, write the predictions to ``out`` and return the files predicted.

    Args:
        run: The run folder.
        images: A file or folder, or several.
        out: Folder to write to.
        device: Where to compute.
        backend: The library that computes: one of ``BACKENDS``.
        overwrite: Replace earlier predictions in ``out``.
        tta: Whether to average over an image's symmetries; None is as the run was set.
        scales: Sizes of a segmenter's image to average over; None is as the run was set.
        part: "K/N" predicts every N-th image from the K-th on, counted from 1.
        probabilities: Write those of all classes, too.
        skip_unreadable: Leave out images that cannot be read, and write which and why to ``left_out.csv``.
        threshold: Of a classifier, such as "cancer=0.2", or "scratch+dent=0.3" for the sum of both: the column
            ``look_for`` tells those whose probability is at least as high.
        per_group: Of a classifier, a table such as ``groups.csv``, or a regular expression for names of images, that
            says which belong together, as of a patient: ``per_group.csv`` tells one answer for each.
        any_of: A class, or several as one such as "scratch+dent", that a group is of if any of its images is; otherwise
            the mean of their probabilities answers.
        rule: Whether the rule that the run keeps is used, if it keeps one and no ``threshold`` is given.

    Raises:
        UserError: The run or an image cannot be read, there is no such part, or ``out`` holds something already, or
            it is not known of each image to which group it belongs, or the rule is none for the run as it is now.
    """
    chosen = as_slice(part)
    opened = Run.open(Path(run))
    thresholds = read_thresholds(threshold, opened.labels())
    if per_group is not None:
        _refuse_groups(opened.labels().task, part)
    by_hand = asked_by_hand(thresholds, opened.labels(), any_of, per_group is not None)
    predictor = Predictor.open(opened, device, tta=tta, scales=scales)
    kept = rule_in_use(opened, rule, predictor.looks, bool(thresholds))
    look_for = by_hand if kept is None else as_kept(kept, opened.labels(), any_of, per_group is not None)
    files = as_paths(images)
    refuse_taken(Path(out), overwrite)  # at once: a trial of other libraries may take minutes
    with _advised(predictor.scheme.task):
        if backend != "torch":
            named = gather(files, predictor.scheme.task).values()
            use_backend(predictor, opened, backend, _first_size(named, predictor.reader, skip_unreadable))
        groups = None if per_group is None else str(per_group)
        return predict_files(
            predictor, files, Path(out), overwrite, chosen, probabilities, skip_unreadable, look_for, groups
        )


def _refuse_groups(task: Task, part: str) -> None:
    if task == "segmentation":
        raise UserError("--per-group is for classifiers, and this run draws masks", "leave it out")
    if part != "1/1":
        problem = f"--part {part} leaves out images of groups that --per-group would answer for"
        raise UserError(problem, "predict all images at once, or without --per-group")


def _first_size(files: Iterable[Path], reader: ImageReader, skip: bool) -> tuple[int, int]:
    """Return the size of the first image, or with ``skip`` of the first that can be read.

    Raises:
        UserError: It cannot be read, or none can.
    """
    broken: UserError | None = None
    for file in files:
        try:
            return reader.size(file)
        except UserError as error:
            broken = broken or error
            if not skip:
                break
    assert broken is not None
    raise broken


@contextmanager
def _advised(task: Task) -> Iterator[None]:
    """Say of a file whose bands must be named what can be done with it, as ``predict`` takes no bands."""
    try:
        yield
    except UserError as error:
        if BY_BANDS not in error.remedy:
            raise
        advice = "map it with 'pixelproof map RUN FILE --bands 1,2,3 --out MAP.tif'"
        if task == "classification":
            advice = "predict it with a run that was trained with bands"
        raise UserError(error.problem, error.remedy.replace(BY_BANDS, advice)) from None


def as_slice(part: str) -> slice:
    """Return ``2/4`` as every fourth from the second on.

    >>> as_slice("2/4")
    slice(1, None, 4)

    Raises:
        UserError: It is nothing of that form.
    """
    if (place := numbered(part)) is None:
        raise UserError(f"'{part}' is not a part of the images", "give --part K/N with K from 1 to N, such as 2/4")
    return slice(place[0] - 1, None, place[1])
