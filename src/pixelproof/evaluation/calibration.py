"""How far confidence can be believed: reliability and its error from counts, and the temperature that mends it.

The confidence of a prediction is the probability of the predicted class. A model is calibrated if, of the predictions
made with confidence c, a share c is right. On Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.evaluation.metrics import ratio
from pixelproof.evaluation.resampling import MINIMUM, by_unit, resample
from pixelproof.randomness import generator
from pixelproof.runs import Scores

BINS = 15
UNIT = 10_000
"""Confidences are counted in ten-thousandths, so that their sums are whole numbers."""
TEMPERATURES = (0.05, 20.0)
"""Range in which a temperature is sought."""
FEWEST = 2
"""Wrong answers, and right ones, that tell a temperature. Of made-up classifiers that are too sure (temperature 1.5),
fits without a wrong one made all worse on other images, with one 77% better, with two 83%, with three 95%; those of
calibrated ones cost .04 nats with one and .02 with two."""
CLOSE = 1.01
"""A temperature is at its lower bound where it is within this factor of it."""
REPLICATES = 2000
ONE_LOOK = "1 x 1"
"""``Source.looks`` of a network that was asked once."""


@dataclass(frozen=True)
class Reliability:
    """What was promised and what was kept, by confidence.

    Attributes:
        count: int64 [B], predictions whose confidence falls into each of B equal bins of 0..1.
        accuracy: float64 [B], the share of them that is right; NaN for an empty bin.
        confidence: float64 [B], their mean confidence; NaN for an empty bin.
        ece: Expected calibration error: the mean of ``|accuracy - confidence|`` over bins, weighted by count; NaN
            without predictions.
        low: Lower end of its 95% interval.
        high: Upper end of its 95% interval.
    """

    count: Int64
    accuracy: Float64
    confidence: Float64
    ece: float
    low: float
    high: float


def temperatures_of(scores: Scores) -> tuple[str | None, ...]:
    """Return the temperature of each column of calibration counts: "none", "fitted", "given" with them, or unknown."""
    columns = 0 if scores.calibration is None else scores.calibration.shape[1]
    if scores.source.temperatures:
        return tuple(scores.source.temperatures.split(", "))
    if columns == 1 and scores.source.looks not in ("", ONE_LOOK):
        return (None,)  # an older file, which does not say whether what was averaged was tempered
    return ("none", "fitted")[:columns]


def calibration_counts(confidence: npt.NDArray[np.floating], right: Bool) -> Int64:
    """Count predictions by confidence.

    A bin holds its lower edge, and the last one both. It is that of the confidence itself: of one in ten-thousandths,
    an answer close to an edge would be in the next bin, which moves ECE by up to two answers' worth.

    Args:
        confidence: [N, P], the confidence of P predictions of each of N images, 0..1.
        right: bool [N, P], whether each is right.

    Returns:
        int64 [N, B, 3]: predictions in each of B bins, how many of them are right, and their summed confidence in
        1/10,000.
    """
    confidence = confidence.astype(np.float64)
    cells = np.arange(len(confidence))[:, None] * BINS + np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    # Sums of whole numbers below 2^53 are exact in float64, the only kind in which bincount weighs.
    weights = (None, right.ravel(), np.rint(confidence * UNIT).ravel())
    columns = [np.bincount(cells.ravel(), each, len(confidence) * BINS) for each in weights]
    return np.stack(columns, axis=1).reshape(len(confidence), BINS, 3).astype(np.int64)


def confidence_counts(confidence: Float64, right: Bool) -> Int64:
    """Count a classifier's answers by confidence, float64 [N], as ``calibration_counts`` does: int64 [N, B, 3]."""
    return calibration_counts(confidence[:, None], right[:, None])


def reliability(counts: Int64, seed: int = 0, members: Int64 | None = None) -> Reliability:
    """Return the reliability of a model from counts per image, int64 [N, B, 3].

    Where ``members``, int64 [N], tells of which group each image is, groups take the place of images below.

    The interval is from 2,000 resamples of the images and holds the estimate. ECE is biased upwards, and that of a
    resampled set once more, so the lower end is that of the basic bootstrap, which is mirrored at the estimate and
    takes most of both off; near 0 it does not, so it is 0 wherever a calibrated model might have shown as much.
    Mirrored, the upper end would lie too low; it is as far above the estimate as resamples lie above their median.
    """
    total = counts.sum(axis=0)
    low, high = _interval(by_unit(counts, members), seed)
    filled = np.where(total[:, 0] > 0, total[:, 0], np.nan)
    return Reliability(
        count=total[:, 0],
        accuracy=total[:, 1] / filled,
        confidence=total[:, 2] / UNIT / filled,
        ece=float(expected_error(total)),
        low=low,
        high=high,
    )


