"""Boundary counts pixel by pixel, from their definitions alone."""

import itertools
from collections import Counter

import numpy as np

from pixelproof.labels import VOID

BANDS = (2, 4, 8, 16, np.inf)
TOLERANCES = (1, 3, 5)
AREAS = (256, 1024, 9216, np.inf)


def pixels(mask):
    return list(itertools.product(*map(range, mask.shape)))


def distance(mask, at):
    """Distance to the nearest pixel of another class, infinite where there is none or the pixel is void."""
    if mask[at] == VOID:
        return np.inf
    others = [q for q in pixels(mask) if mask[q] not in (mask[at], VOID)]
    return min((np.hypot(at[0] - y, at[1] - x) for y, x in others), default=np.inf)


def columns(truth, prediction, scored, near_truth, near_prediction):
    """Hit, true, predicted and predicted-on-ignored pixels of each class among those that are near."""
    counts = np.zeros((len(scored), 4), int)
    for p in pixels(truth):
        t, c = truth[p], prediction[p]
        if t == VOID:
            continue
        counts[t, 1] += near_truth(p)
        if c != VOID:
            counts[c, 0] += t == c and near_truth(p) and near_prediction(p)
            counts[c, 2] += near_prediction(p)
            counts[c, 3] += near_prediction(p) and not scored[t]
    return counts


def boundaries(truth, prediction, scored):
    """All five arrays of one image as a dictionary."""
    prediction = np.where(truth == VOID, VOID, prediction)
    of_truth, of_prediction = ({p: distance(m, p) for p in pixels(m)} for m in (truth, prediction))
    bands, rims, contours = [], [], []
    for low, high in zip((0, *BANDS), BANDS, strict=False):
        inside = {p: low < d <= high for p, d in of_truth.items()}.get
        bands.append(columns(truth, prediction, scored, inside, inside))
    for limit in TOLERANCES:
        close = [{p: d <= limit for p, d in found.items()}.get for found in (of_truth, of_prediction)]
        rims.append(columns(truth, prediction, scored, *close))
        contours.append(contour_counts(truth, prediction, of_truth, of_prediction, limit, len(scored)))
    return {
        "bands": np.stack(bands),
        "rims": np.stack(rims),
        "contours": np.stack(contours),
        "objects": object_counts(truth, prediction, len(scored)),
        "phases": phases(truth, prediction),
    }


def contour_counts(truth, prediction, of_truth, of_prediction, limit, classes):
    counts = np.zeros((classes, 4), int)
    true = [p for p, d in of_truth.items() if d == 1]
    predicted = [p for p, d in of_prediction.items() if d == 1]
    for column, own, other, here, there in (
        (0, predicted, true, prediction, truth),
        (2, true, predicted, truth, prediction),
    ):
        for p in own:
            partners = [q for q in other if here[p] == there[q]]
            counts[here[p], column] += any(np.hypot(p[0] - q[0], p[1] - q[1]) <= limit for q in partners)
            counts[here[p], column + 1] += 1
    return counts


def object_counts(truth, prediction, classes):
    counts, seen = np.zeros((4, classes, 4), int), set()
    for seed in pixels(truth):
        if truth[seed] == VOID or seed in seen:
            continue
        part, front = {seed}, [seed]
        while front:
            y, x = front.pop()
            for q in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if (
                    q not in part
                    and all(0 <= i < n for i, n in zip(q, truth.shape, strict=True))
                    and truth[q] == truth[seed]
                ):
                    part.add(q)
                    front.append(q)
        seen |= part
        hit = sum(prediction[p] == truth[p] for p in part)
        size = next(i for i, limit in enumerate(AREAS) if len(part) < limit)
        counts[size, truth[seed]] += (hit, len(part), hit > len(part) / 2, 1)
    return counts


def phases(truth, prediction):
    found = Counter()
    for y, x in pixels(truth):
        for direction, q, position in ((0, (y, x - 1), x), (1, (y - 1, x), y)):
            if position == 0 or truth[y, x] == VOID or truth[q] == VOID:
                continue
            found[2, direction, position % 32] += 1
            for kind, mask in enumerate((truth, prediction)):
                found[kind, direction, position % 32] += VOID not in (mask[y, x], mask[q]) and mask[y, x] != mask[q]
    counts = np.zeros((3, 2, 32), int)
    for at, number in found.items():
        counts[at] = number
    return counts
