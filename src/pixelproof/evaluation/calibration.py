"""How far confidence can be believed: reliability and its error from counts, and the temperature that mends it.

The confidence of a prediction is the probability of the predicted class. A model is calibrated if, of the predictions
made with confidence c, a share c is right. On Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from pixelproof.evaluation.resampling import resample

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

BINS = 15
UNIT = 10_000
"""Confidences are counted in ten-thousandths, so that their sums are whole numbers."""
TEMPERATURES = (0.05, 20.0)
"""Range in which a temperature is sought."""
REPLICATES = 2000


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


def confidence_units(confidence: npt.NDArray[np.floating]) -> Int64:
    """Return confidences of 0..1 in whole units of 1/10,000."""
    units: Int64 = np.rint(confidence * UNIT).astype(np.int64)
    return units


def calibration_counts(units: npt.NDArray[np.integer], right: npt.NDArray[np.bool_]) -> Int64:
    """Count predictions by confidence.

    Args:
        units: int [N, P], the confidence of P predictions of each of N images, in 1/10,000.
        right: bool [N, P], whether each is right.

    Returns:
        int64 [N, B, 3]: predictions in each of B bins, how many of them are right, and their summed confidence in
        1/10,000.
    """
    units = units.astype(np.int64)
    cells = np.arange(len(units))[:, None] * BINS + np.minimum(units * BINS // UNIT, BINS - 1)
    # Sums of whole numbers below 2^53 are exact in float64, the only kind in which bincount weighs.
    columns = [np.bincount(cells.ravel(), w, len(units) * BINS) for w in (None, right.ravel(), units.ravel())]
    return np.stack(columns, axis=1).reshape(len(units), BINS, 3).astype(np.int64)


def reliability(counts: Int64, seed: int = 0) -> Reliability:
    """Return the reliability of a model from counts per image, int64 [N, B, 3].

    The interval is the basic bootstrap over images, 2,000 replicates. ECE is biased upwards, and that of a resampled
    set once more by about as much; the basic interval, mirrored at the estimate, takes that bias off again.
    """
    total = counts.sum(axis=0)
    ece = expected_error(total)
    replicates = resample(counts, expected_error, REPLICATES, seed, "calibration")
    low, high = 2 * ece - np.quantile(replicates, (0.975, 0.025))
    filled = np.where(total[:, 0] > 0, total[:, 0], np.nan)
    return Reliability(
        count=total[:, 0],
        accuracy=total[:, 1] / filled,
        confidence=total[:, 2] / UNIT / filled,
        ece=float(ece),
        low=float(np.clip(low, 0, 1)),
        high=float(np.clip(high, 0, 1)),
    )


def expected_error(total: npt.NDArray[np.number]) -> Float64:
    """Return ECE of counts [..., B, 3]; NaN where there are no predictions."""
    gaps = np.abs(total[..., 1] - total[..., 2] / UNIT).sum(axis=-1)
    predictions = total[..., 0].sum(axis=-1)
    ece: Float64 = np.divide(gaps, predictions, out=np.full(np.shape(gaps), np.nan), where=predictions > 0)
    return ece


def fit_temperature(logits: npt.NDArray[np.floating], truth: Int64) -> float:
    """Return the temperature T, 0.05 to 20, at which ``softmax(logits / T)`` gives the truth the highest likelihood.

    Dividing by T changes how sure a model is and never which class it names.

    Args:
        logits: [N, K], of images or pixels that the model was not trained on.
        truth: int64 [N], their true classes.
    """
    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(lambda t: likelihood_loss(logits, truth, np.exp(t)), bounds=(low, high), method="bounded")
    return float(np.exp(found.x))


def likelihood_loss(logits: npt.NDArray[np.floating], truth: Int64, temperature: float = 1.0) -> float:
    """Return the mean negative log-likelihood in nats of the truth under ``softmax(logits / temperature)``."""
    chances = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return float(-chances[np.arange(len(truth)), truth].mean())
