"""The facts of a data set, wrong or not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from pixelproof.data.doctor.contract import Contract
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.doctor.tally import Reading
from pixelproof.data.fingerprint import fingerprint
from pixelproof.data.opening import label
from pixelproof.errors import UserError
from pixelproof.labels import VOID
from pixelproof.numbers import dimensions
from pixelproof.runs.left_out_file import counts_of

_MOST_SIZES = 20


def summarise(survey: Survey, contract: Contract, reading: Reading | None) -> dict[str, Any]:
    """Return the summary of a ``Diagnosis`` as plain values."""
    mean, std = _color(survey)
    sizes = Counter(dimensions(look.size) for look in survey.images.values())
    amounts = _amounts(reading) if reading else {}
    return {
        "layout": survey.found.layout,
        "task": survey.found.task,
        "classes": list(contract.scheme.names) if contract.scheme else [],
        "left_out": counts_of(each.reason for each in survey.found.left_out),
        "corrected": survey.found.changes,
        "splits": {split: len(samples) for split, samples in survey.found.splits.items()},
        "size_count": len(sizes),
        "sizes": dict(sizes.most_common(_MOST_SIZES)),
        "images_per_class" if survey.found.task == "classification" else "pixel_shares": amounts,
        "mean": mean,
        "std": std,
        "fingerprints": _fingerprints(survey, contract),
        "proposal": contract.proposal,
    }


def _amounts(reading: Reading) -> dict[str, dict[str, float]]:
    """Return images by split and class, or pixels in percent, void among them where there is any."""
    names = reading.scheme.names
    table: dict[str, dict[str, float]] = {}
    for split, values in reading.amounts.items():
        if reading.scheme.task == "classification":
            table[split] = dict(zip(names, values.tolist(), strict=True))
            continue
        shares = (100 * values / max(values.sum(), 1)).tolist()
        table[split] = dict(zip(names, shares, strict=False)) | ({"void": shares[VOID]} if shares[VOID] else {})
    return table


def _color(survey: Survey) -> tuple[list[float] | None, list[float] | None]:
    """Return mean and standard deviation of each channel over all pixels of train, in 0..1."""
    looks = [survey.images[s.image] for s in survey.found.splits.get("train", []) if s.image in survey.images]
    if not looks:
        return None, None
    pixels = sum(look.size[0] * look.size[1] for look in looks)
    mean = np.sum([look.sums for look in looks], axis=0) / pixels
    variance = np.sum([look.squares for look in looks], axis=0) / pixels - mean**2
    return (mean / 255).tolist(), (np.sqrt(variance.clip(min=0)) / 255).tolist()


def _fingerprints(survey: Survey, contract: Contract) -> dict[str, str | None]:
    """Return the fingerprint of each split, None where a file or label cannot be read."""
    prints: dict[str, str | None] = dict.fromkeys(survey.found.splits)
    if contract.scheme is None:
        return prints
    try:
        data = label(survey.root, survey.found, contract.scheme)
    except UserError:
        return prints
    for split, samples in data.splits.items():
        try:
            prints[split] = fingerprint(samples)
        except UserError:
            prints[split] = None
    return prints
