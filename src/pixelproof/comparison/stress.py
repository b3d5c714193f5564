"""What stress costs one model: from score files of the same images, as they are and under stress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison.areas import areas, informing
from pixelproof.comparison.compare import compare_scores
from pixelproof.comparison.falling import Fall, at, fall
from pixelproof.comparison.figures import score_figure
from pixelproof.comparison.match import in_order
from pixelproof.comparison.paired import holm
from pixelproof.comparison.verdict import verdict
from pixelproof.evaluation.calibration import UNIT, expected_error
from pixelproof.evaluation.intervals import share_interval
from pixelproof.evaluation.metrics import PROTOCOL
from pixelproof.evaluation.resampling import by_unit, ends_of, left_out
from pixelproof.evaluation.summary import defined
from pixelproof.evaluation.units import members_of
from pixelproof.runs import ClassificationScores, Scores, load_scores
from pixelproof.runs.comparison_file import PairRecord
from pixelproof.runs.fields import Estimate
from pixelproof.runs.metric_names import is_area
from pixelproof.runs.stress_file import Cell, Curve, State, StressedModel, Suffering

SUFFERING = 5
"""Classes that are named at most."""


@dataclass(frozen=True)
class Tried:
    """A stress and, by strength from the mildest on, where the scores lie; see ``runs.stress_file.Curve``.

    ``before`` are those of images as they are, for each strength, where all strengths do not share the untouched ones.
    """

    stress: str
    unit: str
    none: float
    files: Mapping[float, str]
    before: Mapping[float, str] = field(default_factory=dict)

    def sides(self, untouched: str) -> tuple[list[str], list[str]]:
        """Return the files of images as they are, one or as many as strengths, and those under stress."""
        return list(self.before.values()) or [untouched], list(self.files.values())


def read_states(folder: Path, files: Sequence[str]) -> dict[str, Scores]:
    """Return the scores of one model by their files in a folder, with their images in order.

    Raises:
        UserError: One cannot be read.
    """
    return {file: in_order(load_scores(folder / file)) for file in files}


def stressed(
    name: str,
    path: str,
    untouched: str,
    tried: Sequence[Tried],
    states: Mapping[str, Scores],
    metric: str,
    margin: float,
    seed: int,
) -> StressedModel:
    """Return what stresses cost a model.

    Args:
        name: What it is called.
        path: Its run folder, as the user named it.
        untouched: The file of its scores on images as they are.
        tried: The stresses.
        states: Scores by file, as ``read_states`` returns them.
        metric: What decides.
        margin: By how much the score may fall, as a share.
        seed: Seed of the resamples.

    Raises:
        Refusal: There are too few images for an interval, or the metric is undefined on them.
    """
    pairs = {
        file: _pair(states[each.before.get(strength, untouched)], states[file], metric, seed)
        for each in tried
        for strength, file in each.files.items()
    }
    adjusted = holm(np.array([np.nan if pair.p is None else pair.p for pair in pairs.values()]))
    p_values = dict(zip(pairs, map(defined, adjusted), strict=True))
    falls = {each.stress: _fall(each, untouched, states, metric, margin, seed) for each in tried}
    curves = [_curve(each, falls[each.stress], states, pairs, p_values, metric) for each in tried]
    start, source = _state(untouched, states[untouched], metric), states[untouched].source
    known = {"learned": source.images_learned or 0, "corrected": source.images_corrected}
    return StressedModel(name=name, path=path, **known, untouched=start, curves=tuple(curves))


def _pair(before: Scores, under: Scores, metric: str, seed: int) -> PairRecord:
    """Return the comparison of a model on images as they are with itself on the same images under stress."""
    named = [
        replace(each, source=replace(each.source, name=name)) for name, each in (("before", before), ("under", under))
    ]
    return compare_scores(named, [Path(), Path()], PROTOCOL, None, seed, metric).pairs[0]


def _fall(each: Tried, untouched: str, states: Mapping[str, Scores], metric: str, margin: float, seed: int) -> Fall:
    before, under = ([states[file] for file in files] for files in each.sides(untouched))
    return fall(before, under, metric, margin, seed)


def _curve(
    each: Tried,
    falls: Fall,
    states: Mapping[str, Scores],
    pairs: Mapping[str, PairRecord],
    p_values: Mapping[str, float | None],
    metric: str,
) -> Curve:
    cells = []
    for strength, file in each.files.items():
        pair, p = pairs[file], p_values[file]
        cells.append(
            Cell(
                **vars(_state(file, states[file], metric)),
                strength=strength,
                before=_state(before, states[before], metric) if (before := each.before.get(strength)) else None,
                difference=Estimate(value=pair.difference, low=pair.low, high=pair.high),
                p=pair.p,
                adjusted=p,
                lost=verdict(pair.low, pair.high, p) == "a",
            )
        )
    hardest = pairs[cells[-1].scores]
    return Curve(
        stress=each.stress,
        unit=each.unit,
        none=each.none,
        cells=tuple(cells),
        lost_from=_lost_from(cells),
        falls_at=at(falls.value, (each.none, *each.files)),
        falls_between=None if falls.ends is None else tuple(at(end, (each.none, *each.files)) for end in falls.ends),
        classes=tuple(_suffering(hardest)[:SUFFERING]),
    )


def _lost_from(cells: Sequence[Cell]) -> float | None:
    """Return the mildest strength from which on all show a loss."""
    found = None
    for cell in reversed(cells):
        if not cell.lost:
            break
        found = cell.strength
    return found


def _suffering(pair: PairRecord) -> list[Suffering]:
    """Return the classes that lose under stress, the one that loses most first."""
    lost = sorted((c.difference, name) for name, c in pair.classes.items() if c.difference is not None)
    return [
        Suffering(
            name=name,
            before=pair.classes[name].a,
            under=pair.classes[name].b,
            loss=Estimate(value=value, low=pair.classes[name].low, high=pair.classes[name].high),
            p=pair.classes[name].p,
        )
        for value, name in lost
        if value < 0
    ]


def _state(file: str, scores: Scores, metric: str) -> State:
    return State(scores=file, score=figure_of(scores, metric), **_confidence(scores))


def figure_of(scores: Scores, metric: str) -> Estimate:
    """Return the figure that decides with its 95% interval over images, or groups."""
    groups = members_of(scores)
    value, (low, high) = _with_ends(scores, metric, groups)
    return Estimate(value=value, low=low, high=high)


def _with_ends(scores: Scores, metric: str, groups: Int64 | None) -> tuple[float, Float64]:
    if is_area(metric):
        assert isinstance(scores, ClassificationScores)
        values, moved = areas(scores, metric, groups)
        return float(values[-1]), ends_of(values[-1:], moved[:, -1:], informing(moved, scores, groups)[-1:])[:, 0]
    figure = score_figure(scores, PROTOCOL, metric)
    if metric == "accuracy":
        assert isinstance(scores, ClassificationScores)
        return figure.of(scores), share_interval(scores.correct, groups)
    units = by_unit(figure.counts(scores), groups)
    moved = left_out(units, lambda sums: figure.value(sums)[..., None])
    value = figure.of(scores)
    return value, ends_of([value], moved, [figure.informing(units)])[:, 0]


def _confidence(scores: Scores) -> dict[str, float | None]:
    """Return how sure the model is and how far that can be believed; None where confidences are unknown."""
    if scores.calibration is None:
        return dict.fromkeys(("confidence", "right", "ece", "sure_wrong"))
    total = scores.calibration[:, -1].sum(axis=0)  # at the temperature at which probabilities are told
    answers = int(total[:, 0].sum())
    if not answers:
        return dict.fromkeys(("confidence", "right", "ece", "sure_wrong"))
    return {
        "confidence": float(total[:, 2].sum() / UNIT / answers),
        "right": float(total[:, 1].sum() / answers),
        "ece": float(expected_error(total)),
        "sure_wrong": float((total[-1, 0] - total[-1, 1]) / answers),
    }
