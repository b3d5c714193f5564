"""The figure that picks the checkpoint is the one that evaluation gives."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import balanced_accuracy_score

from pixelproof.config import ModelConfig
from pixelproof.data import open_data
from pixelproof.data.cache import decoded
from pixelproof.data.decoded import read_pair
from pixelproof.data.reader import RGB
from pixelproof.evaluation import accuracy, average_loss, mean_iou, selection
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.evaluation.selection import selection_counts, selection_figures
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.prediction.chances import probabilities
from pixelproof.runs import Source
from small_data import LAND


def predictor_for(data, name, **settings):
    model = build_model(ModelConfig(name=name, width=0.05, **settings), len(data.scheme.classes))
    return Predictor(model, data.scheme, "cpu")


def figures(predictor, pixels, labels, choose_by="score"):
    """Return figure and loss from the counts of three parts, as processes count them; the last has nothing to count."""
    bounds = [0, 1, len(pixels), len(pixels)]
    parts = [selection_counts(predictor, pixels, labels, slice(*pair)) for pair in pairwise(bounds)]
    counts, loss = (sum(each) for each in zip(*parts, strict=True))
    return selection_figures(counts, loss, predictor.scheme, choose_by)


def plain_loss(predictor, samples):
    """Return the mean of -log p over all pixels of scored classes, an image at a time."""
    losses = []
    for sample in samples:
        image, mask = read_pair(sample, predictor.scheme, RGB)
        chances = probabilities(predictor.logits([image]))[0]
        rows, columns = np.nonzero(np.isin(mask, np.flatnonzero(predictor.scheme.scored)))
        losses += (-np.log(chances[mask[rows, columns], rows, columns])).tolist()
    return np.mean(losses)


@pytest.mark.parametrize("cache", ["auto", "none"])
@pytest.mark.parametrize("pixels", [1, 3 * 64 * 64, 1 << 20])
def test_miou_from_batches_equals_evaluation(two_fields, monkeypatch, cache, pixels):
    # One image of another size, in the middle, so that batches must break there.
    for name in ("0003_sat.png", "0003_mask.png"):
        path = two_fields / "train" / name
        Image.open(path).crop((0, 0, 40, 50)).save(path)
    data = open_data(two_fields)
    samples = data.split("train")
    predictor = predictor_for(data, "fcn8s")
    monkeypatch.setattr(selection, "BATCH_PIXELS", pixels)
    found, loss = figures(predictor, decoded(samples, data.scheme, None, cache), [None] * len(samples))
    assert found == mean_iou(evaluate(predictor, samples, Source("x")), "unknown_ignored")
    assert loss == pytest.approx(plain_loss(predictor, samples), rel=1e-5)


def test_large_images_are_chosen_by_in_tiles(two_fields, monkeypatch):
    data = open_data(two_fields)
    samples = data.split("train")
    predictor, asked = predictor_for(data, "fcn8s"), []
    pixels, labels = decoded(samples, data.scheme, None, "none"), [None] * len(samples)
    whole, loss = figures(predictor, pixels, labels)
    monkeypatch.setattr("pixelproof.prediction.tiles.LARGE", 1000)
    monkeypatch.setattr("pixelproof.prediction.tiles.TILE", 32)
    monkeypatch.setattr(selection, "BATCH_PIXELS", 1)
    device_logits = predictor.device_logits
    monkeypatch.setattr(predictor, "device_logits", lambda images: asked.append(images) or device_logits(images))
    assert figures(predictor, pixels, labels) == (whole, pytest.approx(loss, rel=1e-5))
    assert len(asked) == 4 * len(samples)


def test_nothing_to_score_has_no_loss():
    counts, scheme = np.zeros((8, 8), np.int64), LAND
    counts[LAND.names.index("unknown")] = counts[-1] = 9  # of an ignored class and of none
    assert np.isnan(selection_figures(counts, np.zeros(1), scheme)).all()


@pytest.mark.parametrize("cache", ["auto", "none"])
def test_accuracy_equals_evaluation(color_classes, monkeypatch, cache):
    data = open_data(color_classes)
    samples = data.split("train")
    predictor = predictor_for(data, "vgg16", input_size=16)
    monkeypatch.setattr(selection, "BATCH_PIXELS", 7 * 16 * 16)
    labels = [sample.label for sample in samples]
    found, loss = figures(predictor, decoded(samples, data.scheme, 16, cache), labels)
    scores = evaluate(predictor, samples, Source("x"))
    assert found == accuracy(scores)
    assert loss == pytest.approx(average_loss(scores), rel=1e-5)
    assert found == pytest.approx(1 / 3, abs=0.34)
    assert np.isfinite(found)
    uneven = [samples[n] for n in (*range(10), 12, 25, 26)]  # ten of one class, one and two of the others
    pixels, labels = decoded(uneven, data.scheme, 16, cache), [sample.label for sample in uneven]
    scores = evaluate(predictor, uneven, Source("x"))
    found, loss = figures(predictor, pixels, labels, "balanced")
    assert found == pytest.approx(balanced_accuracy_score(scores.truth, scores.predicted))
    assert figures(predictor, pixels, labels, "loss") == (-loss, loss)


@pytest.mark.filterwarnings("error")
def test_classes_that_are_not_there_do_not_count():
    counts = np.array([[3, 4], [0, 0], [1, 2]])
    scheme = LabelScheme(
        task="classification", classes=tuple(LabelClass(name=f"{k}", id=k) for k in range(len(counts)))
    )
    assert selection_figures(counts, np.ones(1), scheme, "balanced") == pytest.approx((0.625, 1 / 6))
    assert selection_figures(counts, np.ones(1), scheme) == pytest.approx((4 / 6, 1 / 6))
