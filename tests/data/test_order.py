"""Which images an epoch has: all of them, or every class as often as every other."""

from collections import Counter
from itertools import chain

import pytest
import torch

from pixelproof.config import apply_overrides, default_config
from pixelproof.data import open_data
from pixelproof.data.loading import TrainingBatches, TrainingImages
from pixelproof.data.order import balanced, natural

LABELS = [2] * 40 + [7] * 9 + [0] * 2 + [5]  # neither in order nor without gaps, as train may be


@pytest.mark.parametrize("count", [52, 50, 3])
def test_balanced_classes_come_alike_and_go_through_all_their_images(count):
    seen, keys, epochs = Counter(), [], max(8, 400 // count)
    for epoch in range(epochs):
        drawn = balanced(1, epoch, count, LABELS)
        assert len(drawn) == count
        by_class = Counter(LABELS[index] for _, index in drawn)
        assert max(by_class.values()) - min(by_class[label] for label in set(LABELS)) <= 1
        seen.update(index for _, index in drawn)
        keys += drawn
        for label in set(LABELS):  # none comes again before all others of its class have come
            times = [seen[index] for index, own in enumerate(LABELS) if own == label]
            assert max(times) - min(times) <= 1
    by_class = Counter(LABELS[index] for _, index in keys)
    assert max(by_class.values()) - min(by_class.values()) <= 1
    assert len(set(keys)) == len(keys) == epochs * count  # so no image is changed in the same way twice


def test_the_order_is_a_function_of_seed_and_epoch():
    assert balanced(0, 5, 52, LABELS) == balanced(0, 5, 52, LABELS)
    assert balanced(0, 5, 52, LABELS) != balanced(1, 5, 52, LABELS)
    assert balanced(0, 5, 52, LABELS) != balanced(0, 6, 52, LABELS)
    labels = [LABELS[index] for _, index in balanced(0, 0, 52, LABELS)]
    assert labels != sorted(labels)
    assert sorted(natural(0, 3, 20)) == [(3, index) for index in range(20)]


def test_balanced_batches_are_the_same_whoever_makes_them(color_classes):
    for path in sorted((color_classes / "train" / "blue").iterdir())[2:]:
        path.unlink()
    data = open_data(color_classes)  # 10 red, 10 green and 2 blue images

    def batches(*more, part=slice):
        settings = ["batch_size=6", "sampling=balanced", "color=0.5", "input_size=16", *more]
        config = apply_overrides(default_config("classification", "vgg16"), settings)
        images = TrainingImages(data.split("train"), data.scheme, config)
        images.place(torch.device("cpu"))
        loader = TrainingBatches(images, part)
        assert len(loader) == 3
        return [(pixels, images.target(stored)) for epoch in (0, 1) for pixels, stored in loader.epoch(epoch)]

    whole = batches()
    halves = zip(batches(part=lambda n: slice(0, n // 2)), batches(part=lambda n: slice(n // 2, n)), strict=True)
    joined = [tuple(torch.cat(pair) for pair in zip(*both, strict=True)) for both in halves]
    for other in (batches("workers=1"), batches("resident=yes"), joined):
        assert all(torch.equal(a, b) for a, b in zip(chain(*whole), chain(*other), strict=True))
    pixels, targets = (torch.cat(parts) for parts in zip(*whole, strict=True))
    assert torch.bincount(targets).tolist() == [12, 12, 12]
    assert len(torch.unique(pixels, dim=0)) == 36  # a repeated image is changed anew
