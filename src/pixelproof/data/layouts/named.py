"""Which files the lines of a list mean, by path, id or name; and what to do about those that mean none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar

from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.groups import images_by_name, names_by_image
from pixelproof.errors import UserError
from pixelproof.numbers import counted, first_of

_COMPARED = 10_000
_LINES_SAID = 10
Names = Mapping[str, set[Path]]


class Named(Protocol):
    """A line of a list that names an image."""

    @property
    def name(self) -> str:
        """The image, by path, id or name, with or without suffix; files without a partner and masks by path."""

    @property
    def line(self) -> int:
        """The number of the line; 0 where it has none."""


NamedLine = TypeVar("NamedLine", bound=Named)
Read = TypeVar("Read")


def files_named(root: Path, found: Found, entries: Sequence[Named], path: Path) -> list[Path]:
    """Return the file that each line of a list means, in their order; a mask stands for its image.

    Args:
        root: The data's folder.
        found: The reading of it.
        entries: The lines.
        path: Where these stand.

    Raises:
        UserError: A line names no image, or may mean several.
    """
    known = _known(root, found)
    _refuse_unknown(entries, known, root, path)
    return [_file(entry, known, path) for entry in entries]


def where(entry: Named, path: Path) -> str:
    """Return in words where a line stands."""
    return f"line {entry.line} of {path}" if entry.line else str(path)


def each_read(entries: Iterable[tuple[NamedLine, Path]], read: Callable[[NamedLine, Path], Read]) -> list[Read]:
    """Return what is read in each line of a list, in their order.

    Args:
        entries: The lines, and the file that each means.
        read: Reads one, or raises what is wrong with it.

    Raises:
        UserError: Lines are wrong: what is wrong with the first, and which others are.
    """
    done, wrong = list[Read](), list[tuple[str, UserError]]()
    for entry, file in entries:
        try:
            done.append(read(entry, file))
        except UserError as error:
            wrong.append((str(entry.line or entry.name), error))
    if not wrong:
        return done
    (_, first), *others = wrong
    lines = first_of([line for line, _ in others], _LINES_SAID)
    are = "is" if len(others) == 1 else "are"
    more = f" ({counted(len(others), 'further line')} {are} wrong: {lines})" if others else ""
    raise UserError(f"{first.problem}{more}", first.remedy)


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


def _refuse_unknown(entries: Sequence[Named], known: Names, root: Path, path: Path) -> None:
    """Refuse entries that name no image, the first by its name and the others by how many they are."""
    unknown = [entry for entry in entries if not _meant(entry, known)]
    if unknown:
        name, more = unknown[0].name, len(unknown) - 1
        others = f" (nor for {counted(more, 'further line')})" if more else ""
        problem = f"{where(unknown[0], path)} names '{name}', and {root} has no such image{others}"
        raise UserError(problem, _advice(name, known))


def _file(entry: Named, known: Names, path: Path) -> Path:
    """Return the file that an entry names."""
    files = _meant(entry, known)
    if len(files) > 1:
        both = " or ".join(map(str, sorted(files)[:2]))
        problem = f"{where(entry, path)} names '{entry.name}', which may be {both}"
        raise UserError(problem, "write its path in the folder")
    (file,) = files
    return file


def _meant(entry: Named, known: Names) -> set[Path]:
    return known.get(PurePosixPath(entry.name).as_posix(), set())


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
