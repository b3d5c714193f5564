"""Scores of different images as one, such as those of the folds of a cross-validation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from pixelproof.errors import UserError
from pixelproof.labels import difference
from pixelproof.runs import Boundaries, Scores, Source
from pixelproof.runs.scores import Names

OF_A_NETWORK = ("calibration", "probabilities")
"""What is known of one network alone."""


def merged(scores: Sequence[Scores]) -> Scores:
    """Return the scores of all images.

    They may be of several networks, as those of folds are. So what is known of one network, how far its probabilities
    can be believed, is left out, and what only some of them know.

    Args:
        scores: One or more, of the same label contract and split, none of the same image.

    Raises:
        UserError: They are of different contracts or splits, of groups and of images, of images under different stress,
            or share an image.
    """
    first = scores[0]
    if other := next((each for each in scores if each.scheme.hash != first.scheme.hash), None):
        what = difference(other.scheme, first.scheme, *(each.source.name for each in (other, first)))
        problem = f"the scores of {other.source.name} have other labels than those of {first.source.name}: {what}"
        raise UserError(problem, "give scores of the same classes")
    if len(splits := {each.source.split for each in scores}) > 1:
        raise UserError(f"the scores are of different splits: {', '.join(sorted(splits))}", "give scores of one")
    if len({each.source.unit for each in scores}) > 1:
        raise UserError("some of the scores are of groups of images, and some of images", "give scores of one kind")
    if len({each.source.stress for each in scores}) > 1:
        problem = "the scores are of images under different stress, or some of images as they are"
        raise UserError(problem, "give scores of one state of the images")
    times = Counter(sample_id for each in scores for sample_id in each.ids)
    if twice := next((sample_id for sample_id, n in times.items() if n > 1), None):
        raise UserError(f"image '{twice}' is scored twice", "give scores of different images, such as those of folds")
    names = [f.name for f in fields(first)]
    arrays = {name: _together([getattr(each, name) for each in scores]) for name in names if name not in OF_A_NETWORK}
    known = arrays | {name: None for name in names if name in OF_A_NETWORK} | {"groups": _groups(scores)}
    sources = [each.source for each in scores]
    name, looks = (_same([getattr(source, key) for source in sources]) for key in ("name", "looks"))
    # Without fingerprint, which is one of all images together: ids and truth are compared all the same.
    corrected = sum(source.images_corrected for source in sources)
    pixels = sum(source.pixels_corrected for source in sources)
    facts = {"looks": looks, "stress": first.source.stress, "unit": first.source.unit}
    facts |= {"corrected": str(corrected or ""), "corrected_pixels": str(pixels or "")}
    source = Source(name, first.source.split, **facts | _learned(sources))
    return replace(first, **known | {"scheme": first.scheme, "source": source, "ids": tuple(times)})


def _learned(sources: Sequence[Source]) -> dict[str, str]:
    """Return what networks have learned from, of different images each: from how many of all, and who of before."""
    counts = [source.learned for source in sources if source.learned]
    exact = all(map(str.isdecimal, counts))
    before = dict.fromkeys(source.learned_by for source in sources if source.learned_by)
    learned = str(sum(map(int, counts))) if exact and counts else "some" if counts else ""
    return {"learned": learned, "learned_by": ", ".join(before)}


def _groups(scores: Sequence[Scores]) -> Names | None:
    """Return the groups of all images; those of scores that know none stand for themselves beside others."""
    if all(each.groups is None for each in scores):
        return None
    return np.concatenate([np.array(each.ids) if each.groups is None else each.groups for each in scores])


def _together(values: Sequence[Any]) -> Any:
    """Return arrays one after the other; None where one is missing, and of what is no array."""
    if all(isinstance(value, np.ndarray) for value in values):
        return np.concatenate(values)
    if all(isinstance(value, Boundaries) for value in values):
        return Boundaries(**{f.name: _together([getattr(each, f.name) for each in values]) for f in fields(Boundaries)})
    return None


def _same(texts: Sequence[str]) -> str:
    """Return what all texts are; empty where they differ."""
    return texts[0] if len(set(texts)) == 1 else ""
