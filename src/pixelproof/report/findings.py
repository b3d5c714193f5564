"""The artefacts of an explanation, read from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pixelproof.runs import Shown, load_shown, load_thumbnails
from pixelproof.runs.explained import Explained
from pixelproof.runs.explanation_file import Explanation, load_explanation
from pixelproof.runs.ranked_file import Ranked, load_ranked

Pictures = dict[str, npt.NDArray[np.uint8]]


@dataclass(frozen=True)
class Found:
    """What was found out about a model; None, or empty, where a file is not there.

    Attributes:
        explanation: How the classes lie to each other; classification.
        suspects: Labels that are probably wrong.
        next: What to label or check next.
        pictures: Images of the galleries by "split/id".
        cams: What speaks for the predicted class, likewise.
        worst: The worst images, worst first; segmentation.
        doubtful: The images of the first suspects, in their order; segmentation.
    """

    explanation: Explanation | None
    suspects: list[Ranked]
    next: list[Ranked]
    pictures: Pictures
    cams: Pictures
    worst: list[Shown]
    doubtful: list[Shown]


def read_found(folder: Path) -> Found | None:
    """Read the explanation in a folder; None if there is none.

    Raises:
        UserError: A file is damaged.
    """
    files = Explained(folder)
    if not files.exists():
        return None
    return Found(
        explanation=load_explanation(files.explanation) if files.explanation.exists() else None,
        suspects=load_ranked(files.suspects) if files.suspects.exists() else [],
        next=load_ranked(files.next) if files.next.exists() else [],
        pictures=_pictures(files.pictures),
        cams=_pictures(files.cams),
        worst=_shown(files.worst),
        doubtful=_shown(files.doubtful),
    )


def _pictures(path: Path) -> Pictures:
    if not path.exists():
        return {}
    read = load_thumbnails(path)
    return dict(zip(read.ids, read.pixels, strict=True))


def _shown(folder: Path) -> list[Shown]:
    return [load_shown(path) for path in sorted(folder.glob("*.npz"))]
