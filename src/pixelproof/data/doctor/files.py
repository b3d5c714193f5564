"""Checks of the files themselves: readable, paired, used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from pixelproof.data.doctor.finding import Finding, kinds_in_words
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.layouts import IMAGE_SUFFIXES, PATTERNS
from pixelproof.data.layouts.folders_file import FILE as FOLDERS
from pixelproof.data.layouts.tables import LABELS
from pixelproof.data.patches import overridden
from pixelproof.errors import printable
from pixelproof.numbers import counted
from pixelproof.runs import LABELS_FILE
from pixelproof.runs.corrections_file import FILE as CORRECTIONS
from pixelproof.runs.corrections_file import changes_in_words
from pixelproof.runs.left_out_file import FILE as LEAVE_OUT
from pixelproof.runs.left_out_file import counts_of, in_words

_READ_ANYWAY = frozenset({LABELS_FILE, "id2label.json", PATTERNS, LEAVE_OUT, CORRECTIONS, FOLDERS})


def unreadable(survey: Survey) -> Iterator[Finding]:
    """Files that are empty, truncated, no image, too large, or not allowed to be read."""
    groups: dict[str, list[Path]] = defaultdict(list)
    for path, error in survey.broken.items():
        groups[error.problem.replace(str(path), "FILE")].append(path)
    for paths in groups.values():
        what = survey.relative(survey.broken[paths[0]].problem)
        more = f", and so with {len(paths) - 1} more" if len(paths) > 1 else ""
        message = f"{what}{more}: training would stop there"
        yield survey.finding("unreadable", "error", paths, message, survey.broken[paths[0]].remedy)


def names(survey: Survey) -> Iterator[Finding]:
    """Images whose names no file of a run could hold."""
    paths = [sample.image for sample in survey.samples if printable(str(sample.image)) != str(sample.image)]
    if paths:
        message = f"{counted(len(paths), 'image')} whose name is not UTF-8: training would stop there"
        yield survey.finding("file-name", "error", paths, message, "rename them")


def unpaired(survey: Survey) -> Iterator[Finding]:
    """Images without a mask and masks without an image."""
    paths = survey.found.unpaired
    if paths:
        what = f"{counted(len(paths), 'file')} without a partner ({survey.names(paths)})"
        message = f"{what}: every image needs a mask and every mask an image"
        yield survey.finding("unpaired", "error", paths, message, "add the missing files or remove these")


def doubled(survey: Survey) -> Iterator[Finding]:
    """Two files, each of which would be the image, or the mask, of one sample."""
    paths = [path for pair in survey.found.doubled for path in pair]
    if paths:
        message = f"{counted(len(survey.found.doubled), 'sample')} with two files where one would do"
        yield survey.finding("two-files", "error", paths, message, "remove or rename one of each two")


def left_out(survey: Survey) -> Iterator[Finding]:
    """Images that are left out on purpose."""
    if those := survey.found.left_out:
        reasons = in_words(counts_of(each.reason for each in those))
        message = f"{counted(len(those), 'image')} left out, as {LEAVE_OUT} says: {reasons}"
        fix = "nothing; a line that is removed there brings its image back"
        yield survey.finding("left-out", "note", [each.file for each in those], message, fix)


def corrected(survey: Survey) -> Iterator[Finding]:
    """Images whose labels, or regions of whose masks, were put right."""
    if changes := survey.found.changes:
        files = [file for file, looked in survey.found.looked.items() if looked.change]
        files += [sample.image for sample in survey.samples if sample.patches and sample.corrected]
        what = counted(sum(changes.values()), survey.found.unit_corrected)
        message = f"{what} corrected, as {CORRECTIONS} says: {changes_in_words(changes)}"
        if over := sum(overridden(sample.patches) for sample in survey.samples):
            message += f"; {counted(over, 'line')} there over an earlier one, of which the later counts"
        fix = "nothing; a line that is removed there brings back the label that the data give"
        yield survey.finding("corrected", "note", files, message, fix)


def unused_images(survey: Survey) -> Iterator[Finding]:
    """Images that no split takes up."""
    paths = [p for p in survey.others if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")]
    if paths:
        message = (
            f"{counted(len(paths), 'image')} that no split takes up ({survey.names(paths)}), as the folder is read as "
            f"'{survey.found.layout}': nothing is learned from them or scored on them"
        )
        way = "name them in the list of a split" if survey.found.lists else "rename them to fit the layout"
        way = f"name their folder in {FOLDERS}" if survey.found.beside else way
        yield survey.finding("unused-images", "warning", paths, message, f"label them, {way}, or move them away")


def tables_not_read(survey: Survey) -> Iterator[Finding]:
    """A table of labels that says otherwise of the images than their folders, or their masks, do."""
    for path in survey.found.passed_over:
        folders = survey.found.task == "classification"
        otherwise = " otherwise than their folders" if folders else ""
        message = (
            f"{path.name} labels these images{otherwise}, and its labels are not read: the folder is read "
            f"as '{survey.found.layout}'"
        )
        fix = "move the images out of their folders" if folders else "move the masks elsewhere"
        fix = f"nothing, if that is right; {fix}, if the table is meant"
        yield survey.finding("table-not-read", "warning" if folders else "note", [path], message, fix)
    if why := survey.found.ungrouped:
        fix = "name all images in it, or leave out the column; groups.csv is read for it, too"
        yield survey.finding("groups-not-read", "warning", [survey.root / LABELS], why, fix)


def ignored_files(survey: Survey) -> Iterator[Finding]:
    """Hidden files and files of other kinds."""
    read = _READ_ANYWAY | {survey.found.layout}  # a table gives its name to the layout
    paths = [
        p
        for p in survey.others
        if p.name.startswith(".") or (p.suffix.lower() not in IMAGE_SUFFIXES and p.name not in read)
    ]
    if paths:
        kinds = Counter("hidden" if p.name.startswith(".") else p.suffix or "no suffix" for p in paths)
        what = f"{counted(len(paths), 'file')} not read, for being neither image nor label"
        message = f"{what}: {kinds_in_words(kinds, 5)}"
        fix = f"nothing, unless they are images: the kinds read are {' '.join(sorted(IMAGE_SUFFIXES))}"
        yield survey.finding("ignored-files", "note", paths, message, fix)


def empty_folders(survey: Survey) -> Iterator[Finding]:
    """Folders without files, such as a class whose images were never copied."""
    paths = survey.empty_folders
    if paths:
        message = (
            f"{counted(len(paths), 'folder')} without files ({survey.names(paths)}): a class or split may be missing"
        )
        yield survey.finding("empty-folder", "warning", paths, message, "fill them or remove them")
