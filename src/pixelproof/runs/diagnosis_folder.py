"""The folder of a diagnosis: what the doctor said of a data set, with pictures, written and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pixelproof.runs.atomic import atomic_folder
from pixelproof.runs.diagnosis_file import DiagnosisRecord, load_diagnosis, save_diagnosis
from pixelproof.runs.explanation_folder import NUMBERED
from pixelproof.runs.left_out_file import FILE as LEAVE_OUT
from pixelproof.runs.left_out_file import Entry, save_list
from pixelproof.runs.shown import Labelled, load_labelled, save_labelled
from pixelproof.runs.thumbnails import NO_THUMBNAILS, Thumbnails, save_thumbnails, thumbnails_if_any


@dataclass(frozen=True)
class Illustrated:
    """A diagnosis with its pictures.

    Attributes:
        record: What was found.
        images: The images that findings are about, by ``picture_key``.
        masks: Their masks in colours, likewise.
        classes: The examples of classes, likewise; classification.
        examples: Images with their masks; segmentation.
        leave_out: Which images may be left out; not read back.
    """

    record: DiagnosisRecord
    images: Thumbnails = NO_THUMBNAILS
    masks: Thumbnails = NO_THUMBNAILS
    classes: Thumbnails = NO_THUMBNAILS
    examples: list[Labelled] = field(default_factory=list)
    leave_out: list[Entry] = field(default_factory=list)


class DiagnosisFolder:
    """Where the files of a diagnosis lie.

    Attributes:
        path: The folder.
        record: What was found.
        leave_out: Which images may be left out of the data; absent where there are none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "diagnosis.json"
        self.leave_out = path / LEAVE_OUT
        self._pictures = {name: path / f"{name}.npz" for name in ("images", "masks", "classes")}
        self._examples = path / "examples"

    def exists(self) -> bool:
        """Return whether a diagnosis lies there."""
        return self.record.is_file()

    def save(self, diagnosis: Illustrated) -> None:
        """Write a diagnosis in the place of an earlier one, all of it or nothing."""
        replaced = [path.name for path in (self.record, self.leave_out, self._examples, *self._pictures.values())]
        with atomic_folder(self.path, replaced) as folder:
            new = DiagnosisFolder(folder)
            for name, path in new._pictures.items():
                if getattr(diagnosis, name).ids:
                    save_thumbnails(path, getattr(diagnosis, name))
            for place, example in enumerate(diagnosis.examples, start=1):
                save_labelled(new._examples / f"{place:02d}.npz", example)
            if diagnosis.leave_out:
                save_list(new.leave_out, diagnosis.leave_out)
            save_diagnosis(new.record, diagnosis.record)

    def read(self) -> Illustrated:
        """Read what ``save`` wrote.

        Raises:
            UserError: A file is damaged.
        """
        files = self._pictures.values()
        images, masks, classes = map(thumbnails_if_any, files)
        examples = [load_labelled(path) for path in sorted(self._examples.glob(NUMBERED))]
        return Illustrated(load_diagnosis(self.record), images, masks, classes, examples)
