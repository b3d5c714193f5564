"""What a page shows of how far a model's confidence can be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pixelproof.evaluation.calibration import Reliability, reliability, temperatures_of
from pixelproof.numbers import UNDEFINED, count, score
from pixelproof.report.figures.reliability import reliability_diagram
from pixelproof.report.pictures import Picture, svg_uri
from pixelproof.runs import ClassificationScores, Scores

TEMPERED = {"none": "as trained", "fitted": "with the fitted temperature", None: "as predicted"}


@dataclass(frozen=True)
class Calibration:
    """How far one model can be believed."""

    model: str
    picture: Picture
    rows: list[tuple[str, str, str]]
    n: str


def calibration(model: str, scores: Scores) -> Calibration | None:
    """Return how far a model's confidence can be believed; None where it was not counted."""
    if scores.calibration is None or not scores.calibration[:, 0, :, 0].any():
        return None
    names = [TEMPERED[temperature] for temperature in temperatures_of(scores)]
    found = {name: reliability(scores.calibration[:, index]) for index, name in enumerate(names)}
    unit = "images" if isinstance(scores, ClassificationScores) else "pixels of scored classes"
    n = f"{count(int(found[names[0]].count.sum()))} {unit}"
    caption = f"{model}: share of predictions that are right, by confidence. n = {n}."
    picture = Picture(svg_uri(reliability_diagram(found)), f"Reliability diagram of {model}", caption)
    return Calibration(model, picture, [_calibrated(name, one) for name, one in found.items()], n)


def _calibrated(name: str, found: Reliability) -> tuple[str, str, str]:
    interval = UNDEFINED if math.isnan(found.low) else f"{score(found.low, 3)} to {score(found.high, 3)}"
    return name, score(found.ece, 3), interval
