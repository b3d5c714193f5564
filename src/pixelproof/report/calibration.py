"""What a page shows of how far a model's confidence can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pixelproof.evaluation.calibration import Reliability, reliability, temperatures_of
from pixelproof.evaluation.units import members_of
from pixelproof.numbers import between, count, score
from pixelproof.report.figures.reliability import reliability_diagram
from pixelproof.report.pictures import Picture, drawn
from pixelproof.runs import ClassificationScores, Scores

TEMPERED = {
    "none": "without its own temperature",
    "fitted": "with the fitted temperature",
    "given": "as predicted",
    None: "as predicted",
}


@dataclass(frozen=True)
class Calibration:
    """How far one model can be believed."""

    model: str
    picture: Picture
    rows: list[tuple[str, str, str]]
    n: str
    split: str


def calibrations(scores: Mapping[str, Scores | None]) -> list[Calibration]:
    """Return how far the confidence of models, by their names, can be believed, where it was counted."""
    found = [_calibration(model, one) for model, one in scores.items() if one is not None]
    return [one for one in found if one is not None]


def _calibration(model: str, scores: Scores) -> Calibration | None:
    if scores.calibration is None or not scores.calibration[:, 0, :, 0].any():
        return None
    names = [TEMPERED[temperature] for temperature in temperatures_of(scores)]
    members = members_of(scores)
    found = {name: reliability(scores.calibration[:, k], members=members) for k, name in enumerate(names)}
    unit = "images" if isinstance(scores, ClassificationScores) else "pixels of scored classes"
    n = f"{count(int(found[names[0]].count.sum()))} {unit}"
    caption = f"{model}: share of predictions that are right, by confidence. n = {n}."
    picture = drawn(reliability_diagram(found), (model, "reliability"), f"Reliability diagram of {model}", caption)
    return Calibration(model, picture, [_calibrated(name, one) for name, one in found.items()], n, scores.source.split)


def fitting(calibrations: Sequence[Calibration]) -> str:
    """Return where the temperatures of models were fitted that are scored on the same images; empty if none was."""
    fitted = [one for one in calibrations if any(name == TEMPERED["fitted"] for name, _, _ in one.rows)]
    if not fitted:
        return ""
    there = {"": "", "selection": ", which are these images"}.get(fitted[0].split, ", not on these images")
    return f"The temperature is fitted on the selection part{there}, and changes no class."


def _calibrated(name: str, found: Reliability) -> tuple[str, str, str]:
    return name, score(found.ece, 3), between(found.low, found.high, 3)
