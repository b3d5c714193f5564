"""Regions of masks that a person has put right: attached to their samples, to be painted wherever these are read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pixelproof.data.fingerprint import mask_fingerprint
from pixelproof.data.folder import Patch, Sample
from pixelproof.data.images import opened
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.named import each_read, files_named, where
from pixelproof.data.patches import lies_over
from pixelproof.data.schemes import find_scheme
from pixelproof.errors import UserError
from pixelproof.labels.outlines import box_of
from pixelproof.runs.corrections_file import UNTELLABLE, Correction
from pixelproof.schema import nearest

LOOK_AGAIN = "look at the image again, or remove the line"


def put_regions_right(root: Path, found: Found, entries: Iterable[Correction], path: Path) -> list[Correction]:
    """Correct regions of a reading's masks; of those that overlap, the one that is written last counts.

    Args:
        root: The data's folder.
        found: The reading of it, whose samples get the corrections.
        entries: The corrections.
        path: Where they are written.

    Returns:
        Those that did not stand there yet, each with its image's path in the data and its mask's fingerprint.

    Raises:
        UserError: An entry names no image with a mask, no region or one beyond the mask, no class, or was made for
            another state of the mask.
    """
    entries, words, new = list(entries), _words(root, found), list[Correction]()
    samples = {sample.image: sample for sample in found.whole}
    patches = defaultdict[Path, list[Patch]](list, {file: [*each.patches] for file, each in samples.items()})
    added, known = defaultdict[Path, list[Patch]](list), _Masks()

    def take(entry: Correction, file: Path) -> None:
        if (sample := samples.get(file)) is None or sample.mask is None:
            problem = f"{where(entry, path)} corrects a mask of '{entry.name}', and there is none"
            raise UserError(problem, "add the mask, or remove the line")
        _refuse_misfit(entry, sample.mask, known, path)
        label, was = (_class(word, words, entry, path) for word in (entry.label, entry.was))
        patch = Patch(entry.region, label, was, entry.reason, where(entry, path))
        said = {each.outline: each.label for each in patches[file]}  # the last of each region
        if said.get(patch.outline) != patch.label or lies_over(patch, _since(patch, added[file])):
            patches[file].append(patch)
            added[file].append(patch)
            place, state = found.place(root, file), known.fingerprint(sample.mask)
            new.append(Correction(place, label, was, entry.reason, region=patch.outline, fingerprint=state))

    each_read(zip(entries, files_named(root, found, entries, path), strict=True), take)

    def patched(sample: Sample) -> Sample:
        return replace(sample, patches=tuple(patches[sample.image])) if patches[sample.image] else sample

    found.splits = {split: [patched(sample) for sample in samples] for split, samples in found.splits.items()}
    found.left_out = [replace(each, sample=each.sample and patched(each.sample)) for each in found.left_out]
    return new


def _since(patch: Patch, added: list[Patch]) -> list[Patch]:
    """Return what was added after the last correction of this very region; all, where that stood there before."""
    places = [place for place, each in enumerate(added) if each.outline == patch.outline]
    return added[places[-1] + 1 :] if places else added


class _Masks:
    """What is known of the mask files that are corrected, each read once."""

    def __init__(self) -> None:
        self._fingerprints: dict[Path, str] = {}
        self._sides: dict[Path, int | None] = {}

    def fingerprint(self, mask: Path) -> str:
        """Return the fingerprint of a mask."""
        if mask not in self._fingerprints:
            self._fingerprints[mask] = mask_fingerprint(mask)
        return self._fingerprints[mask]

    def side(self, mask: Path) -> int | None:
        """Return the longer side of a mask as its head says, in pixels; None if it cannot be read as an image."""
        if mask not in self._sides:
            self._sides[mask] = None
            with suppress(UserError), opened(mask, mask=True) as image:  # which whoever reads it will say
                self._sides[mask] = max(image.size)
        return self._sides[mask]


def _refuse_misfit(entry: Correction, mask: Path, known: _Masks, path: Path) -> None:
    """Refuse a correction without a region, or with one that cannot be of this mask."""
    if not entry.region:
        problem = f"{where(entry, path)} says no region of the mask of '{entry.name}'"
        raise UserError(problem, "write its outline into the column region, such as M12 40h30v22h-30z")
    try:
        box, side = box_of(entry.region), known.side(mask)
    except ValueError as error:
        raise UserError(f"{where(entry, path)} has a region that cannot be read: {error}", "correct it") from None
    if side is not None and max(box.left + box.width, box.top + box.height) > side:
        problem = f"{where(entry, path)} has a region outside of {mask}: {box.words}"
        raise UserError(problem, LOOK_AGAIN)
    if entry.fingerprint not in ("", known.fingerprint(mask)):
        problem = f"{where(entry, path)} was made for another state of {mask}, which has changed since"
        remedy = f"{LOOK_AGAIN}; or, if it means the same as before, take the fingerprint out of it"
        raise UserError(problem, remedy)


def _words(root: Path, found: Found) -> dict[str, set[str]] | None:
    """Return the names of the classes that may be written by what they are called; None where they are not known."""
    try:
        scheme = find_scheme(root, found)
    except UserError:  # which whoever needs the classes will say
        return None
    words: dict[str, set[str]] = {UNTELLABLE: {UNTELLABLE}}
    for each in scheme.classes if scheme.task == found.task else ():
        for word in (each.name, *map(str, each.ids)):
            words.setdefault(word.strip(), set()).add(each.name)  # as cells are read
    return words


def _class(word: str, words: dict[str, set[str]] | None, entry: Correction, path: Path) -> str:
    """Return the name of the class that an entry names; as it is where none are known, or it names none."""
    if words is None or not word:
        return word
    if not (meant := words.get(word, set())):
        problem = f"{where(entry, path)} names the class '{word}' of '{entry.name}', which the data do not have"
        raise UserError(problem, nearest(word, list(words)))
    if len(meant) > 1:
        problem = f"{where(entry, path)} names the class '{word}', which is the name of one and the id of another"
        raise UserError(problem, "give names that are no ids in labels.yaml")
    return next(iter(meant))
