"""Which pattern of ``groups`` keeps images together that belong together, where their names tell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from pixelproof.data.doctor.survey import Survey
from pixelproof.data.folder import Sample
from pixelproof.errors import UserError
from pixelproof.numbers import share
from pixelproof.runs.learned import MANY
from pixelproof.runs.scenes import scenes_of

_PATTERNS = (
    r"^(.+)/",  # the folder, and of the name
    r"([^/]+)[_-][^/_-]+$",  # all but its last part,
    r"([^/]+)[_-][^/_-]+[_-][^/_-]+$",  # all but its last two, often row and column
    r"([^/_-]+)[_-][^/]*$",  # and its first
)
_FEWEST = 5  # scenes, as many as parts of the size of validation


def scenes_that_keep(
    survey: Survey, samples: Sequence[Sample], pairs: Sequence[tuple[float, Path, Path]]
) -> str | None:
    """Return the setting of ``groups`` that keeps nearly all pairs of images together and makes most scenes, in words.

    Args:
        survey: The files.
        samples: All that would be divided.
        pairs: A number, and two images.

    Returns:
        None where no setting does, and where too few scenes come of it to divide them.
    """
    best, most = None, 0
    for pattern in _PATTERNS:
        try:
            scenes = dict(zip((s.image for s in samples), scenes_of((s.id for s in samples), pattern), strict=True))
        except UserError:
            continue
        apart = sum(scenes[a] != scenes[b] for _, a, b in pairs) / len(pairs)
        if apart <= MANY and (count := _divisible(survey, scenes)) > most:
            most = count
            kept = "all of these" if not apart else f"{share(1 - apart)} of these pairs"
            best = f"--set groups='{pattern}', which keeps {kept} together in {count:,} scenes"
    return best


def _divisible(survey: Survey, scenes: dict[Path, str]) -> int:
    """Return how many scenes there are, 0 where they leave no part of each class for a score."""
    sizes = Counter(scenes.values())
    of_class: dict[str, set[str]] = defaultdict(set)
    for path, name in survey.found.class_of.items():
        of_class[name].add(scenes.get(path, ""))
    lone = any(len(those) < 2 for those in of_class.values())
    return 0 if lone or len(sizes) < _FEWEST or max(sizes.values()) > len(scenes) / 2 else len(sizes)
