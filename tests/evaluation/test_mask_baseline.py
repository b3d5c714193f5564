"""What a segmenter is beside always answering the most frequent class."""

from dataclasses import replace

import numpy as np
import pytest
from test_metrics import DEEPGLOBE, random_masks, scores_of

from pixelproof.evaluation import mean_iou, pixel_accuracy, summarise
from pixelproof.evaluation.mask_baseline import mask_baseline, mask_baseline_lines
from pixelproof.evaluation.tables import print_scores

FARM, URBAN, UNKNOWN = 1, 0, 6


def tiles(answer, images=12, seed=0):
    """Return scores of masks of a fifth town, the rest fields, of which ``answer`` makes the prediction."""
    rng = np.random.default_rng(seed)
    truth = np.where(rng.random((images, 20, 20)) < 0.2, URBAN, FARM).astype(np.uint8)
    return scores_of(truth, answer(truth, rng).astype(np.uint8), DEEPGLOBE)


def right(part):
    return lambda truth, rng: np.where(rng.random(truth.shape) < part, truth, URBAN + FARM - truth)


def farm_alone(truth, _):
    return np.full_like(truth, FARM)


@pytest.mark.parametrize("protocol", ["unknown_counted", "unknown_ignored"])
@pytest.mark.parametrize("seed", range(5))
def test_what_it_would_reach_is_what_that_answer_reaches(protocol, seed):
    truth, predicted = random_masks(seed, 7, void=True)
    found = mask_baseline(scores_of(truth, predicted, DEEPGLOBE), protocol)
    most = int(np.bincount(truth[truth < UNKNOWN]).argmax())
    constant = scores_of(truth, np.full_like(truth, most), DEEPGLOBE)
    assert found.name == DEEPGLOBE.names[most]
    assert found.miou.reached == pytest.approx(mean_iou(constant, protocol), abs=1e-12)
    assert found.pixel_accuracy.reached == pytest.approx(pixel_accuracy(constant), abs=1e-12)


@pytest.mark.parametrize(
    ("answer", "said", "better_by"),
    [
        (right(0.95), None, ["miou", "pixel_accuracy"]),
        (right(0.8), "not shown to be better than that in pixel accuracy.", ["miou"]),
        (right(0.75), "worse than that in pixel accuracy.", ["miou"]),
        (right(0.2), "worse than that in mIoU and pixel accuracy.", []),
        (farm_alone, "not shown to be better than that in mIoU or pixel accuracy.", []),
    ],
)
def test_a_model_that_is_no_better_than_one_answer_is_called_so(answer, said, better_by, capsys):
    scores = tiles(answer)
    print_scores(scores)
    *_, line, result = capsys.readouterr().out.splitlines()
    part = pixel_accuracy(tiles(farm_alone))
    assert line.startswith("Always answering agriculture, the most frequent class, would be right at ")
    assert f"{100 * part:.2f}% of the pixels: mIoU {part / 2:.4f}." in line
    assert (said in line) if said else ("The model" not in line)
    assert ("It never answers urban, of which " in line) == (answer is farm_alone)
    assert result.startswith("mIoU ")
    plain = summarise(scores)["baseline"]
    assert (plain["class"], plain["better"], plain["better_by"]) == ("agriculture", bool(better_by), better_by)


def test_of_classes_as_frequent_as_each_other_any_answers_by_lot_beat_one_class():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 6, (2, 20, 16, 16)).astype(np.uint8)
    scores = scores_of(truth, predicted, DEEPGLOBE)
    found = mask_baseline(scores)
    assert found.miou.better
    assert found.better_by == ()
    shuffled = [
        mean_iou(scores_of(truth, rng.permuted(predicted.ravel()).reshape(truth.shape), DEEPGLOBE), "unknown_counted")
        for _ in range(20)
    ]
    assert found.by_lot.reached == pytest.approx(np.mean(shuffled), abs=1e-3)
    said = f"by lot, each class as often as it does: mIoU {found.by_lot.reached:.4f}."
    assert mask_baseline_lines(scores)[-1].endswith(f"is not shown to be better than answering {said}")


def test_images_of_one_scene_are_one_observation():
    few = tiles(right(0.825), images=2)
    many = replace(
        few,
        ids=tuple(map(str, range(40))),
        confusion=np.repeat(few.confusion, 20, axis=0),
        groups=np.repeat(["a", "b"], 20),
    )
    alone = replace(many, groups=None)
    assert mask_baseline(alone).pixel_accuracy.better
    assert mask_baseline(many).pixel_accuracy == mask_baseline(few).pixel_accuracy
    assert not mask_baseline(many).pixel_accuracy.better


def test_of_one_class_or_image_nothing_is_told():
    alone = scores_of(*(np.full((2, 3, 4, 4), FARM, np.uint8)), DEEPGLOBE)
    assert mask_baseline(alone) is None
    assert mask_baseline_lines(alone) == []
    assert summarise(alone)["baseline"] is None
    one = mask_baseline(tiles(right(0.95), images=1))
    assert one.better_by == ()
    assert not one.miou.worse