def expected_error(total: npt.NDArray[np.number]) -> Float64:
    """Return ECE of counts [..., B, 3]; NaN where there are no predictions."""
    return ratio(np.abs(_gaps(total)).sum(axis=-1), total[..., 0].sum(axis=-1))


def _interval(counts: Float64, seed: int) -> tuple[float, float]:
    """Return the ends of the 95% interval of ECE; resamples without predictions are left out.

    A single image shows nothing of how much the next would differ.
    """
    if len(counts) < MINIMUM:
        return float("nan"), float("nan")
    total, drawn = counts.sum(axis=0), resample(counts, lambda sums: sums, REPLICATES, seed, "calibration")
    drawn = drawn[drawn[..., 0].any(axis=-1)]
    if not len(drawn):
        return float("nan"), float("nan")
    ece = expected_error(total)
    middle, above = np.quantile(expected_error(drawn), (0.5, 0.975))
    low, high = 2 * ece - above, ece + above - middle
    if ece <= _error_by_chance(total, drawn, seed):
        low = 0
    return float(np.clip(low, 0, ece)), float(np.clip(high, ece, 1))


def _error_by_chance(total: Float64, drawn: Float64, seed: int) -> float:
    """Return the ECE that a calibrated model passes in one of 40 sets like this one, by the more cautious of two views.

    Images drawn again vary about the gaps found as others would about none, however alike the pixels of an image are.
    But where no prediction is wrong, or none is right, they cannot vary; predictions that are right as often as they
    promise, each by itself, do.

    Args:
        total: [B, 3], counts of the set.
        drawn: float64 [R, B, 3], those of sets drawn again.
        seed: Decides which predictions are right.
    """
    predictions, promised = total[:, 0], total[:, 2] / UNIT
    chance = np.minimum(promised / np.maximum(predictions, 1), 1)
    right = generator(seed, "calibrated").binomial(predictions.astype(np.int64), chance, (REPLICATES, len(total)))
    views = (_gaps(drawn) - _gaps(total), right - promised)
    reach = max(np.quantile(np.abs(gaps).sum(axis=-1), 0.975) for gaps in views)
    return float(reach / predictions.sum())


def _gaps(total: npt.NDArray[np.number]) -> Float64:
    """Return by how many more predictions are right than was promised, float64 [..., B] of counts [..., B, 3]."""
    gaps: Float64 = np.subtract(total[..., 1], total[..., 2] / UNIT)
    return gaps


def fit_temperature(logits: npt.NDArray[np.floating], truth: Int64) -> float:
    """Return the temperature T, 0.05 to 20, at which ``softmax(logits / T)`` gives the truth the highest likelihood.

    Dividing by T changes how sure a model is and never which class it names.

    Args:
        logits: [N, K], of images or pixels that the model was not trained on.
        truth: int64 [N], their true classes.
    """
    from scipy.optimize import minimize_scalar  # here, because most that import this file fit nothing

    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(lambda t: likelihood_loss(logits, truth, np.exp(t)), bounds=(low, high), method="bounded")
    return float(np.exp(found.x))


def told_temperature(logits: npt.NDArray[np.floating], truth: Int64) -> float | None:
    """Return what ``fit_temperature`` does; None where the answers tell none.

    Where no answer is wrong, the surer the likelier, so that the fit ends at its lower bound, and nearly so with few.
    At the upper one it stays: a network so much too sure is better off with it than without.
    """
    wrong, low = int((logits.argmax(axis=1) != truth).sum()), TEMPERATURES[0]
    if not FEWEST <= wrong <= len(truth) - FEWEST:
        return None
    temperature = fit_temperature(logits, truth)
    return temperature if temperature > low * CLOSE else None


def likelihood_loss(logits: npt.NDArray[np.floating], truth: Int64, temperature: float = 1.0) -> float:
    """Return the mean negative log-likelihood in nats of the truth under ``softmax(logits / temperature)``."""
    chances = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return float(-chances[np.arange(len(truth)), truth].mean())
