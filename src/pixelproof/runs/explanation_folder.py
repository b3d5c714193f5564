"""The folder of an explanation: what was found out about a run, written and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pixelproof.runs.explanation_file import Explanation, load_explanation, save_explanation
from pixelproof.runs.left_out_file import FILE as LEAVE_OUT
from pixelproof.runs.ranked_file import Ranked, load_ranked, save_ranked
from pixelproof.runs.shown import Shown, load_shown, save_shown
from pixelproof.runs.thumbnails import NO_THUMBNAILS, Thumbnails, save_thumbnails, thumbnails_if_any

NUMBERED = "[0-9][0-9].npz"  # in ``worst`` and ``doubtful``
COPIED = "[0-9][0-9][0-9]-*"  # in ``next``


@dataclass(frozen=True)
class Witness:
    """What there is to say of an image whose class is asked for; classification.

    Attributes:
        chances: The likeliest classes with the model's probabilities, the likeliest first.
        near: The ids of the training images nearest to it, the nearest first.
        twin: Split and id of an image that is read as identical and has another label, if there is one.
    """

    chances: tuple[tuple[str, float], ...]
    near: tuple[str, ...]
    twin: tuple[str, str] | None = None


@dataclass(frozen=True)
class Findings:
    """What was found out about a run.

    Attributes:
        suspects: Images or regions whose label is probably wrong, most certain first.
        next: What to label or check next, best first.
        explanation: How the classes lie to each other; None for segmentation, where an image has no one class.
        pictures: The images that galleries show, by ``picture_key``; classification.
        cams: Of the most confident errors, what speaks for the predicted class, likewise.
        worst: The worst images with truth and prediction, worst first; segmentation.
        doubtful: The images of the first suspects, in their order, likewise; segmentation.
        witnesses: What is to be said of the first images of both lists, by ``picture_key``; known when made.
        listed: Whether a list of the suspects' images lies beside them, to be left out of the data; known when read.
        asked: Whether a page lies beside them that asks for their classes; known when read.
    """

    suspects: list[Ranked]
    next: list[Ranked]
    explanation: Explanation | None = None
    pictures: Thumbnails = NO_THUMBNAILS
    cams: Thumbnails = NO_THUMBNAILS
    worst: list[Shown] = field(default_factory=list)
    doubtful: list[Shown] = field(default_factory=list)
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    listed: bool = False
    asked: bool = False


class ExplanationFolder:
    """Where the files of an explanation lie.

    Attributes:
        path: The folder.
        explanation: How the classes lie to each other; classification.
        suspects: Labels that are probably wrong.
        next: What to label or check next.
        images: Copies of the images at the head of ``next``.
        pictures: The images that galleries show; classification.
        cams: Of the most confident errors, what speaks for the predicted class; classification.
        worst: Folder of the worst images with truth and prediction, numbered in their order; segmentation.
        doubtful: Folder of the images of the first suspects, likewise.
        leave_out: The images of these, as a list for a person to say which are left out, likewise.
        review: A page on which a person says which class these are of, and the first images without a label, likewise.
        scores: The scores of the split that is described, where the explanation stands outside of a study.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.explanation = path / "explanation.json"
        self.suspects = path / "suspects.csv"
        self.next = path / "next.csv"
        self.images = path / "next"
        self.pictures = path / "pictures.npz"
        self.cams = path / "cams.npz"
        self.worst = path / "worst"
        self.doubtful = path / "doubtful"
        self.leave_out = path / LEAVE_OUT
        self.review = path / "review.html"
        self.scores = path / "scores.npz"

    def exists(self) -> bool:
        """Return whether an explanation lies there."""
        return self.suspects.exists() or self.next.exists() or self.explanation.exists()

    def files(self) -> list[Path]:
        """Return the files that an explanation would write or has written, by their names."""
        single = [self.explanation, self.suspects, self.next, self.pictures, self.cams, self.scores]
        single += [self.leave_out, self.review]
        numbered = [*self.worst.glob(NUMBERED), *self.doubtful.glob(NUMBERED), *self.images.glob(COPIED)]
        return [*single, *sorted(numbered)]

    def clear(self) -> None:
        """Remove an earlier explanation, and nothing else."""
        for file in self.files():
            file.unlink(missing_ok=True)
        for folder in (self.worst, self.doubtful):
            with suppress(OSError):  # there is none, or it holds something else
                folder.rmdir()

    def save(self, findings: Findings) -> list[Path]:
        """Write what was found out in the place of an earlier explanation, and return the paths."""
        self.clear()
        written = [self.suspects, self.next]
        save_ranked(self.next, findings.next)
        if findings.explanation is not None:
            save_explanation(self.explanation, findings.explanation)
            written.insert(0, self.explanation)
        for path, pictures in ((self.pictures, findings.pictures), (self.cams, findings.cams)):
            if pictures.ids:
                save_thumbnails(path, pictures)
                written.append(path)
        for folder, images in ((self.worst, findings.worst), (self.doubtful, findings.doubtful)):
            _save_numbered(folder, images)
            written += [folder] if images else []
        save_ranked(self.suspects, findings.suspects)  # last: where it stands, so do the others
        return written

    def read(self) -> Findings | None:
        """Return what ``save`` wrote, empty where a file is not there; None if there is no explanation.

        Raises:
            UserError: A file is damaged.
        """
        if not self.exists():
            return None
        return Findings(
            suspects=load_ranked(self.suspects) if self.suspects.exists() else [],
            next=load_ranked(self.next) if self.next.exists() else [],
            explanation=load_explanation(self.explanation) if self.explanation.exists() else None,
            pictures=thumbnails_if_any(self.pictures),
            cams=thumbnails_if_any(self.cams),
            worst=_load_numbered(self.worst),
            doubtful=_load_numbered(self.doubtful),
            listed=self.leave_out.exists(),
            asked=self.review.exists(),
        )


def picture_key(split: str, sample_id: str) -> str:
    """Return the name of an image among the pictures: ids are unique within their split alone."""
    return f"{split}/{sample_id}"


def _save_numbered(folder: Path, images: Sequence[Shown]) -> None:
    for place, shown in enumerate(images, start=1):
        save_shown(folder / f"{place:02d}.npz", shown)


def _load_numbered(folder: Path) -> list[Shown]:
    return [load_shown(path) for path in sorted(folder.glob(NUMBERED))]
