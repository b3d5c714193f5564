"""Files beside a page, each folder with an index that says what is in them and by which stale ones are known."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.runs.files import as_csv, file_digest, file_name, read_rows, write_bytes, write_text

INDEX = "index.csv"
HEAD = ["file", "content", "sha256"]
"""Of the columns of an index; the last has the beginning of a digest, as ``file_digest`` gives it."""
LONGEST = 180
"""Bytes of a file's name without its ending; file systems take 255, and more is put before it while it is written."""
_OURS = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class Beside:
    """A file to be written beside a page.

    Attributes:
        words: What its name is made of: part, model and kind; empty ones are left out.
        ending: Of its name, without the dot.
        data: Its bytes.
        says: What is in it, in a sentence.
    """

    words: tuple[str, ...]
    ending: str
    data: bytes
    says: str = ""


def stem(words: Iterable[str]) -> str:
    """Return the name of a file, without its ending, that is about what ``words`` name.

    >>> stem(("land", "timm:resnet18", "", "loss"))
    'land-timm-resnet18-loss'
    """
    name = "-".join(file_name(word) for word in words if word).lstrip(".-")
    return name.encode()[:LONGEST].decode("utf-8", "ignore")


def named(files: Iterable[Beside]) -> dict[str, Beside]:
    """Return files by their names, of which no two are alike, even where upper and lower case are one."""
    found: dict[str, Beside] = {}
    taken = {INDEX}
    for file in files:
        first = name = f"{stem(file.words)}.{file.ending}"
        number = 1
        while name.lower() in taken:
            number += 1
            name = f"{first.removesuffix(f'.{file.ending}')}-{number}.{file.ending}"
        taken.add(name.lower())
        found[name] = file
    return found


def put_beside(folder: Path, files: Mapping[str, Beside], stale: Collection[str] = ()) -> None:
    """Write files and their index to a folder, and remove those of the index that was there and are no more.

    What is in no index, and not among ``stale``, belongs to the user and is never removed or replaced; nor is what was
    edited since ever removed.

    Raises:
        UserError: One cannot be written, or what belongs to the user has its name.
    """
    listed = _listed(folder / INDEX)
    known = {name for name, _, _ in listed}.union(stale)
    rows = [[name, file.says, hashlib.sha256(file.data).hexdigest()[:16]] for name, file in files.items()]
    for path, digest in ((folder / name, digest) for name, _, digest in rows if name not in known):
        if path.exists() and not _is(path, digest):
            raise _in_the_way(path)
    gone = {name for name, _, digest in listed if _is(folder / name, digest)}.union(stale) - set(files)
    if rows or listed:  # first with all, so that whatever an interruption leaves is known
        write_text(folder / INDEX, as_csv([HEAD, *listed, *rows]))
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    for name, file in files.items():
        write_bytes(folder / name, file.data)
    if rows or listed:
        write_text(folder / INDEX, as_csv([HEAD, *rows]))


def _listed(index: Path) -> list[list[str]]:
    """Return name, content and digest of the files in an index; none where there is no index.

    Raises:
        UserError: It is none of ours.
    """
    rows = [row for _, row in read_rows(index)] if index.exists() else [HEAD]
    if rows[:1] != [HEAD]:
        raise _in_the_way(index)
    return [row for row in rows[1:] if len(row) == len(HEAD) and _OURS.fullmatch(row[0])]


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and file_digest(path) == digest


def _in_the_way(path: Path) -> UserError:
    return UserError(f"{path} is not of this page, which has a file of that name", "move or rename it")
