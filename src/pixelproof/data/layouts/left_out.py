"""Images that a list says to leave out: taken out of a reading before anything else sees it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from pixelproof.data.folder import LeftOut, Sample
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.groups import images_by_name, names_by_image
from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.runs.left_out_file import FILE, Entry, load_list

_COMPARED = 10_000
Names = Mapping[str, set[Path]]


def leave_out(root: Path, found: Found) -> None:
    """Take the images out of a reading that ``leave_out.csv`` in the data's folder names.

    Raises:
        UserError: As of ``take_out``, or the list cannot be read.
    """
    if os.path.lexists(path := root / FILE):  # a link that leads nowhere would be passed over in silence
        take_out(root, found, load_list(path), path)


def take_out(root: Path, found: Found, entries: Iterable[Entry], path: Path) -> None:
    """Take images out of a reading; those that are out already stay so.

    Args:
        root: The data's folder.
        found: The reading of it, which is changed.
        entries: The images, by path, id or name, with or without suffix; files without a partner and masks by path.
        path: Where that is written.

    Raises:
        UserError: An entry names no image, or may mean several, or all of a class or split would be left out.
    """
    known, gone, entries = _known(root, found), {each.file for each in found.left_out}, list(entries)
    _refuse_unknown(entries, known, root, path)
    out: dict[Path, Entry] = {}
    for entry in entries:
        if (file := _file(entry, known, path)) not in gone:
            out.setdefault(file, entry)
    _heed_doubled(found, out)
    classes = set(found.class_of.values())
    for split, samples in found.splits.items():
        kept = [sample for sample in samples if sample.image not in out]
        if samples and not kept:
            raise UserError(f"{path} leaves out all images of {split}", "take lines out of it, or remove that split")
        taken = (sample for sample in samples if sample.image in out)
        found.left_out += [_sample(found, split, sample, out[sample.image]) for sample in taken]
        found.splits[split] = kept
    found.left_out += [_alone(file, out[file]) for file in found.unpaired if file in out]
    found.unpaired = [file for file in found.unpaired if file not in out]
    if lost := sorted(classes - set(found.class_of.values())):
        raise UserError(
            f"{path} leaves out all images of class '{lost[0]}'", "take lines out of it, or remove that class"
        )


def _sample(found: Found, split: str, sample: Sample, entry: Entry) -> LeftOut:
    return replace(_alone(sample.image, entry), split=split, sample=sample, called=found.class_of.pop(sample.image, ""))


def _alone(file: Path, entry: Entry) -> LeftOut:
    return LeftOut(file, entry.reason, entry.note)


def _known(root: Path, found: Found) -> Names:
    """Return the files that an entry may stand for, by name; a sample's mask stands for its image."""
    samples = [sample for those in found.splits.values() for sample in those]
    samples += [each.sample for each in found.left_out if each.sample]
    known = images_by_name(root, names_by_image(root, found, samples))
    others = {sample.mask: sample.image for sample in samples if sample.mask}
    alone = [*found.unpaired, *(each.file for each in found.left_out), *(f for pair in found.doubled for f in pair)]
    for file in alone:
        others.setdefault(file, file)
    for file, meant in others.items():
        known.setdefault(found.place(root, file), {meant})
    return known


def _refuse_unknown(entries: Sequence[Entry], known: Names, root: Path, path: Path) -> None:
    """Refuse entries that name no image, the first by its name and the others by how many they are."""
    unknown = [entry for entry in entries if not _meant(entry, known)]
    if unknown:
        name, more = unknown[0].name, len(unknown) - 1
        others = f" (nor for {counted(more, 'further line')})" if more else ""
        problem = f"{_where(unknown[0], path)} names '{name}', and {root} has no such image{others}"
        raise UserError(problem, _advice(name, known))


def _file(entry: Entry, known: Names, path: Path) -> Path:
    """Return the file that an entry names."""
    files = _meant(entry, known)
    if len(files) > 1:
        both = " or ".join(map(str, sorted(files)[:2]))
        problem = f"{_where(entry, path)} names '{entry.name}', which may be {both}"
        raise UserError(problem, "write its path in the folder")
    (file,) = files
    return file


def _meant(entry: Entry, known: Names) -> set[Path]:
    return known.get(PurePosixPath(entry.name).as_posix(), set())


def _where(entry: Entry, path: Path) -> str:
    return f"line {entry.line} of {path}" if entry.line else str(path)


def _advice(name: str, known: Names) -> str:
    """Return what to do about a name that is no image: write one like it, of its folder or file; all take minutes."""
    parts = re.split(r"[/\\]", name)  # also of a path from elsewhere, or as Windows writes them
    ends = ("/".join(parts[start:]) for start in range(len(parts) - 1))
    if end := next((end for end in ends if len(known.get(end, ())) == 1), None):
        return f"did you mean '{end}'?"
    if any(each.startswith(f"{name},") for each in known if name):
        return "put a name that has a comma in quotes"
    folder, _, file = name.rpartition("/")
    near = [each for each in known if folder == each.rpartition("/")[0] or file == each.rpartition("/")[2]]
    close = get_close_matches(name, near or list(known)[:_COMPARED], n=1)
    return f"did you mean '{close[0]}'?" if close else "write its path in the folder, or remove the line"


def _heed_doubled(found: Found, out: dict[Path, Entry]) -> None:
    """Let the other one of two files be the sample's where one of them is left out."""
    for first, second in list(found.doubled):
        if first not in out and second not in out:
            continue
        gone, stays = (second, first) if second in out else (first, second)
        found.left_out.append(_alone(gone, out.pop(gone)))
        for split, samples in found.splits.items():
            found.splits[split] = [_instead(sample, gone, stays) for sample in samples]
        found.doubled.remove((first, second))
        found.doubled[:] = [(stays if one == gone else one, other) for one, other in found.doubled]


def _instead(sample: Sample, gone: Path, stays: Path) -> Sample:
    image, mask = (stays if file == gone else file for file in (sample.image, sample.mask))
    return replace(sample, image=image or sample.image, mask=mask)
