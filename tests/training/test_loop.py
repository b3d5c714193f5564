"""The loop on small real files: it learns, and what interrupts it or loads for it does not change a bit."""

import math
import multiprocessing
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pixelproof import api
from pixelproof.config import apply_overrides, default_config, run_settings
from pixelproof.data import arrange, open_data, write_png
from pixelproof.data.loading import TrainingBatches, TrainingImages
from pixelproof.errors import UserError
from pixelproof.evaluation import accuracy, mean_iou
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.prediction import Predictor
from pixelproof.report.page import build_report
from pixelproof.runs import Run, Source
from pixelproof.runs.calibration_file import Calibration, save_calibration
from pixelproof.runs.locks import alone_in
from pixelproof.training.checkpoints import load_weights
from pixelproof.verbs.evaluate import evaluate_run
from pixelproof.verbs.settings import settle
from pixelproof.verbs.train import train
from small_runs import untrained_run

SLIM = ["width=0.03", "batch_size=8", "lr=3e-3", "warmup=0", "device=cpu"]


def settings_for(data, model, *more):
    return apply_overrides(default_config(data.task, model), [*SLIM, *more])


def weights_of(run: Run):
    return load_file(run.best) | {f"last/{k}": v for k, v in load_file(run.last).items()}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


class KilledError(Exception):
    pass


def kill_at(monkeypatch, calls):
    """Make training die at the given batch, as a kill would."""
    from pixelproof.training import loop

    original, count = loop.mix, iter(range(10**6))

    def dying(*args):
        if next(count) == calls:
            raise KilledError
        return original(*args)

    monkeypatch.setattr(loop, "mix", dying)


def date_back(board):
    """Name events by the second before: of one second, TensorBoard reads the tenth writer before the ninth."""
    for file in board.iterdir():
        parts = file.name.split(".")
        parts[3] = str(int(parts[3]) - 1)
        file.rename(file.with_name(".".join(parts)))


@pytest.mark.parametrize(
    ("killed_at", "optimizer", "more"),
    [
        (1, "adamw", []),
        (7, "adamw", []),
        (7, "sgd", ["sampling=balanced"]),
        (7, "muon", []),
        (7, "adamw", ["channels_last=yes"]),
        (7, "muon", ["channels_last=yes"]),
        # Three batches are an epoch: before the backbone thaws, when it does, and after that.
        (4, "adamw", ["freeze=2"]),
        (6, "sgd", ["freeze=2", "backbone_lr=0.3"]),
        (6, "muon", ["freeze=2", "backbone_lr=0.3"]),
        (10, "adamw", ["freeze=2", "backbone_lr=0.3", "fold=false"]),
        (7, "muon", ["freeze=5"]),
    ],
)
def test_a_killed_run_resumes_to_bit_identical_weights(
    tmp_path, color_classes, monkeypatch, killed_at, optimizer, more
):
    data = open_data(color_classes)
    more = [
        *more,
        f"optimizer={optimizer}",
        "epochs=4",
        "ema=0.9",
        "mixup=0.2",
        "shift=2",
        "color=0.2",
        "accumulate=2",
    ]
    config = settings_for(data, "vgg16-bn", *more)
    whole = train(data, config, tmp_path / "whole")
    kill_at(monkeypatch, killed_at)
    with pytest.raises(KilledError):
        train(data, config, tmp_path / "torn")
    monkeypatch.undo()
    date_back(tmp_path / "torn" / "tensorboard")
    torn = train(data, config, tmp_path / "torn", resume=True)
    assert_same(weights_of(whole), weights_of(torn))
    logged = ("epoch", "loss", "lr", "score", "selection_loss")
    rows = [[tuple(row[name] for name in logged) for row in run.metrics.read()] for run in (whole, torn)]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 4
    board = EventAccumulator(str(torn.path / "tensorboard")).Reload()
    assert [event.step for event in board.Scalars("selection_loss")] == [1, 2, 3, 4]


def test_a_run_goes_on_for_more_epochs_as_one_of_as_many(tmp_path, color_classes, capsys):
    settings = ["width=0.05", "batch_size=4", "schedule=constant", "ema=0.9", "selection=0.2"]
    whole = api.train(color_classes, "vgg16-bn", tmp_path / "whole", settings=[*settings, "epochs=4"])
    short = api.train(color_classes, "vgg16-bn", tmp_path / "short", settings=[*settings, "epochs=2"])
    assert short.facts().finished
    capsys.readouterr()
    api.train(color_classes, out=short.path, settings=["epochs=4"], resume=True)
    assert "the weights will be others" not in capsys.readouterr().err
    assert_same(weights_of(whole), weights_of(short))
    assert run_settings(short) == run_settings(whole)
    assert short.facts().finished
    assert (short.facts().best_epoch, len(short.metrics.read())) == (whole.facts().best_epoch, 4)


