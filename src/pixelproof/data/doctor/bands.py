"""Checks of images that are read by their bands: one type, and a stretch that fits the values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float64
from pixelproof.data.doctor.finding import Finding, kinds_in_words
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.scaling import DARK, FULL
from pixelproof.data.spread import spread
from pixelproof.errors import UserError

_SAMPLED, _THINNED = 40, 7  # images whose values are looked at, and every how many of them
_CLIPPED = 0.5


def stretch_of_bands(survey: Survey) -> Iterator[Finding]:
    """A stretch that is missing, or beyond which lies most of a band."""
    reader = survey.reader
    values = _sample(survey) if reader.bands is not None else None
    if reader.bands is None or values is None:
        return
    low, high = np.percentile(values, [1, 99], axis=1)
    if reader.stretch is not None:
        ends = np.array(reader.stretch).T[:, :, None]
        beyond = ((values < ends[0]) | (values > ends[1])).mean(axis=1)
        lost = [band for band, share in zip(reader.bands, beyond, strict=True) if share > _CLIPPED]
        said = f"most of bands {_words(lost)} lies beyond the stretch and becomes black or white"
    else:
        full = FULL.get(values.dtype.name, 0.0)
        lost = [band for band, top in zip(reader.bands, high, strict=True) if not full or top < full * DARK / 256]
        why = "come out almost black" if full else f"have no range, as their values are {values.dtype}"
        said = f"without a stretch bands {_words(lost)} {why}"
    if lost:
        proposed = _ranges(low, high)
        ranges = [f"{a:g},{b:g}" for a, b in proposed]
        within = _words(f"{a:g} to {b:g}" for a, b in proposed)
        message = f"{said}; of each, 98% of the values or more lie within {within}"
        setting = f"[{ranges[0]}]" if len(ranges) == 1 else "[" + ",".join(f"[{each}]" for each in ranges) + "]"
        fix = f"--stretch {','.join(ranges)} here, and to train --set stretch={setting}"
        yield survey.finding("stretch", "warning", [sample.image for sample in survey.samples], message, fix)


def types_of_bands(survey: Survey) -> Iterator[Finding]:
    """Values of several types, which training refuses without a stretch."""
    kinds = Counter(look.mode for look in survey.images.values())
    if survey.reader.bands is None or len(kinds) < 2:
        return
    usual = kinds.most_common(1)[0][0]
    paths = [path for path, look in survey.images.items() if look.mode != usual]
    message = (
        f"images hold values of several types ({kinds_in_words(kinds)}): the same number may mean another brightness"
    )
    stretched = survey.reader.stretch is not None
    fix = "nothing, if one stretch fits all" if stretched else "convert them to one type, or give a stretch"
    yield survey.finding("band-types", "note" if stretched else "error", paths, message, fix)


def _sample(survey: Survey) -> npt.NDArray[Any] | None:
    """Return stored values from images spread over the data set, [C, N]; None where none can be read."""
    paths: list[Path] = [sample.image for sample in survey.samples]
    found = []
    for path in spread(paths, _SAMPLED):
        try:
            found.append(survey.reader.stored(path).reshape(survey.reader.channels, -1)[:, ::_THINNED].copy())
        except UserError:
            continue
    if not found:
        return None
    values = np.concatenate(found, axis=1)
    known = values[:, np.isfinite(values).all(axis=0)]
    return known if known.size else None


def _ranges(low: Float64, high: Float64) -> list[tuple[float, float]]:
    """Return the range of each band in three digits, from 0 where nothing is below; one where all are alike."""
    low = np.where(low < 0, low, 0.0)
    high = np.maximum(high, low + np.maximum(np.abs(low) / 100, 1e-6))
    if high.max() <= 2 * high.min() and low.min() >= 2 * low.max():
        low, high = low.min(keepdims=True), high.max(keepdims=True)
    return [(float(f"{a:.3g}"), float(f"{b:.3g}")) for a, b in zip(low.tolist(), high.tolist(), strict=True)]


def _words(values: Any) -> str:
    return ", ".join(map(str, values))
