"""Files of text and plain data: written whole or not at all, read with one sentence where they cannot be."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from pixelproof.errors import UserError, explain_os_error
from pixelproof.runs.atomic import atomic
from pixelproof.runs.markup import from_xml
from pixelproof.runs.plain import from_json, from_yaml

AnyPath = str | Path
Paths = AnyPath | Sequence[AnyPath]


def as_paths(given: Paths) -> list[Path]:
    """Return the paths that somebody gave, one alone or several.

    >>> as_paths("photos") == as_paths(["photos"]) == [Path("photos")]
    True
    """
    return [Path(path) for path in ([given] if isinstance(given, str | Path) else given)]


def expanded(path: AnyPath) -> Path:
    """Return a path with the home folder in the place of ``~``.

    Raises:
        UserError: Nobody knows the home folder, or no file can be called so.
    """
    if "\0" in str(path):
        raise UserError(f"{path} cannot be the name of a file", "give another path")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UserError(f"it is not known where the home folder of {path} is", "give a path without ~") from None


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically."""
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: Any) -> None:
    """Write plain data as indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def text_digest(path: Path) -> str:
    """Return a short digest of a file's text, whatever ends its lines.

    Raises:
        UserError: It is missing or unreadable.
    """
    return hashlib.sha256(read_text(path).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Return a short digest of a file's bytes.

    Raises:
        UserError: It is missing or unreadable.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise explain_os_error(error, path) from error


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file.

    Raises:
        UserError: It is missing, unreadable or not text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")  # a byte-order mark, as Excel writes it, is no text
    except OSError as error:
        raise explain_os_error(error, path) from error
    except UnicodeDecodeError:
        raise UserError(f"{path} is not a UTF-8 text file", "save it as UTF-8") from None


def as_csv(rows: Iterable[Sequence[object]]) -> str:
    """Return rows of cells as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def read_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of a table that a person or another program wrote, with the numbers of their lines.

    Semicolons or tabs may stand in the place of commas, as some spreadsheets write them; empty rows are left out.

    Raises:
        UserError: It is missing, unreadable or no CSV.
    """
    return rows_in(read_text(path), path)


def rows_in(text: str, path: Path, strict: bool = False) -> list[tuple[int, list[str]]]:
    """Return the rows of a table's text, as ``read_rows`` does of a file's.

    Args:
        text: The text.
        path: Where it stands, for the message.
        strict: Refuse a quote that is never closed, which would make one cell of all lines after it.

    Raises:
        UserError: It is no CSV.
    """
    if text.startswith("sep="):  # which Excel takes for a word to itself
        text = text[text.find("\n") :]
    reader = csv.reader(io.StringIO(text), delimiter=delimiter_of(text), strict=strict)
    rows, begins = list[tuple[int, list[str]]](), 1
    try:
        for row in reader:
            rows += [(reader.line_num, row)] if any(map(str.strip, row)) else []
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path}, line {begins}: cannot be read as CSV: {error}", "correct it") from None
    return rows


def delimiter_of(text: str) -> str:
    """Return what separates the cells of a table: that of comma, semicolon and tab which its first line has most."""
    head = next(filter(str.strip, text.splitlines()), "")
    return max(",;\t", key=head.count)


def read_yaml(path: Path) -> Any:
    """Return the plain data of a YAML file.

    Raises:
        UserError: It is missing, unreadable or not YAML.
    """
    return _parsed(path, from_yaml, "correct it")


def read_json(path: Path) -> Any:
    """Return the plain data of a JSON file.

    Raises:
        UserError: It is missing, unreadable or not JSON.
    """
    return _parsed(path, from_json, "restore or delete the file")


def read_xml(path: Path) -> Element:
    """Return the outermost element of an XML file.

    Raises:
        UserError: It is missing, unreadable or not XML, or declares what may grow or read other files.
    """
    found: Element = _parsed(path, from_xml, "export it again")
    return found


def read_object(path: Path, remedy: str) -> dict[str, Any]:
    """Return the JSON object in a file.

    Args:
        path: The file.
        remedy: What to do where it holds something else.

    Raises:
        UserError: It is missing, unreadable, not JSON, or JSON of another kind.
    """
    values = read_json(path)
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no JSON object", remedy)
    return values


def _parsed(path: Path, parse: Callable[[str], Any], remedy: str) -> Any:
    text = read_text(path)
    try:
        return parse(text)
    except ValueError as error:
        raise UserError(f"{path} {error}", remedy) from None


def file_name(name: str) -> str:
    """Return a name without the characters that paths or shells read, ``timm:resnet18`` as ``timm-resnet18``."""
    return re.sub(r"[^\w.-]+", "-", name)