def test_what_a_run_cannot_go_on_with(tmp_path, color_classes, capsys):
    run = api.train(color_classes, "vgg16-bn", tmp_path / "run", settings=["width=0.05", "epochs=2"])
    before = run.path.joinpath("config.yaml").read_bytes()
    for settings, problem in (
        (["epochs=2", "lr=1"], "of which epochs and patience alone may be changed"),
        (["epochs=1"], "run has done 2 epochs already"),
        (["epoch=9"], "unknown"),
    ):
        with pytest.raises(UserError, match=problem):
            api.train(color_classes, out=run.path, settings=settings, resume=True)
    whole = (color_classes / "validation" / "red" / "0.png").read_bytes()
    (color_classes / "validation" / "red" / "0.png").write_bytes(whole[:-30])
    with pytest.raises(UserError, match="truncated"):
        api.train(color_classes, out=run.path, settings=["epochs=3"], resume=True)
    shutil.rmtree(color_classes / "train" / "blue")
    with pytest.raises(UserError):  # other data than it began on
        api.train(color_classes, out=run.path, settings=["epochs=3"], resume=True)
    assert run.path.joinpath("config.yaml").read_bytes() == before
    assert run.facts().finished


def test_a_schedule_that_is_drawn_out_is_said_to_be_another(tmp_path, color_classes, capsys):
    run = api.train(color_classes, "vgg16-bn", tmp_path / "run", settings=["width=0.05", "epochs=1"])
    api.train(color_classes, out=run.path, settings=["epochs=2"], resume=True)
    assert "the schedule is one of 2 epochs from here on, and was one of 1" in capsys.readouterr().err
    assert [row["epoch"] for row in run.metrics.read()] == [1, 2]


def test_what_is_of_earlier_weights_is_gone_where_going_on_is_interrupted(tmp_path, color_classes, monkeypatch, capsys):
    settings = ["width=0.05", "epochs=1", "batch_size=4"]
    run = api.train(color_classes, "vgg16-bn", tmp_path / "run", settings=settings)
    fitted = {"split": "selection", "images": 9, "samples": 9, "loss_before": 1.0, "loss_after": 0.9}
    save_calibration(run.calibration, Calibration(temperature=2.0, **fitted))
    assert run.plain.is_file()
    kill_at(monkeypatch, 2)
    with pytest.raises(KilledError):
        api.train(color_classes, out=run.path, settings=["epochs=3"], resume=True)
    assert not run.calibration.exists()
    assert not run.plain.exists()
    assert not run.facts().finished
    monkeypatch.undo()
    capsys.readouterr()
    api.train(color_classes, out=run.path, resume=True)
    assert (len(run.metrics.read()), run.facts().finished, run.plain.is_file()) == (3, True, True)
    api.train(color_classes, out=run.path, resume=True)
    assert "training has already finished; --set epochs=... goes on with it for longer" in capsys.readouterr().err


def test_a_run_of_an_earlier_version_goes_on_in_its_log(tmp_path, color_classes, monkeypatch):
    data = open_data(color_classes)
    config = settings_for(data, "vgg16", "epochs=3", "selection=0.2")
    whole = train(data, config, tmp_path / "whole").metrics.read()
    kill_at(monkeypatch, 4)  # an epoch has three batches
    with pytest.raises(KilledError):
        train(data, config, tmp_path / "torn")
    monkeypatch.undo()
    torn = Run(tmp_path / "torn")
    lines = torn.metrics.path.read_text().splitlines()
    torn.metrics.path.write_text("".join(line.rpartition(",")[0] + "\n" for line in lines))
    rows = train(data, config, torn.path, resume=True).metrics.read()
    assert [row["score"] for row in rows] == [row["score"] for row in whole]
    assert [row["selection_loss"] for row in rows] == [None, *(row["selection_loss"] for row in whole[1:])]
    assert "Dashed: mean cross-entropy on the selection part" in build_report(torn.path).read_text("utf-8")


STUCK = ["epochs=9", "patience=2", "lr=1e-9", "selection=0.2"]  # so small a rate changes no answer


@pytest.mark.parametrize(("freeze", "ends"), [(2, 4), (9, 3)])
def test_patience_waits_for_a_frozen_backbone_but_not_for_ever(tmp_path, color_classes, freeze, ends):
    data = open_data(color_classes)
    run = train(data, settings_for(data, "vgg16", *STUCK, f"freeze={freeze}"), tmp_path / "run")
    assert len(run.metrics.read()) == ends


