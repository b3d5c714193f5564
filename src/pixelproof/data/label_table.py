"""A CSV of labels by file name, as people and other tools write it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.runs.files import read_rows

_FILE_COLUMNS = (
    "filename",
    "file_name",
    "file",
    "image_path",
    "image_file",
    "image",
    "img",
    "image_id",
    "id",
    "name",
)
LABEL_COLUMNS = ("label", "class", "prediction", "predicted", "target", "class_id")


def header(path: Path) -> list[str]:
    """Return the names of a table's columns, in lower case."""
    return _header(read_rows(path))


def holds_labels(path: Path) -> bool:
    """Return whether a table can be read and has a column of file names and one of labels."""
    try:
        names = {*header(path)}
    except UserError:
        return False
    return not names.isdisjoint(_FILE_COLUMNS) and not names.isdisjoint(LABEL_COLUMNS)


def read_table(path: Path, columns: Sequence[str] = LABEL_COLUMNS) -> dict[str, str]:
    """Return labels by file name from a CSV with a header; the first of ``columns`` that it has is the label.

    Raises:
        UserError: It cannot be read, has no columns for file and label, or names a file twice.
    """
    rows = read_rows(path)
    names = _header(rows)
    file = next((names.index(name) for name in _FILE_COLUMNS if name in names), None)
    label = next((names.index(name) for name in columns if name in names), None)
    if file is None or label is None or file == label:
        raise UserError(
            f"{path} has no columns for file name and {columns[0]}", f"start it with the line 'filename,{columns[0]}'"
        )
    table: dict[str, str] = {}
    for number, row in rows[1:]:
        if len(row) != len(names):
            raise UserError(f"{path}, line {number}: {len(row)} cells, expected {len(names)}", "correct the line")
        name = row[file].strip()
        if name in table:
            raise UserError(f"{path}, line {number}: '{name}' stands twice", "remove one of the lines")
        table[name] = row[label].strip()
    if not table:
        raise UserError(f"{path} holds no labels", "add a line for each image")
    return table


def _header(rows: list[tuple[int, list[str]]]) -> list[str]:
    return [cell.strip().lower() for cell in rows[0][1]] if rows else []
