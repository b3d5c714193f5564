"""``folders.yaml``: which folders are one data set, as a person writes it."""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from pixelproof.data.layouts.listing import split_name
from pixelproof.errors import UserError
from pixelproof.runs.files import expanded, read_yaml
from pixelproof.schema import Strict, parse

FILE = "folders.yaml"


def _split(word: str) -> str:
    """Return the split that a word stands for.

    Raises:
        ValueError: It stands for none.
    """
    if (split := split_name(Path(word))) is None:
        raise ValueError(f"'{word}' is no split; write train, validation or test")
    return split


def _name(name: str) -> str:
    """Refuse a name that would lead elsewhere where it begins a path.

    Raises:
        ValueError: It would.
    """
    if name in (".", "..") or {*"/\\"} & {*name} or name != name.strip() or not name.isprintable():
        raise ValueError(f"{name!a} cannot begin the names of images; leave out slashes, and spaces at its ends")
    return name


def _text(value: Any) -> Any:
    """Return a year, which YAML reads as a number, as the text it was."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_text)]


class _Part(Strict):
    folder: Text = Field(min_length=1)
    """Its path, absolute or from the folder that ``folders.yaml`` lies in."""
    name: Annotated[Text, AfterValidator(_name)] = ""
    """What ids and paths begin with; its own name by default."""
    split: Annotated[str, AfterValidator(_split)] | None = None
    """The split that all of its images are in, whatever splits it has; by default they stay in those."""


def _short(value: Any) -> Any:
    """Return a path alone as a folder with nothing else to say of it."""
    return value if isinstance(value, dict) else {"folder": value}


class _Folders(Strict):
    folders: tuple[Annotated[_Part, BeforeValidator(_short)], ...] = Field(min_length=1)
    same_groups: bool = False
    """Whether a group, such as a patient, is the same one in all folders where its name is; else each has its own."""


class Member(NamedTuple):
    """One of the folders.

    Attributes:
        name: What it is called; different from all others.
        path: Where it lies.
        split: The split of all of its images; None where they stay in its own.
    """

    name: str
    path: Path
    split: str | None


def read_folders(root: Path) -> tuple[list[Member], bool]:
    """Return the folders that are one data set, and whether groups are the same ones in all of them.

    Raises:
        UserError: The file cannot be read, a folder is missing, or consists of others itself, or two have one name or
            lie in each other.
    """
    path = root / FILE
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise UserError(f"{path} names no folders", "start it with 'folders:' and a list of them")
    written = parse(_Folders, values, str(path))
    members = [_member(root, part) for part in written.folders]
    for member, part in zip(members, written.folders, strict=True):
        if not member.path.is_dir():
            raise UserError(f"{path} names '{part.folder}', and there is no folder {member.path}", "correct its path")
        if not member.name:
            raise UserError(f"{path} names {member.path}, which has no name of its own", "give it a 'name'")
        if (member.path / FILE).exists():
            raise UserError(f"{path} names {part.folder}, which has a {FILE} itself", "name the folders that it names")
    for one, other in combinations(members, 2):
        a, b = one.path.resolve(), other.path.resolve()
        if a == b:
            raise UserError(f"{path} names the folder {a} twice", "name it once")
        if a.is_relative_to(b) or b.is_relative_to(a):
            raise UserError(f"{path} names {one.path} and {other.path}, of which one holds the other", "name one alone")
        if one.name == other.name:
            problem = f"{path} names two folders called '{one.name}', {one.path} and {other.path}"
            raise UserError(problem, "give one of them another 'name'")
    return members, written.same_groups


def is_united(root: Path) -> bool:
    """Return whether a folder has a ``folders.yaml``, be it a link that leads nowhere: it would be passed over."""
    return os.path.lexists(root / FILE)


def folders_of(root: Path) -> list[Path]:
    """Return the folders that a data set lies in: its own, and those that are one with it.

    Raises:
        UserError: As of ``read_folders``.
    """
    return [root, *(member.path for member in read_folders(root)[0])] if is_united(root) else [root]


def _member(root: Path, part: _Part) -> Member:
    path = root / expanded(part.folder)
    own = path.name if path.name != ".." else ""  # a link is called as itself, not as what it leads to
    return Member(part.name or own or path.resolve().name, path, part.split)
