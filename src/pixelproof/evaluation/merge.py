"""Scores of different images as one, such as those of the folds of a cross-validation."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from pixelproof.errors import UserError
from pixelproof.runs import Boundaries, Scores, Source


def merged(scores: Sequence[Scores]) -> Scores:
    """Return the scores of all images; what only some of them know is left out.

    Args:
        scores: One or more, of the same label contract, none of the same image.

    Raises:
        UserError: They are of different contracts, or share an image.
    """
    first = scores[0]
    if other := next((each for each in scores if each.scheme.hash != first.scheme.hash), None):
        problem = f"the scores of {other.source.name} have other labels than those of {first.source.name}"
        raise UserError(problem, "give scores of the same classes")
    times = Counter(sample_id for each in scores for sample_id in each.ids)
    if twice := next((sample_id for sample_id, n in times.items() if n > 1), None):
        raise UserError(f"image '{twice}' is scored twice", "give scores of different images, such as those of folds")
    source = _joined([each.source for each in scores])
    arrays = {f.name: _together([getattr(each, f.name) for each in scores]) for f in fields(first)}
    if not source.temperatures:
        arrays["calibration"] = None  # counted at different temperatures, or it is not known at which
    return replace(first, **arrays | {"scheme": first.scheme, "source": source, "ids": tuple(times)})


def _together(values: Sequence[Any]) -> Any:
    """Return arrays one after the other; None where one is missing, and of what is no array."""
    if all(isinstance(value, np.ndarray) for value in values):
        return np.concatenate(values)
    if all(isinstance(value, Boundaries) for value in values):
        return Boundaries(**{f.name: _together([getattr(each, f.name) for each in values]) for f in fields(Boundaries)})
    return None


def _joined(sources: Sequence[Source]) -> Source:
    """Return where scores come from together: what is not the same of all of them is not known."""
    known: dict[str, set[str]] = {f.name: {getattr(each, f.name) for each in sources} for f in fields(Source)}
    same = {name: values.pop() if len(values) == 1 else "" for name, values in known.items()}
    prints = sorted(each.fingerprint for each in sources)
    digest = hashlib.sha256(" ".join(prints).encode()).hexdigest()[:16] if all(prints) else ""
    return Source(**same | {"fingerprint": digest})
