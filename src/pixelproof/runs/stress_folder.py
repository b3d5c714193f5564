"""The folder of ``stress``: a score file for each run and state of the images, what was found, and pictures."""

from __future__ import annotations

from pathlib import Path

from pixelproof.runs.folder import PAGE
from pixelproof.runs.stress_file import FILE, StressRecord, load_stress, save_stress
from pixelproof.runs.thumbnails import Thumbnails, save_thumbnails, thumbnails_if_any

UNTOUCHED = "untouched"
"""The state of images as they are."""


class StressFolder:
    """Where its files lie.

    Attributes:
        path: The folder.
        record: What was found.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / FILE
        self._pictures, self._masks = path / "pictures.npz", path / "masks.npz"

    def scores(self, run: str, state: str) -> Path:
        """Return the place of the scores of a run on images in a state."""
        return self.path / "scores" / run / f"{state}.npz"

    def all_scores(self) -> list[Path]:
        """Return all score files that lie there, of whatever call."""
        return sorted((self.path / "scores").glob("[!.]*/[!.]*.npz"))

    def results(self) -> list[Path]:
        """Return all files that ``stress`` writes there when all is scored."""
        return [self.record, *self.shown(), self.path / PAGE]

    def shown(self) -> list[Path]:
        """Return the files that show images of the data, and masks of them."""
        return [self._pictures, self._masks]

    def exists(self) -> bool:
        """Return whether something was found there."""
        return self.record.is_file()

    def save(self, record: StressRecord, pictures: Thumbnails, masks: Thumbnails) -> None:
        """Write what was found, with pictures of the examples in all states and, of segmenters, the first's masks."""
        save_thumbnails(self._pictures, pictures)
        save_thumbnails(self._masks, masks)
        save_stress(self.record, record)

    def read(self) -> tuple[StressRecord, Thumbnails, Thumbnails]:
        """Read what ``save`` wrote; pictures may have been removed.

        Raises:
            UserError: A file is damaged.
        """
        pictures, masks = map(thumbnails_if_any, self.shown())
        return load_stress(self.record), pictures, masks


def state_of(stress: str, strength: float) -> str:
    """Return what files and pictures call a state.

    >>> state_of("darker", 2.0), state_of("blurred", 0.5)
    ('darker-2', 'blurred-0.5')
    """
    return f"{stress}-{strength:g}"


def still(state: str) -> str:
    """Return what files call images as they are, whose truth and answers alone are moved as in a state.

    >>> still("turned-10")
    'untouched-turned-10'
    """
    return f"{UNTOUCHED}-{state}"


def picture_of(image_id: str, state: str) -> str:
    """Return the id of the picture of an image in a state."""
    return f"{state}/{image_id}"