def test_patience_ends_training_where_an_interrupted_one_would_end(tmp_path, color_classes, monkeypatch, capsys):
    data = open_data(color_classes)
    config = settings_for(data, "vgg16", *STUCK)
    whole = train(data, config, tmp_path / "whole")
    assert "whole: training ended after epoch 3 of 9, as no epoch after 1 was better" in capsys.readouterr().err
    assert len(whole.metrics.read()) == 3
    assert (whole.facts().finished, whole.facts().best_epoch) == (True, 1)
    assert "3 of 9 epochs, ended by patience=2" in build_report(whole.path).read_text("utf-8")

    kill_at(monkeypatch, 8)  # an epoch has three batches
    with pytest.raises(KilledError):
        train(data, config, tmp_path / "torn")
    monkeypatch.undo()
    monkeypatch.setattr("pixelproof.verbs.train.finish", lambda *_: 1 / 0)  # trained, and killed before it says so
    with pytest.raises(ZeroDivisionError):
        train(data, config, tmp_path / "torn", resume=True)
    monkeypatch.undo()
    for _ in range(2):
        torn = train(data, config, tmp_path / "torn", resume=True)
        assert torn.facts().finished
        assert len(torn.metrics.read()) == 3
        assert_same(weights_of(whole), weights_of(torn))


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


def test_a_run_is_not_resumed_where_selection_has_changed(tmp_path, two_fields):
    data = open_data(two_fields)
    config = settings_for(data, "fcn32s", "epochs=1", "crop=32")
    train(data, config, tmp_path / "run")
    chosen = arrange(data, config.data)["selection"][0]
    shutil.copy(arrange(data, config.data)["train"][0].mask, chosen.mask)
    with pytest.raises(UserError, match=r"is not the data that .* began on"):
        train(data, config, tmp_path / "run", resume=True)


def test_batch_norm_of_one_value_is_one_sentence(tmp_path, color_classes):
    data = open_data(color_classes)
    config = settings_for(data, "timm:resnet18", "epochs=1", "batch_size=1", "input_size=32")
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
    word = {"loss": "negative loss", "balanced": "balanced accuracy"}[choose_by]
    assert f"{word} {best['score']:.4f} on the selection part of 12 images" in capsys.readouterr().err


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


def test_a_run_resumes_only_on_its_own_data(tmp_path, color_classes):
    data = open_data(color_classes)
    config = settings_for(data, "vgg16", "epochs=1")
    train(data, config, tmp_path / "run")
    next(iter((color_classes / "train" / "red").iterdir())).unlink()
    with pytest.raises(UserError, match="is not the data that"):
        train(open_data(color_classes), config, tmp_path / "run", resume=True)


def test_one_process_at_a_time_trains_a_run_and_clears_up_after_killed_ones(tmp_path, color_classes, monkeypatch):
    data = open_data(color_classes)
    config = settings_for(data, "vgg16", "epochs=1")
    run = train(data, config, tmp_path / "run")
    monkeypatch.setattr("pixelproof.verbs.train.WORKERS_END", 0.2)
    leftovers = [run.last.parent / name for name in (".last.123.part.safetensors", ".tmpAb12Cd")]
    for path in (*leftovers, run.last.parent / ".mine"):
        path.write_bytes(b"x")
    before = weights_of(run)
    with alone_in(run.last.parent), pytest.raises(UserError, match=r"another process is writing .*checkpoints"):
        train(data, config, run.path, resume=True)
    with alone_in(run.last.parent), pytest.raises(UserError, match=r"another process is writing .*checkpoints"):
        train(data, config, run.path, overwrite=True)
    assert all(path.exists() for path in leftovers)
    train(data, config, run.path, resume=True)
    assert sorted(p.name for p in run.last.parent.iterdir()) == [".mine", "best.safetensors", "last.safetensors"]
    assert_same(before, weights_of(run))


def test_going_on_with_what_has_finished_says_so_and_adds_nothing(tmp_path, color_classes, capsys):
    data = open_data(color_classes)
    config = settings_for(data, "vgg16", "epochs=1")
    run = train(data, config, tmp_path / "run")
    assert "already finished" not in capsys.readouterr().err
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    train(data, config, run.path, resume=True)
    assert f"{run.path}: training has already finished" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_a_damaged_checkpoint_is_named(tmp_path, color_classes):
    data = open_data(color_classes)
    config = settings_for(data, "vgg16", "epochs=1")
    run = train(data, config, tmp_path / "run")
    run.last.write_bytes(run.last.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"last\.safetensors is damaged"):
        train(data, config, run.path, resume=True)
    run.best.unlink()
    with pytest.raises(UserError, match=r"best\.safetensors does not exist"):
        Predictor.open(run)


def test_a_model_of_the_other_task_is_refused_before_training(tmp_path, color_classes):
    data = open_data(color_classes)
    with pytest.raises(UserError, match="model 'fcn8s' is for segmentation"):
        train(data, default_config("classification", "fcn8s"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
