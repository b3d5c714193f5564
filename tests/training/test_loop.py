"""The loop on small real files: it learns, and what interrupts it or loads for it does not change a bit."""

import math
import multiprocessing

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from training_runs import assert_same, settings_for, weights_of

from pixelproof import api
from pixelproof.config import default_config, run_settings
from pixelproof.data import arrange, open_data, write_png
from pixelproof.data.loading import TrainingBatches, TrainingImages
from pixelproof.errors import UserError
from pixelproof.evaluation import accuracy, mean_iou
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.prediction import Predictor
from pixelproof.report.page import build_report
from pixelproof.runs import Source
from pixelproof.training.checkpoints import load_weights
from pixelproof.training.settings import settle
from pixelproof.verbs.evaluate import evaluate_run
from pixelproof.verbs.train import train
from small_runs import untrained_run


def test_an_undefined_score_is_no_better_one(tmp_path, two_fields, capsys):
    data = open_data(two_fields)
    config = settings_for(data, "fcn32s", "epochs=9", "patience=2", "crop=32", "selection=0.2")
    for sample in arrange(data, config.data)["selection"]:
        write_png(sample.mask, np.zeros((64, 64, 3), np.uint8))  # black is "unknown", which nobody is scored on
    run = train(data, config, tmp_path / "run")
    assert [math.isnan(row["score"] + row["selection_loss"]) for row in run.metrics.read()] == [True, True]
    assert "run: training ended after epoch 2 of 9, as none had a score that is defined" in capsys.readouterr().err
    assert "Dashed:" not in build_report(run.path).read_text("utf-8")


def test_the_number_of_workers_changes_nothing(tmp_path, two_fields):
    data = open_data(two_fields)
    common = ["epochs=2", "crop=32", "scale=[0.5, 2]", "batch_size=3"]
    runs = [train(data, settings_for(data, "fcn8s", *common, f"workers={n}"), tmp_path / str(n)) for n in (0, 2)]
    assert_same(weights_of(runs[0]), weights_of(runs[1]))
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_that_breaks_meanwhile_is_named_whoever_loads_it(tmp_path, two_fields, workers):
    data = open_data(two_fields)
    config = settings_for(data, "fcn32s", "epochs=1", "crop=32", "cache=none", f"workers={workers}")
    images = TrainingImages(data.split("train"), data.scheme, config)
    for sample in data.split("train"):
        sample.mask.write_bytes(sample.mask.read_bytes()[:60])
    with pytest.raises(UserError, match=r"_mask\.png is truncated or damaged; remove or replace it"):
        list(TrainingBatches(images).epoch(0))


def test_batch_norm_of_one_value_is_one_sentence(tmp_path, color_classes):
    data = open_data(color_classes)
    config = settings_for(data, "timm:test_resnet", "epochs=1", "batch_size=1", "input_size=32")
    with pytest.raises(UserError, match=r"batch norm cannot learn from one value of a channel; give --set batch_size"):
        train(data, config, tmp_path / "run")


def test_too_few_images_for_a_selection_part_are_noted(tmp_path, color_classes, capsys):
    for file in (color_classes / "train").glob("*/*"):
        if int(file.stem) >= 4:
            file.unlink()
    data = open_data(color_classes)
    run = train(data, settings_for(data, "vgg16", "epochs=3", "patience=1"), tmp_path / "run")
    assert "too few images to set a selection part aside" in (said := capsys.readouterr().err)
    assert "patience has no effect" in said
    assert len(run.metrics.read()) == 3


def test_the_seed_changes_everything(tmp_path, color_classes):
    data = open_data(color_classes)
    a, b = (
        load_file(train(data, settings_for(data, "vgg16", "epochs=1", f"seed={s}"), tmp_path / str(s)).best)
        for s in (0, 1)
    )
    assert not any(torch.equal(a[name], b[name]) for name in a if name.endswith("weight"))


