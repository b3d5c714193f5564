"""What stress costs, and who stands it better, each against counting by hand."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pixelproof.comparison.standing import standings
from pixelproof.comparison.stress import Tried, stressed
from pixelproof.comparison.wording.stress import sentences
from pixelproof.comparison.wording.stress_cells import curve_cells
from pixelproof.labels import LabelScheme
from pixelproof.languages import LANGUAGES
from pixelproof.runs import ClassificationScores, SegmentationScores, Source
from pixelproof.runs.fields import Estimate
from pixelproof.runs.stress_file import Likeness, Standing, StressRecord

NAMES = ("a", "b", "c")
SCHEME = LabelScheme.model_validate(
    {"task": "classification", "classes": [{"name": name, "id": i} for i, name in enumerate(NAMES)]}
)
MASKS = LabelScheme.model_validate(
    {"task": "segmentation", "classes": [{"name": name, "id": i, "color": [i, 0, 0]} for i, name in enumerate(NAMES)]}
)


def answered(right, truth, seed=0):
    """Return scores of images that are right or wrong, bool [N], with probabilities that fit."""
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet((1, 1, 1), len(truth)).astype(np.float32)
    predicted = np.where(right, truth, (truth + 1) % 3)
    top = chances.argmax(axis=1)
    rows = np.arange(len(truth))
    chances[rows, top], chances[rows, predicted] = chances[rows, predicted], chances[rows, top]
    nothing = np.zeros(len(truth))
    return ClassificationScores(
        tuple(f"{i:03}" for i in rows), truth, predicted, (~right).astype(np.int64), nothing, nothing, SCHEME,
        Source("x", "validation", "print"), probabilities=chances,
    )  # fmt: skip


def model(states, name="s"):
    """Return what ``standings`` takes of a model: the untouched state, then those under one stress."""
    files = {f"{place}.npz": state for place, state in enumerate(states)}
    first, *others = files
    return first, [Tried(name, "stops", 0.0, {float(n + 1): file for n, file in enumerate(others)})], files


def by_exchanging(differences):
    """Return the two-sided p-value of a mean, [N], over all ways to exchange the two models on each image."""
    signs = np.array(list(itertools.product([1, -1], repeat=len(differences))))
    found = np.abs(signs @ differences)
    return float((found >= abs(differences.sum()) - 1e-9).mean())


def test_who_stands_it_better_is_by_exchanging_the_models_on_each_image():
    rng, truth = np.random.default_rng(3), np.arange(12) % 3
    a, b = (rng.random((3, 12)) < share for share in ([[0.9], [0.4], [0.2]], [[0.9], [0.9], [0.6]]))
    found = {"a": model([answered(row, truth) for row in a]), "b": model([answered(row, truth) for row in b])}
    (told,) = standings(found, "accuracy", 0)
    gain = b.astype(float) - a
    under = gain[1:].mean(axis=0)
    assert (told.score.value, told.kept.value) == pytest.approx((under.mean(), (under - gain[0]).mean()))
    assert told.score_p == pytest.approx(by_exchanging(under), abs=0.02)
    assert told.kept_p == pytest.approx(by_exchanging(under - gain[0]), abs=0.02)
    reach = 2.2 * under.std(ddof=1) / np.sqrt(12)  # Student's quantile at 11 degrees of freedom
    assert (told.score.low, told.score.high) == pytest.approx((under.mean() - reach, under.mean() + reach), abs=0.08)
    (same,) = standings({"a": found["a"], "b": model([answered(row, truth) for row in a])}, "accuracy", 0)
    assert (same.score.value, same.kept.value, same.score_better, same.kept_better) == (0, 0, *["undecided"] * 2)


def test_other_figures_are_the_mean_over_the_strengths_too():
    rng, truth = np.random.default_rng(4), np.arange(60) % 3
    sides = [[answered(rng.random(60) < 0.7, truth, seed) for seed in range(4 * s, 4 * s + 4)] for s in (0, 1)]
    (told,) = standings({"a": model(sides[0]), "b": model(sides[1])}, "roc_auc:b", 0)
    areas = np.array([[roc_auc_score(truth == 1, state.probabilities[:, 1]) for state in side] for side in sides])
    gain = areas[1] - areas[0]
    assert told.score.value == pytest.approx(gain[1:].mean())
    assert told.kept.value == pytest.approx(gain[1:].mean() - gain[0])
    assert told.score.low < told.score.value < told.score.high

    counts = rng.integers(0, 40, (2, 3, 20, 4, 4))
    counts[..., 3, :] = counts[..., :, 3] = 0
    counts = np.where(np.eye(4, dtype=bool), 200, counts)
    truth_of = counts.sum(axis=-1)
    counts[..., :3, 0] += truth_of.max(axis=(0, 1))[..., :3] - truth_of[..., :3]  # of the same truth in all states
    ids = tuple(f"{i:03}" for i in range(20))
    states = [
        [SegmentationScores(ids, one, MASKS, Source("x", "validation", "print")) for one in side] for side in counts
    ]
    (told,) = standings({"a": model(states[0]), "b": model(states[1])}, "miou", 0)
    total = counts.sum(axis=2)[..., :3, :3]
    hit = np.diagonal(total, axis1=-2, axis2=-1)
    miou = (hit / (total.sum(axis=-1) + total.sum(axis=-2) - hit)).mean(axis=-1)
    gain = miou[1] - miou[0]
    assert told.score.value == pytest.approx(gain[1:].mean())
    assert told.kept.value == pytest.approx(gain[1:].mean() - gain[0])


def test_a_curve_says_from_where_on_and_where_it_falls():
    truth = np.arange(90) % 3
    states = [np.arange(90) >= wrong for wrong in (0, 3, 9, 60)]
    first, tried, files = model([answered(right, truth) for right in states])
    found = stressed("m", "runs/m", first, tried, files, "accuracy", 0.05, 0)
    (curve,) = found.curves
    assert [cell.difference.value for cell in curve.cells] == pytest.approx([-3 / 90, -9 / 90, -60 / 90])
    assert curve.falls_at == pytest.approx(1 + (0.05 - 3 / 90) / (6 / 90))
    p = [2 * 0.5**lost for lost in (3, 9, 60)]  # McNemar's exact test where only one side is wrong
    assert [cell.p for cell in curve.cells] == pytest.approx(p)
    assert [cell.adjusted for cell in curve.cells] == pytest.approx([p[0], 2 * p[1], 3 * p[2]])
    assert ([cell.lost for cell in curve.cells], curve.lost_from) == ([False, True, True], 2)
    assert [each.name for each in curve.classes] == ["a", "b", "c"]
    assert (found.untouched.confidence, found.untouched.sure_wrong) == (None, None)
    low, high = curve.falls_between
    assert low < curve.falls_at < high
    milder = {**files, "3.npz": files["1.npz"]}
    (curve,) = stressed("m", "runs/m", first, tried, milder, "accuracy", 0.05, 0).curves
    assert curve.lost_from is None  # as the hardest shows none


def test_where_it_falls_has_the_interval_of_images_drawn_again():
    truth, rng = np.arange(200) % 3, np.random.default_rng(1)
    hard = rng.random(200)
    right = [hard >= share for share in (0.05, 0.06, 0.08, 0.2)]
    first, tried, files = model([answered(each, truth) for each in right])
    (curve,) = stressed("m", "m", first, tried, files, "accuracy", 0.05, 0).curves
    falls = []
    for _ in range(4000):
        rows = rng.integers(0, 200, 200)
        change = [0.0, *(float(each[rows].mean() - right[0][rows].mean()) for each in right[1:])]
        falls.append(float(np.interp(0.05, -np.array(change), range(4))) if change[-1] <= -0.05 else np.inf)
    assert curve.falls_between == pytest.approx(np.quantile(falls, (0.025, 0.975)), abs=0.06)
    change = curve.cells[-1].difference.value
    told = stressed("m", "m", first, tried, files, "accuracy", 0.001 - change, 0).curves[0]
    assert told.falls_at is None  # as it loses a little less
    assert 2 < told.falls_between[0] < 3
    assert told.falls_between[1] is None  # some images drawn again lose less than that
    told = stressed("m", "m", first, tried, files, "accuracy", 0.6, 0).curves[0]
    assert (told.falls_at, told.falls_between) == (None, None)
    areas = stressed("m", "m", first, tried, files, "roc_auc:b", 0.05, 0).curves[0]
    assert areas.falls_between is None or areas.falls_between[0] <= (areas.falls_at or 3)


def test_states_whose_images_move_are_compared_with_their_own_still_ones():
    rng, ids = np.random.default_rng(4), tuple(f"{i:03}" for i in range(20))

    def masks(right):
        """Return scores of 3 x 100 pixels an image, so many of each class right."""
        counts = np.zeros((20, 4, 4), np.int64)
        for place in range(3):
            counts[:, place, place], counts[:, place, (place + 1) % 3] = right, 100 - right
        return SegmentationScores(ids, counts, MASKS, Source("x", "validation", "print"))

    names = ("untouched", "still 1", "1", "still 2", "2")
    sides = {
        name: {file: masks(rng.integers(*span, 20)) for file, span in zip(names, spans, strict=True)}
        for name, spans in {
            "a": ((90, 99), (60, 65), (60, 65), (50, 55), (50, 55)),
            "b": ((90, 99), (70, 75), (50, 55), (60, 65), (40, 45)),
        }.items()
    }
    tried = [Tried("turned", "degrees", 0.0, {1.0: "1", 2.0: "2"}, {1.0: "still 1", 2.0: "still 2"})]

    def miou(file, name):
        right = np.array([sides[name][file].confusion[:, p, p].sum() for p in range(3)]) / 2000
        return float((right / (2 - right)).mean())  # as many are taken for a class as are taken from it

    (told,) = standings({name: ("untouched", tried, own) for name, own in sides.items()}, "miou", 0)
    under, still = (
        np.mean([miou(f"{part}{s}", "b") - miou(f"{part}{s}", "a") for s in "12"]) for part in ("", "still ")
    )
    assert told.score.value == pytest.approx(under, abs=2e-3)
    assert told.kept.value == pytest.approx(under - still, abs=2e-3)
    assert (told.score_better, told.kept_better) == ("a", "a")
    (curve,) = stressed("b", "b", "untouched", tried, sides["b"], "miou", 0.05, 0).curves
    (mild, hard) = curve.cells
    assert mild.before.score.value == pytest.approx(miou("still 1", "b"), abs=1e-3)
    assert mild.difference.value == pytest.approx(mild.score.value - mild.before.score.value)
    assert hard.lost


def test_whether_it_is_noticed_is_read_off_the_last_temperature():
    truth = np.arange(4) % 3
    scores = answered(np.array([True, True, False, False]), truth)
    counts = np.zeros((4, 2, 15, 3), np.int64)
    counts[:, 0, 7] = (1, 0, 5000)
    for image, (cell, right, sure) in enumerate([(14, 1, 9900), (7, 1, 5000), (14, 0, 9700), (6, 0, 4400)]):
        counts[image, 1, cell] = (1, right, sure)
    source = replace(scores.source, temperatures="none, fitted")
    scores = replace(scores, calibration=counts, source=source)
    first, tried, files = model([scores, scores])
    state = stressed("m", "m", first, tried, files, "accuracy", 0.05, 0).untouched
    assert (state.confidence, state.right, state.sure_wrong) == pytest.approx((0.725, 0.5, 0.25))
    assert state.ece == pytest.approx((abs(1 - 1.96) + 0.5 + 0.44) / 4)


def record_of(wrong, images, **others):
    """Return the record of a model that errs on so many images, as they are and at each strength."""
    truth = np.arange(images) % 3
    first, tried, files = model([answered(np.arange(images) >= each, truth) for each in wrong])
    models = (stressed("m", "m", first, tried, files, "accuracy", 0.05, 0),)
    return StressRecord(
        task="classification", metric="accuracy", split="validation", fingerprint="", images=images, scenes=images,
        of=images, margin=0.05, seed=0, left_out=(), models=models, standings=(), examples=(), **others,
    )  # fmt: skip


def test_sentences_do_not_contradict_each_other_where_the_hardest_strength_shows_nothing():
    said = " ".join(sentences(record_of((0, 60, 3), 90)))
    assert "What is shown to hurt m most: s, 1 stop, where accuracy falls from 100.0% to 33.3%" in said
    assert "A loss of m is shown: not at the hardest strength, s at 1 stop." in said
    assert "No loss" not in said
    said = " ".join(sentences(record_of((2, 5, 4), 90)))
    assert "No loss of accuracy is shown of m under any stress that was tried; the largest is −3.3" in said
    assert "s, 1 stop." in said
    assert "learned" not in said


def test_it_is_told_that_a_model_has_learned_from_images():
    record = record_of((0, 6), 9)
    knowing = record.models[0].model_copy(update={"learned": 4})
    said = " ".join(sentences(record.model_copy(update={"models": (knowing,)})))
    assert "m has learned from 4 of these 9 images, which flatters it." in said


def test_so_few_images_that_none_could_show_a_loss_are_told():
    assert "6 images could show none, however large, as p counts for 2 states" in " ".join(
        sentences(record_of((0, 6, 6), 6))
    )
    assert "could show none" not in " ".join(sentences(record_of((0, 0, 0), 7)))


def test_both_languages_say_the_same_numbers():
    record = record_of((0, 6, 60), 90)
    curve = record.models[0].curves[0].model_copy(update={"stress": "darker"})
    like = Likeness(sign="brightness", old=0.5, new=0.4, stress="darker", strength=1.3)
    model = record.models[0].model_copy(update={"curves": (curve,)})
    other = model.model_copy(update={"name": "n"})
    pair = {"a": "m", "b": "n", "stress": "darker", "score_p": 0.001, "kept_p": 0.5, "kept_better": "undecided"}
    better = Standing(**pair, score=Estimate(value=0.1, low=0.05, high=0.2), score_better="b", kept=Estimate(value=0.0))
    whole = {
        "models": (model, other),
        "standings": (better,),
        "likenesses": (like, like),
        "left_out": ("warmer", "cooler", "compressed"),
    }
    record = record.model_copy(update=whole)
    numbers = [re.findall(r"[\d.]+\d|\d", " ".join(sentences(record, tongue))) for tongue in LANGUAGES]
    assert sorted(numbers[0]) == sorted(numbers[1])
    chinese = " ".join(sentences(record, "zh-Hant"))
    assert "已證實對 m 影響最大的是變暗 2 級，此時準確率由 100.0% 降至 33.3%" in chinese
    assert "未試偏暖、偏冷與壓縮：" in chinese
    assert "Left out are warmer, cooler and compressed: the run reads bands" in " ".join(sentences(record))
    assert len(sentences(record)) == len(sentences(record, "zh-Hant"))
    assert not re.search("stress|darker|brightness|accuracy", chinese)


def test_what_never_falls_is_told_from_what_is_not_known():
    def told(wrong, **changed):
        (curve,) = record_of(wrong, 90).models[0].curves
        hardest = curve.cells[-1].model_copy(update=changed)
        curve = curve.model_copy(update={"cells": (*curve.cells[:-1], hardest)})
        return [curve_cells(curve, tongue)[2:] for tongue in LANGUAGES]

    assert told((3, 3, 3)) == [("never", "never"), ("從未", "從未")]
    assert told((0, 60, 3))[0][0] == "only 1"
    assert told((0, 60, 3))[1][0] == "僅 1"
    assert told((0, 2, 60))[0][0] == "2"
    unknown = {"difference": Estimate(value=None), "p": None, "adjusted": None}
    assert told((3, 3, 3), **unknown) == [("–", "–")] * 2


def test_resamples_without_images_of_a_class_do_not_say_that_its_recall_holds():
    truth = np.where(np.arange(60) < 2, 0, 1)
    gone = np.arange(60) >= 2
    first, tried, files = model([answered(each, truth) for each in (np.ones(60, bool), gone, gone)])
    (curve,) = stressed("m", "m", first, tried, files, "recall:a", 0.05, 0).curves
    assert curve.falls_at == pytest.approx(0.05)
    assert curve.falls_between is None  # it falls alike in all that have any
