"""The figure that picks the checkpoint is the one that evaluation gives."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from pixelproof.config import ModelConfig
from pixelproof.data import open_data
from pixelproof.data.cache import decoded
from pixelproof.evaluation import accuracy, mean_iou, selection
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.evaluation.selection import selection_counts, selection_figure
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.runs import Source


def predictor_for(data, name, **settings):
    model = build_model(ModelConfig(name=name, width=0.05, **settings), len(data.scheme.classes))
    return Predictor(model, data.scheme, "cpu")


def figure(predictor, pixels, labels):
    """Return the figure from the counts of three parts, as processes count them; the last has nothing to count."""
    bounds = [0, 1, len(pixels), len(pixels)]
    parts = [slice(*pair) for pair in pairwise(bounds)]
    return selection_figure(sum(selection_counts(predictor, pixels, labels, part) for part in parts), predictor.scheme)


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
    found = figure(predictor, decoded(samples, data.scheme, None, cache), [None] * len(samples))
    assert found == mean_iou(evaluate(predictor, samples, Source("x")), "unknown_ignored")


def test_large_images_are_chosen_by_in_tiles(two_fields, monkeypatch):
    data = open_data(two_fields)
    samples = data.split("train")
    predictor, asked = predictor_for(data, "fcn8s"), []
    whole = figure(predictor, decoded(samples, data.scheme, None, "none"), [None] * len(samples))
    monkeypatch.setattr("pixelproof.prediction.tiles.LARGE", 1000)
    class_map = predictor.class_map
    monkeypatch.setattr(predictor, "class_map", lambda image: asked.append(image.shape) or class_map(image))
    assert figure(predictor, decoded(samples, data.scheme, None, "none"), [None] * len(samples)) == whole
    assert len(asked) == len(samples)


@pytest.mark.parametrize("cache", ["auto", "none"])
def test_accuracy_equals_evaluation(color_classes, monkeypatch, cache):
    data = open_data(color_classes)
    samples = data.split("train")
    predictor = predictor_for(data, "vgg16", input_size=16)
    monkeypatch.setattr(selection, "BATCH_PIXELS", 7 * 16 * 16)
    labels = [sample.label for sample in samples]
    found = figure(predictor, decoded(samples, data.scheme, 16, cache), labels)
    assert found == accuracy(evaluate(predictor, samples, Source("x")))
    assert found == pytest.approx(1 / 3, abs=0.34)
    assert np.isfinite(found)
