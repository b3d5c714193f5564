"""A CSV of labels, or of probabilities, by file name, as people and other tools write it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
_ROUNDED = 0.01
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


def roles(rows: Sequence[tuple[int, Sequence[str]]]) -> tuple[str, ...]:
    """Return what the columns of a table hold, by its rows: "file", "label", "split", or "other"; none if no labels."""
    names = _header(rows)
    file, label = _file_column(names), next((names.index(name) for name in LABEL_COLUMNS if name in names), None)
    if file is None or label is None:
        return ()
    known = {file: "file", label: "label"} | ({names.index("split"): "split"} if "split" in names else {})
    return tuple(known.get(place, "other") for place in range(len(names)))


def read_table(path: Path, columns: Sequence[str] = LABEL_COLUMNS) -> dict[str, str]:
    """Return labels by file name from a CSV with a header; the first of ``columns`` that it has is the label.

    Raises:
        UserError: It cannot be read, has no columns for file and label, or names a file twice.
    """
    rows = read_rows(path)
    names = _header(rows)
    file = _file_column(names)
    label = next((names.index(name) for name in columns if name in names), None)
    if file is None or label is None or file == label:
        raise UserError(
            f"{path} has no columns for file name and {columns[0]}", f"start it with the line 'filename,{columns[0]}'"
        )
    return {name: row[label].strip() for name, (_, row) in _by_file(path, rows, file).items()}


@dataclass(frozen=True)
class ProbabilityTable:
    """Probabilities by file name, each row those of ``classes``, ids or names, in their order."""

    classes: tuple[str, ...]
    rows: dict[str, list[float]]


def read_probabilities(path: Path) -> ProbabilityTable | None:
    """Return the probabilities of a table with a column of file names and one for each class, as ``predict`` writes it.

    Raises:
        UserError: A cell is no probability, those of an image do not add up to 1, or a file stands twice.

    Returns:
        None where the table has a column of labels, or none of file names, or fewer than two others.
    """
    rows = read_rows(path)
    names = _header(rows)
    file = _file_column(names)
    if file is None or len(names) < 3 or not set(names).isdisjoint(LABEL_COLUMNS):
        return None
    classes = [cell.strip() for place, cell in enumerate(rows[0][1]) if place != file]
    if twice := next((name for name in classes if classes.count(name) > 1), None):
        raise UserError(f"{path} has two columns '{twice}'", "remove or rename one of them")
    read = {}
    for name, (number, row) in _by_file(path, rows, file).items():
        read[name] = _probabilities([cell for place, cell in enumerate(row) if place != file], f"{path}, line {number}")
    return ProbabilityTable(tuple(classes), read)


def _probabilities(cells: Sequence[str], where: str) -> list[float]:
    """Return the probabilities that stand in a row; rounded, they may add up to a little more or less than 1."""
    for cell in cells:
        try:
            right = 0 <= float(cell) <= 1
        except ValueError:
            right = False
        if not right:
            problem, remedy = f"{where}: '{cell.strip()}' is no probability", "give one from 0 to 1 in each column"
            raise UserError(problem, f"{remedy} beside the file name, or a column 'label'")
    values = [float(cell) for cell in cells]
    if abs(sum(values) - 1) > _ROUNDED:
        problem = f"{where}: the probabilities add up to {sum(values):.3g}, and not to 1"
        raise UserError(problem, "give a column for each class, of which an image has one")
    return values


def _by_file(path: Path, rows: list[tuple[int, list[str]]], file: int) -> dict[str, tuple[int, list[str]]]:
    """Return the rows of a table below its header, with the numbers of their lines, by the name in column ``file``."""
    table: dict[str, tuple[int, list[str]]] = {}
    for number, row in rows[1:]:
        if len(row) != len(rows[0][1]):
            raise UserError(f"{path}, line {number}: {len(row)} cells, expected {len(rows[0][1])}", "correct the line")
        name = row[file].strip()
        if name in table:
            raise UserError(f"{path}, line {number}: '{name}' stands twice", "remove one of the lines")
        table[name] = number, row
    if not table:
        raise UserError(f"{path} holds no labels", "add a line for each image")
    return table


def _file_column(names: list[str]) -> int | None:
    return next((names.index(name) for name in _FILE_COLUMNS if name in names), None)


def _header(rows: Sequence[tuple[int, Sequence[str]]]) -> list[str]:
    return [cell.strip().lower() for cell in rows[0][1]] if rows else []