@pytest.mark.parametrize(("size", "accumulate"), [(4, 2), (8, 9)])  # an epoch has four small batches
def test_accumulated_batches_equal_a_large_one(tmp_path, two_fields, size, accumulate):
    data = open_data(two_fields)
    common = ["epochs=2", "selection=0", "crop=64", "flip=false", "turn=false", "optimizer=sgd", "lr=1e-3"]
    large = train(data, settings_for(data, "fcn32s", *common, f"batch_size={size}"), tmp_path / "large")
    few = ["batch_size=2", f"accumulate={accumulate}"]
    small = train(data, settings_for(data, "fcn32s", *common, *few), tmp_path / "small")
    a, b = load_file(large.best), load_file(small.best)
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("choose_by", "column", "sign"), [("loss", "selection_loss", -1), ("balanced", "score", 1)])
def test_the_epoch_is_chosen_by_what_is_asked_for(tmp_path, color_classes, capsys, choose_by, column, sign):
    settings = ["width=0.05", "epochs=5", "lr=0.02", "selection=0.4", f"choose_by={choose_by}"]
    run = api.train(color_classes, "vgg16-bn", tmp_path / "run", settings=settings)
    best = max(run.metrics.read(), key=lambda row: sign * row[column])
    assert run.facts().best_epoch == best["epoch"]
    assert run.facts().best_score == pytest.approx(sign * best[column])
    share = f"balanced accuracy {100 * best['score']:.2f}%"
    told = {"loss": f"negative loss {best['score']:.4f}", "balanced": share}[choose_by]
    assert f"{told} on the selection part of 12 images" in capsys.readouterr().err


def test_training_learns_and_the_best_checkpoint_is_kept(tmp_path, color_classes):
    data = open_data(color_classes)
    config = settings_for(data, "vgg16-bn", "epochs=20", "width=0.06", "selection=0.2", "lr=1e-3", "dropout=0")
    run = train(data, config, tmp_path / "run")
    rows = run.metrics.read()
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["selection_loss"] < rows[0]["selection_loss"]
    best = max(row["score"] for row in rows)
    environment = run.environment()
    assert environment["finished"]
    assert environment["best_score"] == pytest.approx(best, rel=1e-7)  # the log holds eight digits
    assert next(row for row in rows if row["score"] == best)["epoch"] == environment["best_epoch"]
    parts = arrange(data, run_settings(run).data)
    assert environment["data"]["images"] == {"train": 24, "selection": 6, "validation": 12}
    scores = evaluate(Predictor.open(run), parts["validation"], Source("run"))
    assert accuracy(scores) >= 0.7  # chance is 1/3; six seeds gave 11 or 12 of 12
    assert (run.path / "tensorboard").is_dir()


@pytest.mark.parametrize("accumulate", [1, 4])
def test_no_step_has_a_rate_of_0(color_classes, tmp_path, monkeypatch, accumulate):
    rates, step = [], torch.optim.SGD.step
    monkeypatch.setattr(torch.optim.SGD, "step", lambda self: rates.append(self.param_groups[0]["lr"]) or step(self))
    settings = ("epochs=2", "optimizer=sgd", "batch_size=4", f"accumulate={accumulate}", "selection=0")
    train(open_data(color_classes), settings_for(open_data(color_classes), "vgg16-bn", *settings), tmp_path / "run")
    assert len(rates) == {1: 14, 4: 4}[accumulate]
    assert rates == sorted(rates, reverse=True)
    assert min(rates) > 1e-6


def test_a_segmenter_learns_the_two_fields(tmp_path, two_fields):
    data = open_data(two_fields)
    run = train(data, settings_for(data, "fcn8s-bn", "epochs=20", "crop=64", "width=0.06", "lr=5e-3"), tmp_path / "run")
    scores = evaluate(Predictor.open(run), data.split("validation"), Source("run"))
    assert mean_iou(scores, "unknown_ignored") > 0.45  # all one class would be about 0.25; four seeds gave 0.79 to 0.87
    assert run.shown_ids() == ("0000", "0001", "0002")
    assert build_report(run.path).read_text("utf-8").count("Predicted masks") > 0


