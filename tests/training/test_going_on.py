"""Training that was stopped, ended or killed goes on to the same weights, or is refused."""

import shutil

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from training_runs import assert_same, settings_for, weights_of

from pixelproof import api
from pixelproof.config import run_settings
from pixelproof.data import arrange, open_data
from pixelproof.errors import UserError
from pixelproof.prediction import Predictor
from pixelproof.report.page import build_report
from pixelproof.runs import Run
from pixelproof.runs.calibration_file import Calibration, save_calibration
from pixelproof.runs.locks import alone_in
from pixelproof.verbs.train import train


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


def test_a_run_is_not_resumed_where_selection_has_changed(tmp_path, two_fields):
    data = open_data(two_fields)
    config = settings_for(data, "fcn32s", "epochs=1", "crop=32")
    train(data, config, tmp_path / "run")
    chosen = arrange(data, config.data)["selection"][0]
    shutil.copy(arrange(data, config.data)["train"][0].mask, chosen.mask)
    with pytest.raises(UserError, match=r"is not the data that .* began on"):
        train(data, config, tmp_path / "run", resume=True)


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
