"""The page on which ``explain`` asks a person: which images are on it, and what is said of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from pixelproof.data import DataFolder, Parts, Sample
from pixelproof.data.label_table import roles
from pixelproof.data.layouts.classes import class_folders
from pixelproof.data.layouts.tables import LABELS
from pixelproof.data.reader import ImageReader, as_picture
from pixelproof.data.thumbnails import thumbnail
from pixelproof.errors import UserError, printable
from pixelproof.explanation.priority import UNLABELLED
from pixelproof.progress import track
from pixelproof.report.review_page import Beside, NewLabels, Question, SmallPicture, picture_of, review_page
from pixelproof.runs.corrections_file import FILE as CORRECTIONS
from pixelproof.runs.explanation_folder import Findings, Witness, picture_key
from pixelproof.runs.files import delimiter_of, read_text, rows_in
from pixelproof.runs.listed import as_name, as_words
from pixelproof.runs.ranked_file import Ranked

SIDE = 96
"""Pixels a side of a neighbour's picture."""
HEAD = "filename,label"


class Review:
    """What is asked on the page of a run's explanation.

    Attributes:
        questions: The images, doubted labels first.
        pictures: Their pictures and those of their neighbours, each once.
        tables: Where the labels of images without one are to go.
    """

    def __init__(self, data: DataFolder, parts: Parts, reader: ImageReader, unlabelled: Iterable[Path]) -> None:
        """Prepare to ask about images of ``parts``, of which those without a label come from some files or folders."""
        self.questions: list[Question] = []
        self.pictures: list[SmallPicture] = []
        self.tables: list[NewLabels] = []
        self._data, self._reader, self._unlabelled = data, reader, list(unlabelled)
        self._samples = {(name, sample.id): sample for name, own in parts.items() for sample in own}
        self._folders: list[Path] = []
        self._named: list[set[str]] = []
        self._places: dict[tuple[Path, bool], int] = {}

    def ask(self, findings: Findings) -> None:
        """Add the images of which a run knows what to say, but for those that a list cannot hold, or holds already.

        Raises:
            UserError: An image cannot be read.
        """
        rows = [*findings.suspects, *(row for row in findings.next if row.split == UNLABELLED)]
        asked = [row for row in rows if picture_key(row.split, row.id) in findings.witnesses]
        for row in track(asked, "review", len(asked)):
            question = self._question(row, findings.witnesses[picture_key(row.split, row.id)])
            held = question.table is not None and question.file in self._named[question.table]
            if not held and printable(question.file) == question.file and "\n" not in question.file:
                self.questions.append(question)

    def page(self, model: str, doubted: int) -> str:
        """Return the page, of a model that doubts so many labels."""
        return review_page(model, self._data.scheme.names, self.questions, self.pictures, self.tables, doubted)

    def next_step(self, data: str) -> str:
        """Return what a person does with answers about the labels of ``data``; empty where none of them is doubted."""
        doubted = any(question.given for question in self.questions)
        return f"; then: pixelproof correct {shlex.quote(data)} {CORRECTIONS}" if doubted else ""

    def _question(self, row: Ranked, witness: Witness) -> Question:
        sample, table = self._samples[row.split, row.id], None
        name = self._data.place(sample.image)
        if row.split == UNLABELLED:
            folder = self._folder_of(sample.image)
            table, name = self._table(folder), sample.image.relative_to(folder).as_posix()
        near = (self._samples["train", each] for each in witness.near)
        twin = witness.twin and self._samples[witness.twin]
        return Question(
            file=as_name(name),
            place=f"{name} ({row.split})",
            given=row.given,
            suggested=row.suggested,
            why=as_words(row.why),
            chances=witness.chances,
            picture=self._picture(sample.image),
            near=tuple(Beside(self._picture(each.image, small=True), self._class_of(each)) for each in near),
            twin=Beside(self._picture(twin.image), self._twin(twin)) if twin else None,
            table=table,
        )

    def _class_of(self, sample: Sample) -> str:
        return "" if sample.label is None else self._data.scheme.names[sample.label]

    def _twin(self, sample: Sample) -> str:
        return f"The same pixels are labelled {self._class_of(sample)}: {self._data.place(sample.image)}"

    def _picture(self, file: Path, small: bool = False) -> int:
        """Return the place of an image's picture, which is made once."""
        if (file, small) not in self._places:
            image = self._reader(file)
            self._places[file, small] = len(self.pictures)
            self.pictures.append(picture_of(thumbnail(image, SIDE) if small else as_picture(image)))
        return self._places[file, small]

    def _folder_of(self, image: Path) -> Path:
        """Return the folder in which a table would be read that names an image: one that was given, or its own."""
        given = (path for path in self._unlabelled if path.is_dir() and image.is_relative_to(path))
        return next((path for path in given if class_folders(path) is None), image.parent)

    def _table(self, folder: Path) -> int:
        """Return the place of the table of a folder."""
        if folder not in self._folders:
            self._folders.append(folder)
            table, named = begun(folder)
            self._named.append(named)
            self.tables.append(table)
        return self._folders.index(folder)


def begun(folder: Path) -> tuple[NewLabels, set[str]]:
    """Return the table of labels that a folder has, to be gone on with, and the images in it; a new one if it has none.

    One that cannot be read, or is none of labels, counts as none.
    """
    path = folder / LABELS
    try:
        text = read_text(path) if path.is_file() else ""
        rows = rows_in(text, path)
    except UserError:
        text, rows = "", []
    if not (columns := roles(rows)):
        return NewLabels(LABELS, folder.name, f"{HEAD}\n"), set()
    named = {row[columns.index("file")].strip() for _, row in rows[1:] if len(row) == len(columns)}
    return NewLabels(LABELS, folder.name, text.rstrip("\n") + "\n", columns, delimiter_of(text)), named