def test_the_plain_weights_of_a_batch_norm_model_are_the_same_function(tmp_path, two_fields):
    from pixelproof.models import build_model

    data = open_data(two_fields)
    run = train(data, settings_for(data, "fcn8s-bn", "epochs=2", "crop=32"), tmp_path / "run")
    config = run_settings(run)
    plain = build_model(config.model.model_copy(update={"name": "fcn8s"}), 7)
    load_weights(run.path / "checkpoints" / "plain.safetensors", plain)
    normed = build_model(config.model, 7)
    load_weights(run.best, normed)
    images = torch.randn(2, 3, 40, 70, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        a, b = plain.eval()(images).logits, normed.eval()(images).logits
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4 * float(b.abs().max()))


def test_a_run_that_diverges_stops_with_its_last_good_checkpoint(tmp_path, color_classes):
    data = open_data(color_classes)
    good = train(data, settings_for(data, "vgg16", "epochs=1"), tmp_path / "good")
    before = weights_of(good)
    config = settings_for(data, "vgg16", "epochs=3", "lr=1e30", "optimizer=sgd")
    with pytest.raises(UserError, match=r"became infinite or undefined in epoch \d of .*bad; lower --set lr="):
        train(data, config, tmp_path / "bad")
    assert_same(before, weights_of(good))
    for path in (tmp_path / "bad" / "checkpoints").glob("*.safetensors"):
        assert all(t.isfinite().all() for t in load_file(path).values())
    with pytest.raises(UserError, match="became infinite or undefined in epoch 1 of"):
        train(data, config.changed("training", warmup=0), good.path, overwrite=True)
    assert_same(before, weights_of(good))  # which it was to replace


@pytest.mark.parametrize(("scale", "crop"), [("scale=[0.5,1]", 64), ("scale=[1,2]", 128), ("scale=[2,2]", 128)])
def test_a_crop_is_no_larger_than_what_it_is_cut_from(two_fields, scale, crop):
    data = open_data(two_fields)
    config = settle(settings_for(data, "fcn8s", "crop=1024", scale), data, data.splits["train"])
    assert config.augment.crop == crop


def test_a_network_whose_answers_are_no_numbers_is_told_in_one_sentence(tmp_path, two_fields):
    run = untrained_run(tmp_path / "run", "fcn8s")
    state = load_file(run.best)
    save_file({name: torch.full_like(tensor, torch.inf) for name, tensor in state.items()}, run.best)
    with pytest.raises(UserError, match="the network's answers are infinite or undefined; train it again"):
        evaluate_run(run.path, two_fields, device="cpu")


@pytest.mark.parametrize(("model", "freeze"), [("fcn8s", 0), ("fcn16s-bn", 0), ("fcn8s-bn", 1), ("fcn8s", 2)])
def test_folded_training_is_the_literal_one_to_rounding(tmp_path, two_fields, model, freeze):
    data = open_data(two_fields)
    common = ["epochs=2", "crop=64", "optimizer=sgd", "lr=1e-2", "selection=0", f"freeze={freeze}"]
    runs = [train(data, settings_for(data, model, *common, f"fold={fold}"), tmp_path / fold) for fold in ("1", "0")]
    folded, literal = (load_file(run.best) for run in runs)
    assert folded.keys() == literal.keys()
    assert not all(torch.equal(folded[name], literal[name]) for name in folded)  # else nothing was folded
    for name in folded:
        torch.testing.assert_close(folded[name], literal[name], rtol=1e-3, atol=1e-4)


def test_a_model_of_the_other_task_is_refused_before_training(tmp_path, color_classes):
    data = open_data(color_classes)
    with pytest.raises(UserError, match="model 'fcn8s' is for segmentation"):
        train(data, default_config("classification", "fcn8s"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
