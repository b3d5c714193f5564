"""The embedded data can be learned, far above chance, by the networks the demo trains."""

import pytest

from pixelproof.config import apply_overrides, default_config
from pixelproof.data import open_data
from pixelproof.data.demo import write_demo
from pixelproof.evaluation import accuracy, mean_iou
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.prediction import Predictor
from pixelproof.runs import Source, load_scores
from pixelproof.study.conduct import conduct
from pixelproof.study.file import builtin_study
from pixelproof.verbs.train import train


def score_after(folder, out, model, *settings):
    data = open_data(folder)
    config = apply_overrides(default_config(data.task, model), ["width=0.125", "device=cpu", "ema=0.9", *settings])
    return evaluate(Predictor.open(train(data, config, out)), data.split("validation"), Source(model))


def test_a_few_epochs_are_far_above_chance(tmp_path):
    write_demo(tmp_path / "data", train=32, validation=8, size=96)
    digits = ["epochs=4", "lr=2e-3", "flip=false", "batch_size=64"]
    assert accuracy(score_after(tmp_path / "data" / "digits", tmp_path / "a", "vgg16-bn", *digits)) > 0.6  # chance: 0.1
    cover = ["epochs=12", "lr=3e-3", "crop=96", "batch_size=4"]
    scores = score_after(tmp_path / "data" / "landcover", tmp_path / "b", "fcn8s-bn", *cover)
    assert mean_iou(scores, "unknown_ignored") > 0.3  # answering agriculture everywhere: 0.06


@pytest.mark.slow
def test_the_demo_reaches_its_numbers(tmp_path):
    """Measured on 2 CPU cores: accuracy .978 of 359; mIoU .577 (FCN32s) and .693 (FCN8s) of 40 tiles."""
    write_demo(tmp_path / "data")
    conduct(builtin_study("demo"), tmp_path / "data", tmp_path)
    scores = {path.parts[-3]: load_scores(path) for path in tmp_path.glob("*/*/scores/validation.npz")}
    assert accuracy(scores["vgg16"]) > 0.95
    better, worse = (mean_iou(scores[name], "unknown_counted") for name in ("fcn8s", "fcn32s"))
    assert worse > 0.5
    assert better > worse + 0.05
