"""``drift``: whether new images are of the kind that a run was scored on, and by what they differ."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pixelproof.comparison.paired import holm
from pixelproof.config import run_settings
from pixelproof.data import Sample
from pixelproof.data.grouping import grouped
from pixelproof.data.known import known_images
from pixelproof.data.layouts import find_layout
from pixelproof.data.layouts.folders_file import folders_of
from pixelproof.data.layouts.groups import FILE
from pixelproof.data.layouts.listing import meant_split
from pixelproof.data.run_data import samples_for
from pixelproof.errors import Refusal, UserError
from pixelproof.explanation.drift import FAR, compared, told_apart, unlike
from pixelproof.explanation.seen import Seen, look
from pixelproof.languages import Language, known_language
from pixelproof.numbers import counted
from pixelproof.prediction import Predictor
from pixelproof.prediction.gathering import gather
from pixelproof.prediction.grouping import groups_of, is_table
from pixelproof.progress import say
from pixelproof.report.out_folder import require_place
from pixelproof.report.page import build_report
from pixelproof.runs import Run, Thumbnails
from pixelproof.runs.atomic import atomic_folder, refuse_existing, require_writable
from pixelproof.runs.drift_file import Collection, DriftRecord, Sign, Unlike
from pixelproof.runs.drift_folder import DriftFolder
from pixelproof.runs.fields import Estimate
from pixelproof.runs.files import AnyPath
from pixelproof.runs.left_out_file import FILE as LEAVE_OUT

LISTED = 1000
"""New images that are listed at most, those unlike the old ones first."""
PICTURED = 48
"""Of which so many have pictures, and as many of the old ones, for comparison."""


def drift_images(
    run: AnyPath,
    old: AnyPath,
    new: AnyPath,
    *,
    split: str = "validation",
    labelled: str | None = None,
    groups: str | None = None,
    out: AnyPath | None = None,
    seed: int = 0,
    device: str = "auto",
    language: str = "en",
    overwrite: bool = False,
) -> DriftRecord:
    """Return how far new images are of the kind of old ones, as a run sees both.

    Args:
        run: The run.
        old: The folder of labelled images that it was scored on.
        new: New images: a file, or a folder of them.
        split: The split of ``old``, whose images the run should not have learned from: it knows those too well.
        labelled: A split of ``new`` that is taken with its labels, to see how often the run is right; None takes all
            images and no labels.
        groups: A regular expression that finds in an image's id the scene or patient it belongs to, of old and new
            ones; or a table such as ``groups.csv`` of the new ones. None groups old images as the run did, and new ones
            by the ``groups.csv`` of their folder, or as the run did where that was by a pattern.
        out: Folder for ``drift.json``, pictures and a page; None writes nothing.
        seed: Decides which images are taken of very many, and the halves in which they are told apart.
        device: Where to compute.
        language: In which the page is shown first, "en" or "zh-Hant".
        overwrite: Replace what an earlier call wrote to ``out``.

    Raises:
        UserError: The run is damaged or does not fit the data, an image cannot be read, or ``out`` holds something
            already or cannot be written.
        Refusal: There are too few images.
    """
    tongue = known_language(language)
    opened, target = Run.open(Path(run)), None if out is None else DriftFolder(Path(out))
    if target is not None:
        require_place(target.path, target.files(), overwrite, [Path(old), Path(new)])
        require_writable(target.path)
    split = meant_split(split)
    before, after = samples_for(opened, Path(old), split), _new(opened, Path(new), labelled)
    if groups is not None and not is_table(groups):
        before = grouped({"old": before}, groups)["old"]
    if groups is not None or labelled is None:
        after = _grouped(opened, after, _table_in(Path(new)) if groups is None else groups)
    for name, samples in ((f"{split} of {old}", before), (str(new), after)):
        if len({sample.scene for sample in samples}) < 2:
            raise Refusal(f"{name} has a single image or group", "compare more of them: one shows no kind")
    predictor = Predictor.open(opened, device, tta=False)
    seen = look(predictor, before, "old", labelled is not None), look(predictor, after, "new", labelled is not None)
    names = (f"{old}, {split}", f"{new}, {labelled}" if labelled else str(new))
    several = len({sample.scene for sample in before}) < len(before)
    ungrouped = several and not any(sample.group for sample in after)
    record = _record(opened.name, names, *seen, seed, ungrouped)
    if known := known_images(opened, before):
        record = record.model_copy(update={"learned": known.images, "learned_by": known.runs})
    if target is not None:
        _write(target, record, *seen, tongue, overwrite)
    return record


def _new(run: Run, new: Path, labelled: str | None) -> Sequence[Sample]:
    if labelled is not None:
        return samples_for(run, new, meant_split(labelled))
    files, gone = gather([new], run.labels().task), _left_out(new)
    return [Sample(name, path) for name, path in files.items() if path not in gone]


def _left_out(new: Path) -> set[Path]:
    """Return the new images that lists in their folder leave out, as labels need not be known for that.

    Raises:
        UserError: There is a list, and the folder is no data set.
    """
    lists = [path for folder in folders_of(new) if os.path.lexists(path := folder / LEAVE_OUT)]
    if not lists:
        return set()
    try:
        gone = {each.file for each in find_layout(new).left_out}
    except UserError as error:
        raise UserError(f"{lists[0]} cannot be heeded, as {error.problem}", f"correct it, or move {lists[0]}") from None
    if gone:
        say(f"note: {counted(len(gone), 'image')} of {new} left out, as {LEAVE_OUT} says")
    return gone


def _table_in(new: Path) -> str | None:
    """Return the table of groups that lies beside new images; None if there is none."""
    table = new / FILE
    return str(table) if table.is_file() else None


def _grouped(run: Run, samples: Sequence[Sample], said: str | None) -> Sequence[Sample]:
    """Return new images with their groups, by a table or a pattern, that of the run where nothing is said."""
    if said is not None and is_table(said):
        groups = groups_of({sample.id: sample.image for sample in samples}, said)
        return [replace(sample, group=groups[sample.id]) for sample in samples]
    return grouped({"new": samples}, run_settings(run).data.groups if said is None else said)["new"]


def _record(run: str, names: tuple[str, str], old: Seen, new: Seen, seed: int, ungrouped: bool) -> DriftRecord:
    """Return what differs; where it is not known which new images belong together, without any test."""
    far, (apart, chance) = unlike(old, new), (np.nan, np.nan) if ungrouped else told_apart(old, new, seed)
    order, there = np.argsort(-far, kind="stable")[:LISTED], set(old.digests)
    first, second = (
        Collection(name=name, images=len(seen.ids), scenes=len(set(seen.scenes)))
        for name, seen in zip(names, (old, new), strict=True)
    )
    return DriftRecord(
        run=run,
        old=first,
        new=second,
        apart=apart,
        chance=chance,
        far=float((far > FAR).mean()),
        copies=sum(digest in there for digest in new.digests),
        signs=tuple(_signs(old, new, ungrouped)),
        ungrouped=ungrouped,
        unlike=tuple(Unlike(id=new.ids[i], novelty=float(far[i])) for i in order),
    )


def _signs(old: Seen, new: Seen, ungrouped: bool) -> Iterator[Sign]:
    signs = list(compared(old, new))
    if ungrouped:
        signs = [s.model_copy(update={"p": None, "difference": Estimate(value=s.difference.value)}) for s in signs]
    adjusted = holm(np.array([np.nan if sign.p is None else sign.p for sign in signs])).tolist()
    for sign, p in zip(signs, adjusted, strict=True):
        yield sign.model_copy(update={"adjusted": None if np.isnan(p) else p})


def _write(target: DriftFolder, record: DriftRecord, old: Seen, new: Seen, language: Language, overwrite: bool) -> None:
    shown = [each.id for each in record.unlike[:PICTURED]]
    with atomic_folder(target.path, [file.name for file in target.files()]) as folder:
        DriftFolder(folder).save(
            record, _pictures(old, old.ids[:: max(1, len(old.ids) // PICTURED)]), _pictures(new, shown)
        )
        build_report(folder, language)
        refuse_existing(target.files(), overwrite)  # for what another process has written meanwhile


def _pictures(seen: Seen, ids: Sequence[str]) -> Thumbnails:
    places = {sample_id: place for place, sample_id in enumerate(seen.ids)}
    chosen = tuple(ids[:PICTURED])
    return Thumbnails(chosen, seen.thumbnails[[places[sample_id] for sample_id in chosen]])
