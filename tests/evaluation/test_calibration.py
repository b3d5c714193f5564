"""Calibration from counts, against brute force, torchmetrics, and models whose calibration is known."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from pixelproof.data import open_data, read_image
from pixelproof.errors import UserError
from pixelproof.evaluation.calibration import (
    BINS,
    UNIT,
    calibration_counts,
    expected_error,
    fit_temperature,
    likelihood_loss,
    reliability,
    temperatures_of,
    told_temperature,
)
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.evaluation.resampling import resample
from pixelproof.evaluation.summary import summarise
from pixelproof.prediction import Predictor
from pixelproof.runs import Run, Source, load_scores, save_scores
from pixelproof.runs.calibration_file import load_calibration
from pixelproof.verbs.train import train_run


def made_up(rng, images, classes=5, sharpness=1.0):
    """Return logits and truths drawn from exactly the probabilities of ``logits``, then the logits sharpened."""
    logits = rng.normal(0, 2, (images, classes))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (rng.random(images)[:, None] > chances.cumsum(axis=1)).sum(axis=1)
    return logits * sharpness, truth


def counted(logits, truth):
    chances = torch.from_numpy(logits).softmax(dim=1).numpy()
    right = chances.argmax(axis=1) == truth
    return calibration_counts(chances.max(axis=1)[:, None], right[:, None])


def test_counts_equal_a_loop():
    rng = np.random.default_rng(0)
    units = rng.integers(0, UNIT + 1, (3, 200))
    units[0, :3] = (0, UNIT, UNIT // BINS)  # both ends, and just below an edge that is no whole unit
    right = rng.random((3, 200)) < 0.5
    expected = np.zeros((3, BINS, 3), int)
    for image in range(3):
        for unit, hit in zip(units[image], right[image], strict=True):
            place = min(int(unit * BINS / UNIT + 1e-9), BINS - 1)
            expected[image, place] += (1, hit, unit)
    np.testing.assert_array_equal(calibration_counts(units / UNIT, right), expected)


def test_an_answer_is_in_the_bin_of_its_confidence_and_not_of_what_is_written_of_it():
    sure = np.array([14 / 15 - 4e-5, 0.9, 0.95, 0.6])
    counts = calibration_counts(sure[:, None], np.ones((4, 1), bool)).sum(axis=0)
    assert counts[[9, 13, 14], 0].tolist() == [1, 2, 1]  # .93329 is below 14/15, and .6 is the lower edge of its bin
    assert counts[13, 2] == 9_333 + 9_000


@pytest.mark.parametrize("images", [24, 100])
def test_ece_of_few_images_equals_one_that_keeps_every_digit(images):
    rng, edges = np.random.default_rng(2), np.arange(1, BINS) / BINS
    for _ in range(300):
        sure = rng.beta(5, 1.5, images)
        right = rng.random(images) < sure
        bins = np.digitize(sure, edges)
        gaps = [abs((right[bins == k] - sure[bins == k]).sum()) for k in range(BINS)]
        found = expected_error(calibration_counts(sure[:, None], right[:, None]).sum(axis=0))
        assert found == pytest.approx(sum(gaps) / images, abs=6e-5)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_ece_equals_torchmetrics(sharpness):
    logits, truth = made_up(np.random.default_rng(1), 700, sharpness=sharpness)
    chances = torch.from_numpy(logits).softmax(dim=1)
    theirs = multiclass_calibration_error(chances, torch.from_numpy(truth), num_classes=5, n_bins=BINS, norm="l1")
    assert expected_error(counted(logits, truth).sum(axis=0)) == pytest.approx(float(theirs), abs=6e-5)


def test_what_has_no_value_is_nan():
    nothing = reliability(np.zeros((3, BINS, 3), np.int64))
    assert np.isnan([nothing.ece, nothing.low, nothing.high]).all()
    one = reliability(calibration_counts(np.array([[0.99]]), np.array([[True]])))
    assert one.ece == pytest.approx(0.01)
    assert np.isnan(one.accuracy[:-1]).all()


def test_the_interval_holds_the_true_error_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    logits, truth = made_up(rng, 200_000, sharpness=2.0)
    true = expected_error(counted(logits, truth).sum(axis=0))
    held = 0
    for trial in range(100):
        chosen = rng.choice(len(truth), 800, replace=False)
        found = reliability(counted(logits[chosen], truth[chosen]), seed=trial)
        held += found.low <= true <= found.high
    assert held >= 88


@pytest.mark.parametrize(("images", "gap"), [(100, 0.1), (500, 0.05)])
def test_the_true_error_rarely_lies_above_the_interval(images, gap):
    """Each gap is about as large as its noise, where an end mirrored at the estimate would lie too low."""
    rng, above = np.random.default_rng(9), 0
    for trial in range(100):
        confidence = rng.uniform(0.5, 1, images)
        above += reliability(promised(confidence, rng.random(images) < confidence - gap), seed=trial).high < gap
    assert above <= 3


def test_a_single_image_has_an_error_and_no_interval():
    confidence = np.random.default_rng(10).uniform(0.5, 1, (1, 5000))
    found = reliability(calibration_counts(confidence, confidence > 0.8))
    assert found.ece > 0.1
    assert np.isnan([found.low, found.high]).all()


def promised(confidence, right):
    return calibration_counts(confidence[:, None], right[:, None])


@pytest.mark.parametrize("least", [0.1, 0.9])
def test_a_calibrated_model_is_rarely_called_miscalibrated(least):
    rng, accused = np.random.default_rng(3), 0
    for _ in range(20):
        confidence = rng.uniform(least, 1, 100)
        found = reliability(promised(confidence, rng.random(100) < confidence))
        accused += found.low > 0
        assert found.low <= found.ece <= found.high
    assert accused <= 2


def test_a_model_that_is_too_sure_is_called_miscalibrated():
    rng = np.random.default_rng(5)
    confidence = rng.uniform(0.5, 1, 500)
    assert reliability(promised(confidence, rng.random(500) < confidence - 0.1)).low > 0.03


def test_a_few_sure_predictions_without_an_error_accuse_no_model():
    found = reliability(promised(np.full(20, 0.97), np.ones(20, bool)))
    assert (found.low, found.high) == (0, pytest.approx(0.03))


def test_images_without_scored_pixels_leave_an_interval():
    counts = np.zeros((4, BINS, 3), np.int64)
    counts[:2, -1] = [(100, 80, 95 * UNIT), (100, 70, 95 * UNIT)]
    found = reliability(counts)
    assert found.ece == pytest.approx(0.2)
    assert 0 <= found.low <= found.ece <= found.high < 0.3


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 2.5])
def test_the_temperature_undoes_what_made_a_model_too_sure(sharpness):
    logits, truth = made_up(np.random.default_rng(4), 20_000, sharpness=sharpness)
    temperature = fit_temperature(logits, truth)
    assert temperature == pytest.approx(sharpness, rel=0.03)
    grid = [likelihood_loss(logits, truth, t) for t in np.geomspace(0.05, 20, 400)]
    assert likelihood_loss(logits, truth, temperature) <= min(grid)
    np.testing.assert_array_equal((logits / temperature).argmax(axis=1), logits.argmax(axis=1))


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [(20, 0, False), (19, 1, False), (18, 2, True), (0, 20, False), (1, 19, False), (2, 18, True), (10, 10, True)],
)
def test_answers_that_tell_no_temperature_leave_it(right, wrong, told):
    logits, truth = np.random.default_rng(0).normal(0, 0.2, (right + wrong, 3)), np.zeros(right + wrong, np.int64)
    logits[:right, 0] += 2
    logits[right:, 1] += 2
    found = told_temperature(logits, truth)
    assert (found is not None) == told
    assert found is None or found > 0.5


def test_a_network_that_is_much_too_sure_gets_the_highest_temperature():
    rng = np.random.default_rng(0)
    logits, truth = np.zeros((500, 3)), rng.integers(0, 3, 500)
    logits[np.arange(500), rng.integers(0, 3, 500)] = 400
    found = told_temperature(logits, truth)
    assert found == pytest.approx(20, rel=0.01)
    assert likelihood_loss(logits, truth, found) < likelihood_loss(logits, truth) / 10


def test_a_selection_part_that_tells_no_temperature_is_noted(tmp_path, color_classes, capsys):
    slim = ["width=0.03", "epochs=1", "batch_size=4", "device=cpu", "selection=0.1"]
    run = train_run(color_classes, "vgg16", tmp_path / "run", settings=slim)
    said = r"note: the temperature of probabilities stays 1, as \d wrong of 3 answers on the selection part do not tell"
    assert re.search(said, capsys.readouterr().err)
    assert not run.calibration.exists()
    assert Predictor.open(run, "cpu").temperature == 1


def test_resampled_sums_are_those_of_drawn_images(monkeypatch):
    values = np.arange(12).reshape(4, 3)
    sums = resample(values, lambda sums: sums, 3000, 0, "test")
    assert np.allclose(sums.mean(axis=0), values.sum(axis=0), atol=1)
    assert np.allclose(sums.std(axis=0), np.sqrt(4) * values.std(axis=0), rtol=0.05)
    np.testing.assert_array_equal(sums, sums.round())
    monkeypatch.setattr("pixelproof.evaluation.resampling._CELLS", 40)
    assert resample(values, lambda sums: sums, 25, 0, "test").shape == (25, 3)


@pytest.mark.parametrize(("data", "model"), [("color_classes", "vgg16"), ("two_fields", "fcn8s-bn")])
def test_training_leaves_a_temperature_that_prediction_applies(request, tmp_path, pixelproof, data, model):
    folder = request.getfixturevalue(data)
    slim = ["width=0.03", "epochs=2", "batch_size=4", "device=cpu", "selection=0.3"]
    sets = [word for text in slim for word in ("--set", text)]
    assert pixelproof("train", folder, "--model", model, "--out", tmp_path / "run", *sets)[0] == 0
    run = Run.open(tmp_path / "run")
    fitted = load_calibration(run.calibration)
    assert fitted.split == "selection"
    assert fitted.loss_after <= fitted.loss_before
    predictor = Predictor.open(run, "cpu")
    assert predictor.temperature == fitted.temperature
    samples = open_data(folder).split("validation")
    scores = evaluate(predictor, samples, Source("run"))
    judged = scores.calibration[:, :, :, 0].sum(axis=(0, 2))
    assert scores.calibration.shape == (len(samples), 2, BINS, 3)
    assert len(set(judged.tolist())) == 1
    assert temperatures_of(scores) == ("none", "fitted")
    views = evaluate(Predictor.open(run, "cpu", tta=True), samples, Source("run"))
    save_scores(tmp_path / "views.npz", views)
    (found,) = summarise(load_scores(tmp_path / "views.npz"))["calibration"]
    assert found["temperature"] == "fitted"
    before = replace(views, source=replace(views.source, temperatures=""))  # as earlier versions wrote them
    assert (temperatures_of(before), before.calibration.shape[1]) == ((None,), 1)
    save_scores(tmp_path / "edited.npz", replace(views, source=replace(views.source, temperatures="none, fitted")))
    with pytest.raises(UserError, match="does not hold what a scores file holds"):
        load_scores(tmp_path / "edited.npz")
    if model == "vgg16":
        right = scores.truth == scores.predicted
        expected = calibration_counts(scores.confidence[:, None], right[:, None])
        np.testing.assert_array_equal(scores.calibration[:, 0], expected)
        out = tmp_path / "p"
        assert pixelproof("predict", run.path, samples[0].image, "--out", out)[0] == 0
        told = float((out / "predictions.csv").read_text().splitlines()[1].split(",")[3])
        logits = predictor([read_image(samples[0].image)]).logits.double()
        assert told == pytest.approx(float((logits / fitted.temperature).softmax(dim=1).max()), abs=1e-6)
    else:
        right = np.trace(scores.confusion[:, :6, :6].sum(axis=0))
        assert judged[0] == scores.confusion[:, :6].sum()
        assert scores.calibration[:, 0, :, 1].sum() == right


def test_counts_that_promise_more_than_is_possible_end_nothing():
    counts = np.zeros((4, 15, 3), np.int64)
    counts[:, 14] = 10, 9, 11 * UNIT
    assert reliability(counts).low <= reliability(counts).ece
