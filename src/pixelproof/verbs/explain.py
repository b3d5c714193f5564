"""``explain``: what a run sees as alike, which labels are doubtful, and what to look at next."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from pixelproof.config import run_settings
from pixelproof.data import DataFolder, Parts, Sample, arrange, fingerprint
from pixelproof.data.layouts.listing import meant_split
from pixelproof.data.patches import corrections_among
from pixelproof.data.run_data import data_for
from pixelproof.data.splits import limit
from pixelproof.errors import Refusal, UserError
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.explanation.classifier import explain_classifier
from pixelproof.explanation.features import SECOND_LAST, predictor_for
from pixelproof.explanation.priority import UNLABELLED
from pixelproof.explanation.segmenter import explain_segmenter
from pixelproof.numbers import counted
from pixelproof.prediction import Predictor
from pixelproof.prediction.gathering import gather
from pixelproof.progress import say
from pixelproof.report.out_folder import require_place
from pixelproof.report.page import build_report
from pixelproof.runs import Run, Scores, Source, atomic, save_scores, write_text
from pixelproof.runs.atomic import atomic_folder, require_writable
from pixelproof.runs.explanation_folder import ExplanationFolder, Findings
from pixelproof.runs.files import AnyPath, Paths, as_paths
from pixelproof.runs.folder import PAGE
from pixelproof.runs.left_out_file import Entry, save_list
from pixelproof.runs.ranked_file import Ranked
from pixelproof.verbs.review import Review
from pixelproof.verbs.review_masks import MaskReview

FEWEST = 2
"""Images that give each other a neighbour."""
COPIES = 50
"""Images of the list of what to do next that are copied out."""


def explain_run(
    run: AnyPath,
    data: AnyPath,
    out: AnyPath,
    split: str = "validation",
    *,
    layer: str = SECOND_LAST,
    unlabelled: Paths = (),
    most: int | None = None,
    seed: int = 0,
    device: str = "auto",
    overwrite: bool = False,
) -> list[Path]:
    """Explain a run, write what was found to ``out`` and return the paths.

    Args:
        run: The run folder.
        data: The folder of labelled images.
        out: The folder to write to.
        split: The images that are described, and taken for the list of what to look at next.
        layer: Whose output is the feature space; classification.
        unlabelled: An image file or folder without labels, or several, which join the list of what to label next.
        most: Look at no more training images than this; None looks at all.
        seed: Decides bootstrap replicates.
        device: Where to compute.
        overwrite: Replace an earlier explanation in ``out``.

    Raises:
        UserError: The run and the data do not fit each other, or ``out`` holds an explanation already or cannot be
            written.
        Refusal: There are too few images to compare any with.
    """
    if most is not None and most < 1:
        raise UserError(f"most cannot be {most}", "give 1 or more training images, or none to look at all")
    opened, target = Run.open(Path(run)), ExplanationFolder(Path(out))
    split = meant_split(split)
    _require_place(target, Path(data), overwrite)
    folder = data_for(opened, Path(data))
    parts = _parts(opened, folder, split, most)
    if further := as_paths(unlabelled):
        parts[UNLABELLED] = _without_label(further, folder)
    predictor = predictor_for(opened, device, layer)
    require_writable(target.scores)
    findings, logits = explain(predictor, parts, split, layer, seed)
    source = Source(opened.name, split, fingerprint(parts[split]), **corrections_among(parts[split]))
    scores = evaluate(predictor, parts[split], source, logits)
    masks = folder.task == "segmentation"
    review = MaskReview(folder, parts, predictor) if masks else Review(folder, parts, predictor.reader, further)
    review.ask(findings)
    earlier = [str(file.relative_to(target.path)) for file in target.files()]  # which may list more
    with atomic_folder(target.path, earlier) as written_to:
        written = _write(ExplanationFolder(written_to), findings, scores, review, parts, folder)
        _require_place(target, Path(data), overwrite)  # for what another process has written meanwhile
    _say_what_next(target, data, review)
    return [target.path / path.relative_to(written_to) for path in written]


def explain(
    predictor: Predictor, parts: Parts, split: str, layer: str = SECOND_LAST, seed: int = 0
) -> tuple[Findings, Tensor | None]:
    """Explain a network on the images of ``split``, with the other parts for comparison.

    Returns:
        What was found out, and a classifier's logits of these images, [N, K].

    Raises:
        UserError: An image or mask cannot be read, or there is no such layer.
        Refusal: There are too few images to compare any with.
    """
    for name in ("train", split) if predictor.scheme.task == "classification" else ("train",):
        if len(parts[name]) < FEWEST:
            raise Refusal(f"{name} has a single image, and images are explained by others", "explain on more of them")
    if predictor.scheme.task == "classification":
        return explain_classifier(predictor, parts, split, layer, seed)
    return explain_segmenter(predictor, parts, split), None


def _write(
    target: ExplanationFolder,
    findings: Findings,
    scores: Scores,
    review: Review | MaskReview,
    parts: Parts,
    data: DataFolder,
) -> list[Path]:
    """Write all that was found to an empty folder, and return the paths."""
    written = [*target.save(findings), *_copy(findings.next, parts, target), target.scores]
    save_scores(target.scores, scores)
    if doubtful := _doubtful(findings.suspects, parts, data):
        save_list(target.leave_out, doubtful)
        written.append(target.leave_out)
    if review.questions:
        write_text(target.review, review.page(scores.source.name, len(findings.suspects)))
        written.append(target.review)
    return [*written, build_report(target.path)]


def _require_place(target: ExplanationFolder, data: Path, overwrite: bool) -> None:
    """Refuse a folder to write to that holds anything else, or lies in the data."""
    within = Run(target.path.resolve().parent)
    if Run.lies_in(within.path) and target.path.resolve() == within.explanation:
        raise UserError(f"{target.path} is where a study keeps what it finds out", "choose another --out")
    require_place(target.path, [*target.files(), target.path / PAGE], overwrite, [data])


def _parts(run: Run, data: DataFolder, split: str, most: int | None) -> dict[str, Sequence[Sample]]:
    """Return the parts of the data, of train at most so many images."""
    config = run_settings(run)
    parts: dict[str, Sequence[Sample]] = dict(arrange(data, config.data))
    if not parts.get(split):
        raise UserError(f"{data.root} has no images in a split '{split}'", f"choose one of {', '.join(parts)}")
    parts["train"] = limit(parts["train"], most, config.data.split_seed)
    return parts


def _without_label(given: Sequence[Path], data: DataFolder) -> list[Sample]:
    """Return images without a label: those among files and folders that the data set has not.

    Raises:
        UserError: A path is missing, or there are no images.
    """
    files = gather(given, data.task)
    known = {sample.image.resolve() for own in data.whole.values() for sample in own}
    new = [Sample(name, path) for name, path in files.items() if path.resolve() not in known]
    if len(new) < len(files):
        labelled = counted(len(files) - len(new), "image")
        say(f"note: {labelled} of --unlabelled are labelled in {data.root}, and passed over")
    return new


def _doubtful(rows: Sequence[Ranked], parts: Parts, data: DataFolder) -> list[Entry]:
    """Return the images whose labels are doubted, each once, as comments: a person must confirm it."""
    paths = {(name, sample.id): sample.image for name, samples in parts.items() for sample in samples}
    entries: dict[str, Entry] = {}
    for row in rows:
        name = data.place(paths[row.split, row.id])
        note = f"{row.given} looks like {row.suggested}: {row.why}"
        entries.setdefault(name, Entry(name, "doubtful-label", note, sure=False))
    return list(entries.values())


def _say_what_next(target: ExplanationFolder, data: AnyPath, review: Review | MaskReview) -> None:
    """Say what a person does with the list of doubted labels, and with the page that asks about them."""
    if target.leave_out.is_file():
        command = f"pixelproof leave-out {shlex.quote(str(data))} {shlex.quote(str(target.leave_out))}"
        confirm = f"take the # from those that you have looked at, then: {command}"
        say(f"{target.leave_out} has a comment for each image whose label is doubted; {confirm}")
    if review.questions:
        asked = counted(len(review.questions), "region" if isinstance(review, MaskReview) else "image")
        say(f"{target.review} asks you about {asked}, and saves your answers{review.next_step(str(data))}")


def _copy(rows: Sequence[Ranked], parts: Parts, target: ExplanationFolder) -> list[Path]:
    """Copy the images that head the list of what to look at next into a folder of their own, in its order."""
    paths = {(name, sample.id): sample.image for name, samples in parts.items() for sample in samples}
    for place, row in enumerate(rows[:COPIES], start=1):
        source = paths[row.split, row.id]
        with atomic(target.images / f"{place:03d}-{row.split}-{source.name}") as temporary:
            shutil.copyfile(source, temporary)
    return [target.images]
