"""Reading a versioned JSON record: one that is damaged, or of another version, says so in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pixelproof.errors import UserError
from pixelproof.runs.files import read_json, write_json
from pixelproof.schema import Strict, parse

Record = TypeVar("Record", bound=Strict)


def record_file(
    record: type[Record], what: str, again: str
) -> tuple[Callable[[Path, Record], None], Callable[[Path], Record]]:
    """Return what writes a kind of record to a JSON file, atomically, and what reads it as ``read_record`` does."""

    def load(path: Path) -> Record:
        return read_record(path, record, what, again)

    return write_record, load


def write_record(path: Path, record: Strict) -> None:
    """Write what ``read_record`` reads, atomically."""
    write_json(path, record.model_dump(mode="json"))


def read_record(path: Path, record: type[Record], what: str, again: str) -> Record:
    """Read a JSON file that a ``Strict`` class with a ``version`` describes.

    Args:
        path: The file.
        record: The class; the default of its field ``version`` is the version it reads.
        what: What the file is, such as "study record".
        again: How to make it again, as an imperative.

    Raises:
        UserError: The file is missing, not JSON, of another version, or contradicts itself.
    """
    values = read_json(path)
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no {what}", again)
    expected = record.model_fields["version"].default
    if values.get("version") != expected:
        found = f"a {what} of version {values.get('version')}"
        raise UserError(f"{path} is {found}, expected {expected}", f"{again} with this version of Pixelproof")
    return parse(record, values, str(path))
